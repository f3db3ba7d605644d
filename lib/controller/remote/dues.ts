import { createHash } from 'node:crypto'
import { formatAddress, parseAddress, parseCidr } from '../../model/address.ts'
import type { Call, Json } from '../../model/call.ts'
import type { Endpoint, Network } from '../../model/network.ts'
import { releaseAddress, releasePool } from '../../plugins/ipam.ts'
import { deleteEndpoint, deleteNetwork } from '../../plugins/network.ts'
import type { Due, Store } from '../../store/store.ts'
import { poolFor, withoutPrefix } from '../endpoints/pools.ts'

/** One for each that is due, however long the ids of a plugin are, and however an address was written. */
const idOf = ({ plugin, method, body = {} }: Call): string =>
  createHash('sha256')
    .update(JSON.stringify([plugin, method, ...Object.values(body).map(canonical)]))
    .digest('hex')

function canonical(value: Json): Json {
  const address = typeof value === 'string' ? parseAddress(value) : null
  return address ? formatAddress(address) : value
}

/** `back` takes back what a plugin has of ours. */
export const owe = ({ dues }: Store, back: Call): void =>
  dues.put({ id: idOf(back), plugin: back.plugin, method: back.method, body: back.body ?? {} })

/** It has been told, if it was due at all. */
export function settled({ dues }: Store, back: Call): void {
  // What nobody owes need not be written on the disk.
  if (dues.get(idOf(back))) dues.delete(idOf(back))
}

/** In the order in which they are taken back. */
const METHODS = ['NetworkDriver.DeleteEndpoint', 'IpamDriver.ReleaseAddress', 'IpamDriver.ReleasePool', 'NetworkDriver.DeleteNetwork']

/**
 * What a plugin has that is nobody's any more: the process that asked for it was killed, the plugin was away when it was to be
 * told, or the host was started anew.
 */
export function overdue(store: Store, plugin?: string): readonly Due[] {
  const dues = store.dues.list().filter((due) => plugin === undefined || due.plugin === plugin)
  if (dues.length === 0) return []
  const held = new Set([...heldByNetworks(store.networks.list()), ...heldByEndpoints(store)].map(idOf))
  return dues.filter(({ id }) => !held.has(id)).sort((a, b) => METHODS.indexOf(a.method) - METHODS.indexOf(b.method))
}

const heldByNetworks = (networks: readonly Network[]): readonly Call[] =>
  networks.flatMap(({ id, driver, plugin, ipam, pools }) => [
    ...(plugin ? [deleteNetwork(driver, id)] : []),
    ...(ipam.plugin ? pools.flatMap((pool) => heldByPool(ipam.driver, pool)) : []),
  ])

const heldByPool = (plugin: string, { id, gateway = '', aux, reservations = {} }: Network['pools'][number]): readonly Call[] => [
  releasePool(plugin, id),
  ...[withoutPrefix(gateway), ...Object.values(aux), ...Object.values(reservations)].map((ip) => releaseAddress(plugin, id, ip)),
]

const heldByEndpoints = ({ networks, endpoints }: Store): readonly Call[] =>
  endpoints.list().flatMap((endpoint) => {
    const network = networks.get(endpoint.networkId)
    return network ? heldByEndpoint(network, endpoint) : []
  })

function heldByEndpoint(network: Network, { id, address, address6 }: Endpoint): readonly Call[] {
  const { driver, plugin, ipam } = network
  const lent = [address, address6].flatMap((cidr) => {
    const ip = withoutPrefix(cidr ?? '')
    const pool = ipam.plugin && parseCidr(cidr ?? '') ? poolFor(network, ip) : undefined
    return pool ? [releaseAddress(ipam.driver, pool.id, ip)] : []
  })
  return [...(plugin ? [deleteEndpoint({ plugin: driver, network: network.id, endpoint: id })] : []), ...lent]
}
