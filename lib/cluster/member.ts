import { fault } from '../model/errors.ts'
import type { Id } from '../model/ids.ts'
import { Cluster } from './cluster.ts'
import { Compacted, type Engine, type Lease, LeaseDead } from './engine.ts'
import { STATE } from './keys.ts'
import { type News, View } from './view.ts'

/** Waits so many ms; rejects when the signal is aborted. Nothing here looks at a clock, so none that jumps matters. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

/** What a member has to say while it is there. None of it may throw. */
export interface Ears {
  /** The view has changed. */
  hear(news: News): void
  /** The lease is another one: everything that was tied to the last one is gone. */
  leased(lease: Lease): void
  /** What this node has and what the swarm knows of it may differ. */
  estranged(): void
  /** Nobody answers for the engine, and why; null: somebody does. */
  contact(lost: string | null): void
  /** This node was removed by another one. */
  removed(): void
}

export interface MemberOptions {
  readonly engine: Engine
  readonly node: Id
  /** Seconds between two signs of life. */
  readonly heartbeat: number
  /** Of the process before this one: if it lives, nobody has missed us. */
  readonly lease?: Lease | undefined
  readonly sleep: Sleep
  readonly ears: Ears
}

/** A lease outlives so many heartbeats. */
const MISSED = 3
/** Doubled with each failure, in ms. */
const SHORTEST_PAUSE = 125

/**
 * A node of a swarm while its process is there: keeps its lease alive and its view up to date. When it closes, the lease goes on
 * until it is over, so that the next process finds everything as it was.
 */
export class Member {
  readonly view = new View()
  readonly cluster: Cluster
  readonly #options: MemberOptions
  readonly #end = new AbortController()
  readonly #loops: Promise<void>[] = []
  #lease: Lease | undefined
  /** While there is about to be another one: for all who need it. */
  #renewal: Promise<Lease> | undefined
  #lost: string | null = null
  #removed = false

  constructor(options: MemberOptions) {
    this.#options = options
    this.#lease = options.lease
    this.cluster = new Cluster(options.engine, this.view, (news) => this.#pass(news))
  }

  /** Why the engine cannot be reached; null when it can, as far as we know. */
  get lost(): string | null {
    return this.#lost
  }

  get isRemoved(): boolean {
    return this.#removed
  }

  /** Resolves when the engine has been asked once, whether it answered or not. */
  async start(): Promise<void> {
    const begin = (loop: (asked: () => void) => Promise<void>) => new Promise<void>((asked) => this.#loops.push(loop(asked)))
    await Promise.all([begin((asked) => this.#follow(asked)), begin((asked) => this.#stay(asked))])
  }

  async close(): Promise<void> {
    this.#end.abort()
    this.#options.engine.close()
    await Promise.all(this.#loops)
  }

  /** The lease that lives; a new one where the last one is over. Throws ENGINE_LOST, NODE_REMOVED. */
  async lease(): Promise<Lease> {
    if (this.#removed) throw fault('NODE_REMOVED', {})
    try {
      return await this.#after(undefined)
    } catch (error) {
      throw this.cluster.complaint(error)
    }
  }

  /** Does what is tied to the lease; once more where that has died in the meantime. */
  async leased<T>(work: (lease: Lease) => Promise<T>): Promise<T> {
    const done = await this.#leased(work)
    // It has answered, before those who keep asking have noticed.
    this.#contact(null)
    return done
  }

  async #leased<T>(work: (lease: Lease) => Promise<T>): Promise<T> {
    const lease = await this.lease()
    try {
      return await work(lease)
    } catch (error) {
      if (!(error instanceof LeaseDead)) throw error
      if (this.#lease === lease) this.#lease = undefined
      return work(await this.lease())
    }
  }

  /** The one that came, or comes, after one that is over: who notices late finds what is tied to it. */
  async #after(dead: Lease | undefined): Promise<Lease> {
    if (this.#lease !== undefined && this.#lease !== dead) return this.#lease
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined))
    return this.#renewal
  }

  async #renew(): Promise<Lease> {
    const { engine, node, heartbeat, ears } = this.#options
    const lease = await engine.grant(MISSED * heartbeat)
    if (!(await this.cluster.announce(node, lease)) || !this.#isThere()) {
      this.#remove()
      throw fault('NODE_REMOVED', {})
    }
    this.#lease = lease
    this.#removed = false
    ears.leased(lease)
    ears.estranged()
    return lease
  }

  /** Who was removed may be there again: the store was put back to what it was. The engine says so when it is asked for a lease. */
  #isThere(): boolean {
    return !this.#removed || this.view.nodes.has(this.#options.node)
  }

  /** Keeps the lease. */
  async #stay(asked: () => void): Promise<void> {
    const { engine, heartbeat } = this.#options
    await this.#repeat(asked, async (answered) => {
      const lease = this.#lease
      if (this.#isThere() && (lease === undefined || !(await engine.keepAlive(lease)))) await this.#after(lease)
      answered()
      await this.#sleep(1000 * heartbeat)
    })
  }

  /** Keeps the view. */
  async #follow(asked: () => void): Promise<void> {
    const { engine } = this.#options
    let known = false
    await this.#repeat(asked, async (answered) => {
      try {
        if (!known) this.#hear(this.view.begin(await engine.read(STATE, this.#end.signal)))
        known = true
        for await (const batch of engine.watch(STATE, this.view.seen, this.#end.signal)) {
          if (batch.written.length > 0) this.#hear(this.view.apply(batch))
          answered()
        }
      } catch (error) {
        if (!(error instanceof Compacted)) throw error
        known = false
      }
    })
  }

  /** Again and again until the end; after failures between which nobody has answered, with growing pauses. */
  async #repeat(asked: () => void, work: (answered: () => void) => Promise<void>): Promise<void> {
    let failures = 0
    const answered = () => {
      failures = 0
      this.#contact(null)
      asked()
    }
    while (!this.#end.signal.aborted) {
      try {
        await work(answered)
      } catch (error) {
        if (this.#end.signal.aborted) break
        // A member of the engine that goes is none of the engine.
        if (failures++ > 0 || this.view.seen === 0) this.#contact((error as Error).message)
        asked()
        await this.#sleep(Math.min(SHORTEST_PAUSE * 2 ** failures, 1000 * this.#options.heartbeat))
      }
    }
    asked()
  }

  /** What the watch tells of this node's own endpoints is what others did, or time: they went with an earlier lease. */
  #hear(news: News): void {
    const { node, ears } = this.#options
    this.#pass(news)
    if ([...news.gone, ...news.came].some(({ nodeId }) => nodeId === node)) ears.estranged()
  }

  /** That this node is none any more is known before anybody acts upon what went with it. */
  #pass(news: News): void {
    if (this.view.seen > 0 && !this.view.nodes.has(this.#options.node)) this.#remove()
    this.#options.ears.hear(news)
  }

  #remove(): void {
    if (this.#removed) return
    this.#removed = true
    // What was tied to it may be gone, though it lives.
    this.#lease = undefined
    this.#options.ears.removed()
  }

  #contact(lost: string | null): void {
    const before = this.#lost
    this.#lost = lost
    if ((before === null) === (lost === null)) return
    this.#options.ears.contact(lost)
    if (lost === null) this.#options.ears.estranged()
  }

  async #sleep(ms: number): Promise<void> {
    await this.#options.sleep(ms, this.#end.signal).catch(() => {})
  }
}
