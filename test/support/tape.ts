import { isDeepStrictEqual } from 'node:util'
import type { WatchedTable } from '../../binding.d.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { type KernelEvent, type MonitorOptions, monitor } from '../../lib/netlink/monitor.ts'
import type { Netns } from '../../lib/netlink/namespace.ts'

const IFA_F_TENTATIVE = 0x40
const NUD_NOARP = 0x40

/** What the kernel makes for itself it tells of late or never: tentative addresses, neighbours without ARP, groups. */
const isTold: { readonly [table: string]: (row: any) => boolean } = {
  address: ({ flags }) => !(flags & IFA_F_TENTATIVE),
  neigh: ({ state }) => !(state & NUD_NOARP),
  fdb: ({ master, dst, mac }) => master !== 0 || dst !== null || !/^(33:33|01:00:5e)/.test(mac),
}

const text = (row: unknown): string => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))

/** Records what a monitor tells, and plays it: what the tables must be if all of it is true. */
export class Tape<T extends WatchedTable> implements AsyncDisposable {
  readonly events: KernelEvent<T>[] = []
  readonly #tables = new Map<WatchedTable, Map<string, object>>()
  readonly #monitor
  /** The end of the monitor; rejects with what it threw. */
  readonly ended: Promise<void>
  #wake = () => {}

  /** `pause` keeps the reader from reading on after the first snapshot. */
  constructor(
    readonly netns: Netns,
    readonly names: readonly T[],
    { pause, ...options }: MonitorOptions & { readonly pause?: Promise<unknown> } = {},
  ) {
    this.#monitor = monitor(netns, names, options)
    this.ended = this.#record(pause)
    this.ended.catch(() => this.#wake())
  }

  async #record(pause?: Promise<unknown>): Promise<void> {
    for await (const event of this.#monitor) {
      this.events.push(event)
      this.#play(event)
      this.#wake()
      if (this.events.length === 1) await pause
    }
    this.#wake()
  }

  #play(event: KernelEvent<T>): void {
    if (event.type === 'snapshot') {
      if (this.#tables.has(event.table)) throw new Error(`a second snapshot of ${event.table}`)
      this.#tables.set(event.table, new Map(event.rows.map((row) => [text(row), row])))
      return
    }
    const rows = this.#tables.get(event.table)
    const wasThere = rows?.delete(text(event.before ?? event.row))
    if (wasThere !== (event.type !== 'added')) throw new Error(`not so: ${text(event)}`)
    if (event.type !== 'removed') rows?.set(text(event.row), event.row)
  }

  /** The first event that `matches`, as soon as it is there. */
  async find(matches: (event: any) => boolean): Promise<KernelEvent<T>> {
    for (let seen = 0; ; seen++) {
      while (seen === this.events.length) await this.#more()
      const event = this.events[seen]
      if (event && matches(event)) return event
    }
  }

  /** Resolves with the next event; rejects at the end. */
  async #more(): Promise<void> {
    const seen = this.events.length
    const more = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    await Promise.race([more, this.ended])
    if (this.events.length === seen) throw new Error('the monitor has ended')
  }

  /** Resolves once the tables are what dumps of them say. */
  async isTrue(): Promise<true> {
    const sorted = (table: T, rows: readonly object[]) =>
      rows
        .filter(isTold[table] ?? (() => true))
        .map(text)
        .sort()
    while (this.#tables.size < this.names.length) await this.#more()
    for (;;) {
      await this.#silence()
      const dumped = await Promise.all(this.names.map(async (table) => sorted(table, await dump(this.netns, table))))
      const played = this.names.map((table) => sorted(table, [...(this.#tables.get(table)?.values() ?? [])]))
      if (isDeepStrictEqual(played, dumped)) return true
    }
  }

  /** While it still tells of something, a comparison would only be in its way. */
  async #silence(): Promise<void> {
    for (let seen = -1; seen !== this.events.length; ) {
      seen = this.events.length
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), this.ended])
    }
  }

  /** How many rows a table has. */
  count(table: T): number {
    return this.#tables.get(table)?.size ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#monitor.return()
  }
}
