/**
 * The door between TypeScript and the kernel: every native symbol, with the thread it runs on, who owns what, and how it
 * fails. Only lib/netlink imports it; everybody may import its types.
 *
 * What can wait returns a promise; what cannot is synchronous. A promise of `apply` or `dump` resolves with facts even
 * when the kernel said no; it rejects only for misuse. Misuse (wrong type, closed handle, index out of range) throws
 * synchronously, before anything is sent, with `code` ERR_CNM_INVALID_ARG or ERR_CNM_CLOSED.
 */

import type { AnnounceOp } from './binding/announce.d.ts'
import type { ConntrackDel, ConntrackDelMany } from './binding/conntrack.d.ts'
import type { GroupDel, GroupSet, LinkAdd, LinkDel, LinkRef, LinkSet } from './binding/links.d.ts'
import type { News, WatchedTable } from './binding/monitor.d.ts'
import type { NexthopOp } from './binding/nexthop.d.ts'
import type { Outcome } from './binding/outcome.d.ts'
import type { ClassAdd, ClassDel, FilterAdd, FilterDel, QdiscAdd, QdiscDel } from './binding/qdiscs.d.ts'
import type { AddrManyOp, AddrOp, FdbManyOp, FdbOp, NeighManyOp, NeighOp, RouteManyOp, RouteOp, RuleOp } from './binding/rows.d.ts'
import type { Filter, TableName, Tables } from './binding/tables.d.ts'
import type { VlanOp, VniOp } from './binding/vlans.d.ts'
import type { WireguardSync } from './binding/wireguard.d.ts'
import type { XfrmPolicyFlush, XfrmPolicyOp } from './binding/xfrm.d.ts'
import type { XfrmStateDel, XfrmStateFlush, XfrmStatePut } from './binding/xfrm-state.d.ts'

export type * from './binding/announce.d.ts'
export type * from './binding/conntrack.d.ts'
export type * from './binding/links.d.ts'
export type * from './binding/monitor.d.ts'
export type * from './binding/nexthop.d.ts'
export type * from './binding/outcome.d.ts'
export type * from './binding/qdiscs.d.ts'
export type * from './binding/rows.d.ts'
export type * from './binding/tables.d.ts'
export type * from './binding/vlans.d.ts'
export type * from './binding/wireguard.d.ts'
export type * from './binding/xfrm.d.ts'
export type * from './binding/xfrm-state.d.ts'

/** Bumped on every change of this file; lib/netlink/addon.ts refuses a binary with another number. */
export const abi: number

/**
 * A network namespace, and the sockets that live in it. A handle owns its descriptors until close(); a handle that is
 * collected while open is closed and raises a process warning (code CNM_WARN_COLLECTED).
 *
 * The descriptor, the netlink sockets and the libnftables context are opened at first use by the kernel thread, which enters the
 * namespace and comes back; the JS thread never leaves its own.
 */
export class Netns {
  /** The namespace this process was in when called. JS thread, opens one descriptor. Throws Error with errno. */
  static current(): Netns
  /**
   * The namespace that `path` names when it is first used: '/run/netns/x', '/proc/PID/ns/net', or a path that the op
   * `netns.add` is going to make. Touches nothing yet; a path that leads nowhere is a refusal of the op that uses it.
   */
  static at(path: string): Netns
  /**
   * The same, or with '' as current(), for apply() only: what is done with it is done on a thread of its own, so that nobody waits for
   * what takes the kernel long and is nobody's business. The order is that among such jobs.
   */
  static behind(path: string): Netns
  /** '' for current(). */
  readonly path: string
  readonly closed: boolean
  /** Closes all descriptors once the job that uses them has ended. Idempotent. JS thread, does not wait. */
  close(): void
  /** The same: `using netns = Netns.at(path)`. */
  [Symbol.dispose](): void
}

/**
 * A subscription to changes of tables. What the kernel tells waits in its own buffer until it is read, so nothing is lost
 * from open() on as long as that holds it. A handle that is collected is closed.
 */
export class Monitor {
  /**
   * Subscribes, to tables or to the ruleset of nftables; `buffer` is how many bytes the kernel may keep for us (it takes twice as many, see SO_RCVBUF in socket(7)).
   * Kernel thread. Rejects with Error{errno}.
   */
  static open(namespace: Netns, tables: readonly WatchedTable[] | readonly ['ruleset'], buffer: number): Promise<Monitor>
  /**
   * Waits for changes; null once there will be none: after cancel(job), or when the Netns was closed. The waiting thread,
   * one per environment, reads a few thousand at a time. Rejects with Error{errno}.
   */
  next(job: number): Promise<News | null>
  /** What is there already: all that the kernel told before the jobs that were posted before had ended. Kernel thread. */
  drain(): Promise<News | null>
  readonly closed: boolean
  /** Closes the socket once the job that uses it has ended. Idempotent. JS thread, does not wait. */
  close(): void
}

export type Heard = 'arp' | 'ndp' | number

/**
 * Speaks and hears on a link as it is, whatever addresses that has: whole Ethernet frames. What arrives waits in the kernel,
 * some hundreds of frames, until it is read. A handle that is collected is closed.
 */
export class PacketSocket {
  /**
   * `heard` of what arrives by the link, whoever else takes it: 'arp', 'ndp' (ICMPv6 of routers and neighbours), and UDP to one
   * port. With one of the words also what is for another MAC than the link's: it is promiscuous until close(). Nothing of the
   * link's VLANs. Kernel thread. Rejects with Error{errno}.
   */
  static open(namespace: Netns, link: LinkRef, heard: readonly Heard[]): Promise<PacketSocket>
  /**
   * Waits for frames; null once there will be none: after cancel(job), or when the Netns was closed. Waiting thread, as a
   * Monitor. Rejects with Error{errno}: ENETDOWN when the link went down or away, which is told once.
   */
  next(job: number): Promise<readonly Uint8Array[] | null>
  /** Without its check sequence. Kernel thread. Rejects with Error{errno}. */
  send(frame: Uint8Array): Promise<void>
  readonly closed: boolean
  /** Closes the socket once the job that uses it has ended. Idempotent. JS thread, does not wait. */
  close(): void
}

/**
 * Write /proc/sys/PATH in the op's namespace; `path` is relative ('net/ipv4/conf/eth0/forwarding'), has no '..', and
 * begins with 'net/'. In a container /proc/sys is mostly read-only: CNM_PROC_SYS, in the environment, names another.
 */
export interface SysctlOp {
  readonly op: 'sysctl'
  readonly path: string
  readonly value: string
}

/**
 * One nftables transaction: the commands of libnftables' JSON, see libnftables-json(5). Where all of them have words that
 * lib/firewall uses, in tables of the family inet, it costs what is in it; anything else libnftables does, which reads all chains
 * and sets of the namespace first. Elements have such words if their command says what they are, by `type` and `map` as in the
 * command that adds their set: {"add": {"element": {"family": …, "table": …, "name": …, "type": "ifname", "elem": ["eth0"]}}}.
 */
export interface NftOp {
  readonly op: 'nft'
  readonly commands: readonly object[]
}

/**
 * Asks whether an inet table's set of link names (type ifname) has this one: ENOENT when it, its set or its table is not there.
 * Changes nothing, and costs nothing with what else there is; libnftables reads all chains and sets before it does anything.
 */
export interface NftGetOp {
  readonly op: 'nft.get'
  readonly table: string
  readonly set: string
  readonly ifname: string
}

/**
 * netns.add makes a namespace and keeps it at the path of handle number `at` by a bind mount (the file is made; its
 * folder must exist; refused with EEXIST when the path is taken). netns.del unmounts and unlinks it and closes the
 * descriptors of that handle, so that the namespace ends with its last process.
 */
export interface NetnsOp {
  readonly op: 'netns.add' | 'netns.del'
}

/**
 * `at` chooses among the namespaces given to apply(); default 0. `undo` is what takes the op back where that cannot be
 * computed from the op itself (the value a sysctl had before); native code does not read it.
 */
export type Op = { readonly at?: number; readonly undo?: readonly Op[] } & (
  | LinkAdd
  | LinkSet
  | GroupSet
  | LinkDel
  | GroupDel
  | AddrOp
  | AddrManyOp
  | RouteOp
  | RouteManyOp
  | NeighOp
  | NeighManyOp
  | FdbOp
  | FdbManyOp
  | NexthopOp
  | VniOp
  | VlanOp
  | RuleOp
  | QdiscAdd
  | QdiscDel
  | ClassAdd
  | ClassDel
  | FilterAdd
  | FilterDel
  | AnnounceOp
  | ConntrackDel
  | ConntrackDelMany
  | XfrmPolicyOp
  | XfrmPolicyFlush
  | XfrmStatePut
  | XfrmStateDel
  | XfrmStateFlush
  | WireguardSync
  | SysctlOp
  | NftOp
  | NftGetOp
  | NetnsOp
)

/**
 * Carry out ops in order on the kernel thread (one per environment, FIFO); stop at the first refusal. All input is copied
 * before the call returns. `job` is any number that is not in use; cancel() takes it.
 */
export function apply(namespaces: readonly Netns[], ops: readonly Op[], job: number): Promise<Outcome>

/**
 * Do not start the next op of this job, nor the next batch of one with many rows. False when it is already over. JS thread,
 * does not wait.
 */
export function cancel(job: number): boolean

/**
 * One table, on the kernel thread, as columns whose memory JS takes over (posted to a worker, long ones are copied). A dump
 * that the kernel interrupted (EINTR) or lost a part of (ENOBUFS) is repeated, and refused with that when it happens five
 * times.
 */
export function dump<T extends TableName>(namespace: Netns, table: T, job: number, filter?: Filter<T>): Promise<Tables[T]>

/**
 * Read /proc/sys/PATH of a namespace, without the trailing newline; null when there is no such file. Kernel thread.
 * Rejects with Error{errno} for anything else.
 */
export function readSysctl(namespace: Netns, path: string): Promise<string | null>

/**
 * List the ruleset of one table as libnftables JSON text (`nft -j list table FAMILY NAME`); null when there is no such
 * table. Kernel thread. Rejects with Error{message} when libnftables is missing or refuses.
 */
export function listNftTable(namespace: Netns, family: string, table: string): Promise<string | null>

/**
 * Whether a program of this namespace could listen at `address` (4 or 16 bytes) and `port`: it is tried, which holds them for
 * a moment. Kernel thread. Rejects with Error{errno} where that is not for want of room (EADDRNOTAVAIL).
 */
export function isBindable(namespace: Netns, protocol: 'tcp' | 'udp', address: Uint8Array, port: number): Promise<boolean>

/** The inode of the namespace: equal numbers are the same namespace. Kernel thread. Rejects with Error{errno}. */
export function inode(namespace: Netns): Promise<bigint>

/**
 * flock(2) LOCK_EX | LOCK_NB on an open descriptor; false when another open file holds it. Never waits. The kernel drops
 * the lock when the descriptor closes, however the process ends. Throws Error{errno}.
 */
export function tryLock(fd: number): boolean

/** FD_CLOEXEC on an open descriptor: programs that this process starts do not get it. Throws Error{errno}. */
export function closeOnExec(fd: number): void

/**
 * One datagram to the unix socket at `path`; '@' stands for the zero byte of an abstract one. Never waits: a socket that is full
 * refuses it with EAGAIN. Throws Error{errno}.
 */
export function sendDatagram(path: string, text: string): void
