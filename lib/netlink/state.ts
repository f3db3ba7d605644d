import type { WatchedTable } from '../../binding.d.ts'
import type { AddressRow, FdbRow, LinkRow, NeighRow, RouteRow, Row, Rows } from './tables.ts'

/** What became of one row. */
export interface Change<T extends WatchedTable> {
  readonly type: 'added' | 'changed' | 'removed'
  readonly table: T
  /** As it is now; as it was, when it was removed. */
  readonly row: Row<T>
  /** As it was before it changed. */
  readonly before: Row<T> | null
  /** True when the kernel did not tell of it, and it was found by comparing. */
  readonly resync: boolean
}

/** By what the kernel knows a row from another one: two with the same key are the same one at two times. */
const keys: { readonly [T in WatchedTable]: (row: Row<T>) => string } = {
  link: ({ index }: LinkRow) => String(index),
  address: ({ link, address }: AddressRow) => `${link} ${address.family} ${address.value}/${address.prefix}`,
  // A route that takes another's place does not say so: both are known until the table has been read again.
  route: ({ to, table, metric, type, protocol, scope, via, link }: RouteRow) =>
    [to.family, to.value, to.prefix, table, metric, type, protocol, scope, via?.family, via?.value, link].join(' '),
  neigh: ({ link, address }: NeighRow) => `${link} ${address.family} ${address.value}`,
  fdb: fdbKey,
}

/**
 * A bridge knows a MAC address once, behind whichever port it was seen last. A tunnel has one end for it, which may move; only
 * of groups, and of whom nobody knows, it has a list.
 */
function fdbKey({ link, master, mac, vlan, srcVni, dst, vni, port, via }: FdbRow): string {
  if (master !== 0) return [master, vlan, mac].join(' ')
  const isList = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 || mac === '00:00:00:00:00:00'
  const ends = isList ? [dst?.family, dst?.value, vni, port, via] : []
  return ['of', link, srcVni, vlan, mac, ...ends].join(' ')
}

/** Rows are plain data. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  return Object.entries(one).every(([key, value]) => isSame(value, (other as Record<string, unknown>)[key]))
}

/** The rows of one table as far as they are known. */
export class State<T extends WatchedTable> {
  readonly #table: T
  readonly #rows: Map<string, Row<T>>

  constructor(table: T, rows: Rows<T>) {
    this.#table = table
    this.#rows = new Map(rows.map((row) => [keys[table](row), row]))
  }

  rows(): Rows<T> {
    return [...this.#rows.values()]
  }

  /** Takes in what the kernel told of rows; answers with what was not known. */
  take(rows: Rows<T>, removed: Uint8Array): readonly Change<T>[] {
    return defined(rows.map((row, number) => (removed[number] ? this.#remove(row, false) : this.#put(row, false))))
  }

  /** Becomes like `fresh`; answers with what was another before. */
  become(fresh: State<T>): readonly Change<T>[] {
    const gone = [...this.#rows].filter(([key]) => !fresh.#rows.has(key)).map(([, row]) => row)
    return defined([...gone.map((row) => this.#remove(row, true)), ...fresh.rows().map((row) => this.#put(row, true))])
  }

  /** Rows go with their link, or their bridge; not of each is told. */
  forget(links: ReadonlySet<number>): readonly Change<T>[] {
    const isOnThem = (row: Row<T>) => 'link' in row && (links.has(row.link) || ('master' in row && links.has(row.master)))
    return defined(
      this.rows()
        .filter(isOnThem)
        .map((row) => this.#remove(row, true)),
    )
  }

  #put(row: Row<T>, resync: boolean): Change<T> | null {
    const key = keys[this.#table](row)
    const before = this.#rows.get(key)
    if (before && isSame(before, row)) return null
    this.#rows.set(key, row)
    return { type: before ? 'changed' : 'added', table: this.#table, row, before: before ?? null, resync }
  }

  #remove(row: Row<T>, resync: boolean): Change<T> | null {
    const key = keys[this.#table](row)
    const before = this.#rows.get(key)
    this.#rows.delete(key)
    return before ? { type: 'removed', table: this.#table, row: before, before: null, resync } : null
  }
}

const defined = <Item>(items: readonly (Item | null)[]): readonly Item[] => items.filter((item) => item !== null)
