import type { Changes, News, WatchedTable } from '../../binding.d.ts'
import { type Netns, subscribe } from './namespace.ts'
import { type Rows, rowsOf } from './tables.ts'

/** Rows of one table, in the order of the kernel: all of them new, or other than before, or all gone. */
export type Told = {
  readonly [T in WatchedTable]: { readonly table: T; readonly rows: Rows<T>; readonly removed: Uint8Array }
}[WatchedTable]

/** What became of some tables since it was asked last. */
export interface Tidings {
  readonly changes: readonly Told[]
  /** Something was not told, or may not have been. */
  readonly lost: boolean
  /** Routes may have gone with a link, an address or a nexthop, of which the kernel tells instead. */
  readonly routesInDoubt: boolean
}

export interface Follower {
  /** All that was told before. Waits for nothing but the kernel thread. */
  read(): Promise<Tidings>
  close(): void
}

/** Has the kernel keep what becomes of tables until somebody asks; `buffer`: how many bytes of it. Rejects with NetlinkError. */
export async function follow(netns: Netns, tables: readonly WatchedTable[], buffer: number): Promise<Follower> {
  const subscription = await subscribe(netns, tables, buffer)
  return {
    read: async () => tidingsOf(await subscription.drain()),
    close: () => subscription.close(),
  }
}

const tidingsOf = (news: News | null): Tidings => ({
  changes: (news?.changes ?? []).map(told),
  lost: news?.overrun ?? true,
  routesInDoubt: news?.routesInDoubt ?? true,
})

const told = ({ table, rows, removed }: Changes): Told => ({ table, rows: rowsOf(table, rows), removed }) as Told
