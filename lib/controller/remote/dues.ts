import type { Call } from '../../model/call.ts'
import type { Due, Store } from '../../store/store.ts'
import { holderOf } from '../holders.ts'

const idOf = ({ plugin, method, body = {} }: Call): string => [plugin, method, ...Object.values(body)].join(' ')

/** `back` takes back what a plugin has of ours. */
export const owe = ({ dues }: Store, back: Call): void =>
  dues.put({ id: idOf(back), plugin: back.plugin, method: back.method, body: back.body ?? {} })

/** It has been told, if it was due at all. */
export function settled({ dues }: Store, back: Call): void {
  // What nobody owes need not be written on the disk.
  if (dues.get(idOf(back))) dues.delete(idOf(back))
}

/** Whether the records still have what is due at its end. */
const HELD: Readonly<Record<string, (store: Store, body: Readonly<Record<string, unknown>>, plugin: string) => boolean>> = {
  'NetworkDriver.DeleteEndpoint': ({ endpoints }, { EndpointID }) => endpoints.get(String(EndpointID)) !== undefined,
  'IpamDriver.ReleaseAddress': (store, { PoolID, Address }, plugin) => holderOf(store, String(PoolID), String(Address), plugin) !== '',
  'IpamDriver.ReleasePool': (store, { PoolID }, plugin) => holderOf(store, String(PoolID), undefined, plugin) !== '',
  'NetworkDriver.DeleteNetwork': ({ networks }, { NetworkID }) => networks.get(String(NetworkID)) !== undefined,
}

const ORDER = Object.keys(HELD)

/** What a plugin has that is nobody's any more: the process that asked for it was killed, the plugin was away, or the host was started anew. */
export const overdue = (store: Store, plugin?: string): readonly Due[] =>
  store.dues
    .list()
    .filter((due) => (plugin === undefined || due.plugin === plugin) && !HELD[due.method]?.(store, due.body, due.plugin))
    .sort((a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method))
