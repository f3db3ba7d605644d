import { constants } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Changes, News, Monitor as Subscription, WatchedTable } from '../../binding.d.ts'
import { Either } from '../model/either.ts'
import { abortable, dump, newJob } from './kernel.ts'
import { type Netns, subscribe } from './namespace.ts'
import { NetlinkError } from './refusal.ts'
import { type Change, State } from './state.ts'
import { type Rows, rowsOf } from './tables.ts'

/** A whole table, with which a monitor begins. */
export interface Snapshot<T extends WatchedTable> {
  readonly type: 'snapshot'
  readonly table: T
  readonly rows: Rows<T>
}

export type KernelEvent<T extends WatchedTable = WatchedTable> = { readonly [K in T]: Snapshot<K> | Change<K> }[T]

export interface MonitorOptions {
  readonly signal?: AbortSignal
  /** Bytes that the kernel may keep for a reader that is behind: 1 MiB has room for 2,500 forwarding entries, or 900 links. */
  readonly buffer?: number
  /**
   * Milliseconds for which what follows is left to gather in that buffer once something was told: changes come in bursts, and
   * each that is read by itself wakes two threads. Default: 0.
   */
  readonly gather?: number
}

/**
 * What becomes of some tables of a namespace: first each of them as it is, then every change, in the order of the kernel.
 * Nothing is told twice and nothing is lost: what the kernel could not or does not tell is found by reading the table
 * again, and marked `resync`. Of what it makes for itself the kernel tells late or never, so it may be in a snapshot and is
 * not followed: addresses that are tentative, neighbours without ARP, the groups (33:33:…) that links listen to.
 *
 * The process waits for a monitor that is waited for, as for a socket. It ends by leaving the loop, by `signal` (whose
 * reason is thrown), and when `netns` is closed. Rejects with NetlinkError.
 */
export function monitor<T extends WatchedTable>(netns: Netns, tables: readonly T[], options: MonitorOptions = {}): Monitor<T> {
  return new Monitor(netns, tables, options)
}

const LEFT = Symbol('the loop was left')

/** See monitor(). */
export class Monitor<T extends WatchedTable> implements AsyncIterableIterator<KernelEvent<T>> {
  readonly #left = new AbortController()
  readonly #events: AsyncGenerator<KernelEvent<T>, void, undefined>

  constructor(netns: Netns, tables: readonly T[], { signal, buffer = 4 << 20, gather = 0 }: MonitorOptions) {
    this.#events = new Watch(netns, tables, new Either(signal, this.#left.signal)).events(buffer, gather)
  }

  next(): Promise<IteratorResult<KernelEvent<T>, void>> {
    return this.#events.next()
  }

  /** Does not wait for the event that a next() waits for. */
  async return(): Promise<IteratorResult<KernelEvent<T>, void>> {
    this.#left.abort(LEFT)
    return this.#events.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

type States = Map<WatchedTable, State<WatchedTable>>

class Watch<T extends WatchedTable> {
  readonly #netns: Netns
  readonly #tables: ReadonlySet<WatchedTable>
  readonly #ends: Either
  readonly #known: States = new Map()
  #waiting: Promise<unknown> = Promise.resolve()

  constructor(netns: Netns, tables: readonly T[], ends: Either) {
    this.#netns = netns
    this.#tables = new Set(tables)
    this.#ends = ends
  }

  get #end(): AbortSignal {
    return this.#ends.signal
  }

  async *events(buffer: number, gather: number): AsyncGenerator<KernelEvent<T>, void, undefined> {
    using ends = this.#ends
    ends.signal.throwIfAborted()
    // Rows go with their link, so links are always listened to.
    const subscription = await subscribe(this.#netns, [...this.#tables, 'link'], buffer)
    try {
      // What is doubtful is read again: at first everything.
      let doubtful = this.#tables
      for (;;) {
        const fresh = await this.#read(doubtful)
        const news = await (doubtful.size > 0 ? subscription.drain() : this.#next(subscription))
        if (!news) return
        if (!news.overrun) yield* this.#tell(fresh, news) as Iterable<KernelEvent<T>>
        doubtful = news.overrun ? this.#tables : this.#doubts(fresh, news)
        if (gather > 0) await pause(gather, undefined, { signal: this.#end }).catch(() => this.#end.throwIfAborted())
      }
    } catch (reason) {
      const isEnd = reason === LEFT || (this.#netns.closed && !this.#end.aborted)
      if (!isEnd) throw reason
    } finally {
      await this.#waiting
      subscription.close()
    }
  }

  #next(subscription: Subscription): Promise<News | null> {
    this.#end.throwIfAborted()
    const job = newJob()
    const waiting = subscription.next(job)
    this.#waiting = waiting.catch(() => {})
    return abortable(waiting, job, this.#end)
  }

  async #read(tables: ReadonlySet<WatchedTable>): Promise<States> {
    const states: States = new Map()
    for (const table of tables) states.set(table, new State(table, await this.#dump(table)))
    return states
  }

  /** However often it changes while it is read. */
  async #dump(table: WatchedTable): Promise<Rows<WatchedTable>> {
    for (;;) {
      try {
        return await dump(this.#netns, table, {}, { signal: this.#end })
      } catch (error) {
        if (!(error instanceof NetlinkError && error.errno === -constants.errno.EINTR)) throw error
      }
    }
  }

  /**
   * What was told before a table had been read is in it, or comes after it: in either case the last that was told of a row
   * is true of it.
   */
  *#tell(fresh: States, { changes }: News): Iterable<KernelEvent> {
    const gone = new Set<number>()
    for (const each of changes) {
      for (const link of removedLinks(each)) gone.add(link)
      const told = (fresh.get(each.table) ?? this.#known.get(each.table))?.take(rowsOf(each.table, each.rows), each.removed)
      if (told && !fresh.has(each.table)) yield* told as readonly KernelEvent[]
    }
    for (const [table, state] of gone.size > 0 ? [...this.#known, ...fresh] : []) {
      const forgotten = state.forget(gone)
      if (!fresh.has(table)) yield* forgotten as readonly KernelEvent[]
    }
    for (const [table, state] of fresh) {
      const known = this.#known.get(table)
      if (known) yield* known.become(state) as readonly KernelEvent[]
      else yield this.#begin(table, state) as KernelEvent
    }
  }

  #begin(table: WatchedTable, state: State<WatchedTable>): Snapshot<WatchedTable> {
    this.#known.set(table, state)
    return { type: 'snapshot', table, rows: state.rows() }
  }

  /** The kernel reads a table on by the number of a row, so it leaves some out when others went meanwhile. */
  #doubts(fresh: States, { changes, routesInDoubt }: News): ReadonlySet<WatchedTable> {
    const doubts = new Set<WatchedTable>(routesInDoubt ? ['route'] : [])
    for (const { table, removed } of changes) if (fresh.has(table) && removed.includes(1)) doubts.add(table)
    return new Set([...doubts].filter((table) => this.#tables.has(table)))
  }
}

function removedLinks({ table, rows, removed }: Changes): readonly number[] {
  return table === 'link' ? [...rows.index].filter((_, row) => removed[row]) : []
}
