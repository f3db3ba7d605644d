import type * as Binding from '../../binding.d.ts'
import { quote } from '../model/words.ts'
import { addon } from './addon.ts'
import { NetlinkError } from './refusal.ts'

/** A network namespace; close() it. See binding.d.ts. */
export type Netns = Binding.Netns

export const Netns = {
  /** The namespace that this process is in. */
  current: (): Netns => addon().Netns.current(),
  /** The namespace that `path` names when it is first used. */
  at: (path: string): Netns => addon().Netns.at(path),
  /** The same, or with '' as current(), for plans only; they are carried out on a thread of their own. */
  behind: (path: string): Netns => addon().Netns.behind(path),
}

/** The namespace that a record names by its path; '' is the one that this process is in. */
export const namespaceAt = (path: string): Netns => (path === '' ? Netns.current() : Netns.at(path))

/** `command`, as it is typed in a shell of a namespace. */
export const inside = ({ path }: Netns, command: string): string => (path === '' ? command : `nsenter --net=${quote(path)} ${command}`)

/** Of a namespace and what was asked of it the addon's own refusals say nothing: NetlinkError in their place. */
function naming<T>(netns: Netns, request: 'open' | 'sysctl', command: string, answer: Promise<T>): Promise<T> {
  return answer.catch((error: Error & { readonly errno?: number }) => {
    if (error.errno === undefined) throw error
    const refusal = { op: 0, errno: error.errno, message: error.message, attribute: '', request }
    throw new NetlinkError(refusal, () => inside(netns, command))
  })
}

/** Equal numbers are the same namespace. Rejects with NetlinkError when it cannot be entered. */
export const inode = (netns: Netns): Promise<bigint> => naming(netns, 'open', 'stat -L /proc/self/ns/net', addon().inode(netns))

/** Hears of changes from now on. Rejects with NetlinkError. */
export const subscribe = (netns: Netns, tables: Parameters<typeof Binding.Monitor.open>[1], buffer: number): Promise<Binding.Monitor> =>
  naming(netns, 'open', tables[0] === 'ruleset' ? 'nft monitor' : 'ip monitor', addon().Monitor.open(netns, tables, buffer))

/** Whether a program of a namespace could listen there. Rejects with Error{errno} where no one can ever. */
export const isBindable = (netns: Netns, protocol: 'tcp' | 'udp', address: Uint8Array, port: number): Promise<boolean> =>
  addon().isBindable(netns, protocol, address, port)

/** The value of /proc/sys/PATH in a namespace, `path` beginning with 'net/'; null when this kernel has no such file. Rejects with NetlinkError. */
export const readSysctl = (netns: Netns, path: string): Promise<string | null> =>
  naming(netns, 'sysctl', `cat ${quote(`/proc/sys/${path}`)}`, addon().readSysctl(netns, path))
