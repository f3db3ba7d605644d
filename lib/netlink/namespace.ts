import type * as Binding from '../../binding.d.ts'
import { addon } from './addon.ts'

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

/** Equal numbers are the same namespace. Rejects with Error{errno} when it cannot be entered. */
export const inode = (netns: Netns): Promise<bigint> => addon().inode(netns)

/** Whether a program of a namespace could listen there. Rejects with Error{errno} where no one can ever. */
export const isBindable = (netns: Netns, protocol: 'tcp' | 'udp', address: Uint8Array, port: number): Promise<boolean> =>
  addon().isBindable(netns, protocol, address, port)

/** The value of /proc/sys/PATH in a namespace, `path` beginning with 'net/'; null when this kernel has no such file. */
export const readSysctl = (netns: Netns, path: string): Promise<string | null> => addon().readSysctl(netns, path)
