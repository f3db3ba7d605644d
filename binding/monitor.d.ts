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

/** What the kernel told, in order. */
export interface News {
  readonly changes: readonly Changes[]
  /** Something was lost: the kernel's buffer overran. */
  readonly overrun: boolean
  /** Routes may have gone of which the kernel does not tell: IPv4 routes go silently with their link, address or nexthop. */
  readonly routesInDoubt: boolean
}
