import {
  type Batch,
  type Change,
  Compacted,
  type Condition,
  type Engine,
  EngineLost,
  type Lease,
  LeaseDead,
  type Outcome,
  type Row,
  type Snapshot,
  type Transaction,
} from '../../lib/cluster/engine.ts'

/** Time that passes when it is told to. */
export class Clock {
  now = 0
  #alarms: { at: number; wake: () => void }[] = []

  sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      const wake = () => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      this.#alarms.push({ at: this.now + ms, wake })
    })

  /** Whoever is due is woken in order, and has done what it wants to do before time goes on. */
  async pass(ms: number, onward: () => void = () => {}): Promise<void> {
    const end = this.now + ms
    await calm()
    for (;;) {
      this.#alarms.sort((a, b) => a.at - b.at)
      const next = this.#alarms[0]
      if (!next || next.at > end) break
      this.#alarms.shift()
      this.now = next.at
      onward()
      next.wake()
      await calm()
    }
    this.now = end
    onward()
    await calm()
  }
}

/** Everything that waits for nothing but promises has run. */
export const calm = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

interface Kept extends Row {
  readonly lease?: Lease
}

/** A store as etcd is one, in memory, on a clock of its own. */
export class SimulatedStore {
  readonly rows = new Map<string, Kept>()
  readonly clock: Clock
  readonly clients = new Set<SimulatedEngine>()
  readonly log: Batch[] = []
  readonly #leases = new Map<Lease, { seconds: number; until: number }>()
  revision = 1
  forgotten = 0
  #count = 0

  constructor(clock = new Clock()) {
    this.clock = clock
  }

  /** Leases that are over by now are. */
  expire(): void {
    for (const [lease, { until }] of this.#leases) if (until <= this.clock.now) this.revoke(lease)
  }

  compact(): void {
    this.forgotten = this.revision
    this.log.length = 0
  }

  under(prefix: string): readonly Row[] {
    const rows = [...this.rows.values()].filter(({ key }) => key.startsWith(prefix))
    return rows.map(({ key, value, revision }) => ({ key, value, revision })).sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  transact({ when, then, otherwise = [] }: Transaction): Outcome {
    this.expire()
    const dead = then.find((change) => 'put' in change && change.lease !== undefined && !this.#leases.has(change.lease))
    if (dead) throw new LeaseDead('requested lease not found')
    if (!when.every((condition) => this.#holds(condition))) return { done: false, rows: otherwise.flatMap((prefix) => this.under(prefix)) }
    this.#write(then)
    return { done: true, revision: this.revision }
  }

  grant(seconds: number): Lease {
    const lease = `lease ${++this.#count}`
    this.#leases.set(lease, { seconds, until: this.clock.now + 1000 * seconds })
    return lease
  }

  keepAlive(lease: Lease): boolean {
    this.expire()
    const known = this.#leases.get(lease)
    if (known) known.until = this.clock.now + 1000 * known.seconds
    return known !== undefined
  }

  revoke(lease: Lease): void {
    this.#leases.delete(lease)
    const gone = [...this.rows.values()].filter((row) => row.lease === lease).map(({ key }) => ({ delete: key }))
    if (gone.length > 0) this.#write(gone)
  }

  #holds(condition: Condition): boolean {
    if ('prefix' in condition) return this.under(condition.prefix).length === 0
    const row = this.rows.get(condition.key)
    if ('value' in condition) return row?.value === condition.value
    if ('revision' in condition) return (row?.revision ?? 0) === condition.revision
    return (row === undefined) === (condition.is === 'absent')
  }

  #write(changes: readonly Change[]): void {
    const revision = ++this.revision
    const written = changes.flatMap((change): Batch['written'] => {
      if ('put' in change) {
        const { put: key, value, lease } = change
        this.rows.set(key, { key, value, revision, ...(lease === undefined ? {} : { lease }) })
        return [{ key, value, revision }]
      }
      const keys = 'delete' in change ? [change.delete] : this.under(change.deleteAll).map(({ key }) => key)
      return keys.filter((key) => this.rows.delete(key)).map((key) => ({ key, revision }))
    })
    if (written.length === 0) return
    this.log.push({ revision, written })
    for (const client of this.clients) client.ring()
  }
}

/** One client of it, and the way between them. */
export class SimulatedEngine implements Engine {
  readonly name = 'a store in memory'
  readonly #store: SimulatedStore
  #reachable = true
  /** The next answer is lost on its way, though what was asked for is done. */
  loseAnswer = false
  /** How long answers are on their way, in ms; what the watch tells is faster. */
  delay = 0
  readonly #end = new AbortController()
  readonly #bells = new Set<() => void>()

  constructor(store: SimulatedStore) {
    this.#store = store
    store.clients.add(this)
  }

  set reachable(reachable: boolean) {
    this.#reachable = reachable
    this.ring()
  }

  ring(): void {
    for (const bell of this.#bells) bell()
  }

  async #ask<T>(answer: () => T): Promise<T> {
    await Promise.resolve()
    if (!this.#reachable) throw new EngineLost('cut off')
    const result = answer()
    if (this.loseAnswer) {
      this.loseAnswer = false
      throw new EngineLost('no answer')
    }
    if (this.delay > 0) await this.#arrival()
    await Promise.resolve()
    return result
  }

  async #arrival(): Promise<void> {
    await this.#store.clock.sleep(this.delay, this.#end.signal).catch(() => {
      throw new EngineLost('closed')
    })
  }

  read(prefix: string): Promise<Snapshot> {
    return this.#ask(() => ({ revision: this.#store.revision, rows: this.#store.under(prefix) }))
  }

  transact(transaction: Transaction): Promise<Outcome> {
    return this.#ask(() => this.#store.transact(transaction))
  }

  grant(seconds: number): Promise<Lease> {
    return this.#ask(() => this.#store.grant(seconds))
  }

  keepAlive(lease: Lease): Promise<boolean> {
    return this.#ask(() => this.#store.keepAlive(lease))
  }

  revoke(lease: Lease): Promise<void> {
    return this.#ask(() => this.#store.revoke(lease))
  }

  async *watch(prefix: string, after: number, signal: AbortSignal): AsyncGenerator<Batch> {
    let seen = after
    let wake = (): void => {}
    const bell = () => wake()
    this.#bells.add(bell)
    signal.addEventListener('abort', bell)
    try {
      await this.#ask(() => {
        if (after > this.#store.revision) throw new Compacted('not there yet')
      })
      yield { revision: after, written: [] }
      for (;;) {
        signal.throwIfAborted()
        if (!this.#reachable) throw new EngineLost('cut off')
        if (seen < this.#store.forgotten) throw new Compacted('compacted')
        const next = this.#store.log.find(({ revision }) => revision > seen)
        if (next) {
          seen = next.revision
          const written = next.written.filter(({ key }) => key.startsWith(prefix))
          if (written.length > 0) yield { revision: next.revision, written }
        } else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#bells.delete(bell)
      signal.removeEventListener('abort', bell)
    }
  }

  close(): void {
    this.#store.clients.delete(this)
    this.#end.abort()
    this.ring()
  }
}
