/** Changes of the kernel's tables. */

import type { Tables } from './tables.d.ts'

/** The tables whose changes can be followed. */
export type WatchedTable = 'link' | 'address' | 'route' | 'neigh' | 'fdb'

/** Consecutive changes of one table. */
export type Changes = {
  readonly [T in WatchedTable]: {
    readonly table: T
    /** The rows as the kernel told of them. */
    readonly rows: Tables[T]
    /** 1 where the row is gone, else it is new or another than before. */
    readonly removed: Uint8Array
  }
}[WatchedTable]

/** A transaction of nftables, which is told of when it is done. */
export interface RulesetChange {
  /** Of the thread that did it, as the first PID namespace of the machine counts. */
  readonly pid: number
  /** What that thread is called: 'nft'. */
  readonly process: string
  /** It was this process. */
  readonly own: boolean
  /**
   * What it was about, each once: 'inet cnm forward' for rules of a chain or elements of a set, 'inet cnm' for all else of a
   * table. A set that is written out in a rule is a part of that.
   */
  readonly touched: readonly string[]
}

/** What the kernel told, in order. */
export interface News {
  readonly changes: readonly Changes[]
  /** Of a subscription to 'ruleset'. */
  readonly transactions: readonly RulesetChange[]
  /** Something was lost: the kernel's buffer overran. */
  readonly overrun: boolean
  /** Routes may have gone of which the kernel does not tell: IPv4 routes go silently with their link, address or nexthop. */
  readonly routesInDoubt: boolean
}
