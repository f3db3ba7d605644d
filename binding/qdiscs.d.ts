/** Queueing disciplines, their classes and filters: how fast and in which order packets leave a link; see tc(8). */

import type { LinkRef } from './links.d.ts'
import type { Table } from './tables.d.ts'

/**
 * A qdisc ('1:') or a class ('1:10') in hexadecimal, as tc writes it. 'root' is where a link sends from; 'ingress' and
 * 'egress' are where the qdiscs ingress and clsact have their filters.
 */
export type TcHandle = string

/** Rates are in bits per second, up to 2^53 - 1, and go down to whole bytes; sizes in bytes; times in microseconds. */
export interface TbfOptions {
  readonly rate: number
  /** How much may leave at once; a packet above it never does. */
  readonly burst: number
  /** How much waits, in bytes, or how long a packet waits at most: one of them. */
  readonly limit?: number
  readonly latency?: number
  /** How fast a burst leaves. */
  readonly peakRate?: number
  /** Of the peak rate: its burst; together with it. */
  readonly mtu?: number
}

export interface HtbOptions {
  /** The class, by its minor number, of packets that no filter puts anywhere; 0 does not shape them. */
  readonly default?: number
  /** A class's quantum is its rate in bytes divided by this; default 10. */
  readonly r2q?: number
  /** How many packets that are not shaped wait. */
  readonly directQlen?: number
}

/** Of a network that is worse than ours. Percentages are from 0 to 100, fractions too. */
export interface NetemOptions {
  /** How many packets it holds; default 1000. */
  readonly limit?: number
  readonly delay?: number
  /** This and the next: of the delay. */
  readonly jitter?: number
  readonly delayCorrelation?: number
  readonly loss?: number
  readonly lossCorrelation?: number
  readonly duplicate?: number
  readonly duplicateCorrelation?: number
  readonly corrupt?: number
  readonly corruptCorrelation?: number
  /** These packets leave at once, with a delay the others; with `gap`, only each that comes at its end. */
  readonly reorder?: number
  readonly reorderCorrelation?: number
  readonly gap?: number
  readonly rate?: number
}

/** The kinds, with the options of each. */
export type QdiscKind =
  | { readonly kind: 'tbf'; readonly tbf: TbfOptions }
  | { readonly kind: 'htb'; readonly htb?: HtbOptions }
  | { readonly kind: 'netem'; readonly netem?: NetemOptions }
  /** With the kernel's defaults. */
  | { readonly kind: 'pfifo' | 'fq_codel' }

/** Where filters see what arrives (ingress), or also what leaves (clsact); they have a place of their own, and no handle. */
export interface HookKind {
  readonly kind: 'ingress' | 'clsact'
  readonly parent?: undefined
  readonly handle?: undefined
}

export type QdiscAdd = { readonly op: 'qdisc.add' | 'qdisc.replace'; readonly link: LinkRef } & (
  | HookKind
  | (QdiscKind & {
      /** Default: 'root'. */
      readonly parent?: TcHandle
      /** '1:'; default: one that is free. */
      readonly handle?: TcHandle
    })
)

/** The kernel's own takes its place. Refused with EINVAL when there is one of another kind. */
export interface QdiscDel {
  readonly op: 'qdisc.del'
  readonly link: LinkRef
  readonly kind: QdiscKind['kind'] | HookKind['kind']
  readonly parent?: TcHandle | undefined
}

/** A class of an htb qdisc. `parent` is the qdisc, or the class that it borrows from. */
export interface ClassAdd {
  readonly op: 'class.add' | 'class.replace'
  readonly link: LinkRef
  readonly parent: TcHandle
  readonly classId: TcHandle
  /** What it is sure to have. */
  readonly rate: number
  /** What it can borrow up to; default: its rate. */
  readonly ceil?: number
  /** How much may leave at once at its rate, or at its ceil; default: 1600, one packet with its headers. */
  readonly burst?: number
  readonly cburst?: number
  /** How much it borrows in turn. */
  readonly quantum?: number
  /** Who borrows first; 0 to 7. */
  readonly prio?: number
}

export interface ClassDel {
  readonly op: 'class.del'
  readonly link: LinkRef
  readonly classId: TcHandle
}

/**
 * What becomes of all packets that pass `parent`, a qdisc: they go into a class of it, or leave by another link instead.
 * matchall is made for it; u32 does the same where the kernel has no matchall.
 */
export interface FilterAdd {
  readonly op: 'filter.add'
  readonly link: LinkRef
  readonly parent: TcHandle
  readonly kind: 'matchall' | 'u32'
  /** 1 to 65535, lowest first; one for each filter of a parent. */
  readonly priority: number
  readonly classId?: TcHandle
  readonly redirect?: LinkRef
}

export interface FilterDel {
  readonly op: 'filter.del'
  readonly link: LinkRef
  readonly parent: TcHandle
  readonly kind: 'matchall' | 'u32'
  readonly priority: number
}

/** Of all links; one that is up and does not queue has a noqueue. */
export interface QdiscTable extends Table {
  readonly link: Int32Array
  /** TC_H_*: major << 16 | minor, as the next; 4294967295 is root. */
  readonly handle: Uint32Array
  readonly parent: Uint32Array
  /** Joined by '\n'. */
  readonly kinds: string
  /** What has left it; as the next. */
  readonly bytes: BigUint64Array
  readonly packets: Uint32Array
  readonly drops: Uint32Array
  /** Bytes that wait. */
  readonly backlog: Uint32Array
}
