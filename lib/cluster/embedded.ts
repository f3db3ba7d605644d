import {
  type Batch,
  type Change,
  type Condition,
  type Engine,
  type Lease,
  LeaseDead,
  type Outcome,
  type Row,
  type Snapshot,
  type Transaction,
} from './engine.ts'

/** Text under keys that outlives the process. */
export interface Shelf {
  list(prefix?: string): readonly { readonly key: string; readonly value: unknown }[]
  put(key: string, value: unknown): void
  delete(key: string): void
}

export interface Shelves {
  /** Kept over reboots. */
  readonly kept: Shelf
  /** Ends with the boot, and with it what is tied to a lease: so does the node that it speaks of. */
  readonly live: Shelf
  /** All that `work` writes to either, or nothing when it throws. */
  transact<T>(work: () => T): T
}

const LEASE = 'lease'

interface Kept {
  readonly text: string
  readonly revision: number
}

/** The engine of a swarm of one node: the store of this host. A lease ends with the boot. */
export class Embedded implements Engine {
  readonly name = 'the store of this host'
  readonly #shelves: Shelves
  readonly #rows = new Map<string, Row & { readonly lease?: Lease }>()
  readonly #watchers = new Set<(batch: Batch) => void>()
  #revision = 0
  #leased: boolean

  constructor(shelves: Shelves) {
    this.#shelves = shelves
    for (const shelf of [shelves.kept, shelves.live]) {
      for (const { key, value } of shelf.list()) {
        if (key === LEASE) continue
        const { text, revision } = value as Kept
        this.#rows.set(key, { key, value: text, revision, ...(shelf === shelves.live ? { lease: LEASE } : {}) })
        this.#revision = Math.max(this.#revision, revision)
      }
    }
    this.#leased = shelves.live.list(LEASE).length > 0
  }

  async read(prefix: string): Promise<Snapshot> {
    return { revision: this.#revision, rows: this.#under(prefix) }
  }

  async transact({ when, then, otherwise = [] }: Transaction): Promise<Outcome> {
    if (!this.#leased && then.some((change) => 'put' in change && change.lease !== undefined)) throw new LeaseDead('no such lease')
    if (!when.every((condition) => this.#holds(condition))) return { done: false, rows: otherwise.flatMap((prefix) => this.#under(prefix)) }
    this.#write(then)
    return { done: true, revision: this.#revision }
  }

  async grant(): Promise<Lease> {
    this.#shelves.live.put(LEASE, true)
    this.#leased = true
    return LEASE
  }

  async keepAlive(): Promise<boolean> {
    return this.#leased
  }

  async revoke(): Promise<void> {
    this.#write([...this.#rows.values()].filter(({ lease }) => lease !== undefined).map(({ key }) => ({ delete: key })))
    this.#shelves.live.delete(LEASE)
    this.#leased = false
  }

  async *watch(prefix: string, after: number, signal: AbortSignal): AsyncGenerator<Batch> {
    const come: Batch[] = []
    let wake = (): void => {}
    const hear = (batch: Batch) => {
      come.push(batch)
      wake()
    }
    this.#watchers.add(hear)
    const end = () => wake()
    signal.addEventListener('abort', end)
    try {
      yield { revision: after, written: [] }
      for (;;) {
        signal.throwIfAborted()
        for (const { revision, written } of come.splice(0)) {
          const seen = written.filter(({ key }) => key.startsWith(prefix))
          if (revision > after && seen.length > 0) yield { revision, written: seen }
        }
        if (come.length === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#watchers.delete(hear)
      signal.removeEventListener('abort', end)
    }
  }

  close(): void {}

  #under(prefix: string): readonly Row[] {
    return [...this.#rows.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ key, value, revision }) => ({ key, value, revision }))
  }

  #holds(condition: Condition): boolean {
    if ('prefix' in condition) return this.#under(condition.prefix).length === 0
    const row = this.#rows.get(condition.key)
    if ('value' in condition) return row?.value === condition.value
    if ('revision' in condition) return (row?.revision ?? 0) === condition.revision
    return (row === undefined) === (condition.is === 'absent')
  }

  /** What is written is on the shelves before it counts. */
  #write(changes: readonly Change[]): void {
    const revision = this.#revision + 1
    const written = changes.flatMap((change): Batch['written'] => {
      if ('put' in change) return [{ key: change.put, value: change.value, revision }]
      const gone =
        'delete' in change ? (this.#rows.has(change.delete) ? [change.delete] : []) : this.#under(change.deleteAll).map(({ key }) => key)
      return gone.map((key) => ({ key, revision }))
    })
    const leases = new Map(changes.flatMap((change) => ('put' in change && change.lease !== undefined ? [[change.put, change.lease]] : [])))
    const { kept, live, transact } = this.#shelves
    transact(() => {
      for (const { key, value } of written) {
        const here = leases.has(key) ? live : kept
        const before = this.#rows.get(key)
        if (before && (value === undefined || (before.lease !== undefined) !== leases.has(key))) (before.lease ? live : kept).delete(key)
        if (value !== undefined) here.put(key, { text: value, revision } satisfies Kept)
      }
    })
    for (const { key, value } of written) {
      const lease = leases.get(key)
      if (value === undefined) this.#rows.delete(key)
      else this.#rows.set(key, { key, value, revision, ...(lease === undefined ? {} : { lease }) })
    }
    this.#revision = revision
    for (const hear of this.#watchers) hear({ revision, written })
  }
}
