import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Mismatch, type Shape } from '../../model/shape.ts'
import {
  type Batch,
  type Change,
  Compacted,
  type Engine,
  EngineLost,
  EngineRefused,
  type Lease,
  LeaseDead,
  type Outcome,
  type Row,
  type Snapshot,
  type Transaction,
} from '../engine.ts'
import { parseEngine } from './address.ts'
import { type Credentials, Declined, EtcdMember, Unanswered } from './member.ts'
import { aliveAnswer, base64, compare, operation, rangeAnswer, rowOf, txnAnswer, under, watchAnswer } from './wire.ts'

/** gRPC's codes. */
const NOT_FOUND = 5
const PRECONDITION = 9
/** The member cannot now, another one may: no leader, too late, a leader that has changed. */
const ELSEWHERE = new Set([1, 4, 14])

/** How long one member is waited for, and how long all of them together, in ms: a new leader is there in 2 s. */
const EACH = 2_000
const ALL = 6_000
const SHORTEST_PAUSE = 50
const LONGEST_PAUSE = 400
/** Rows of one answer. */
const PAGE = 2_000

interface Asked {
  readonly answer: unknown
  /** An earlier try may have been carried out. */
  readonly doubt: boolean
}

/** etcd v3. A member that does not answer is left for the next one. */
export class Etcd implements Engine {
  readonly name: string
  readonly #members: readonly EtcdMember[]
  readonly #root: string
  readonly #patience: number
  readonly #end = new AbortController()
  #current = 0

  /** `engine` as parseEngine() has it. `patience`: for all members together, in ms. */
  constructor(
    engine: string,
    { credentials, patience = ALL }: { readonly credentials?: () => Credentials; readonly patience?: number } = {},
  ) {
    const { members, prefix } = parseEngine(engine)
    this.#members = members.map((member) => new EtcdMember(member, credentials))
    this.#root = `${prefix}/`
    this.#patience = patience
    this.name = `etcd at ${this.#members.map(({ name }) => name).join(', ')}`
  }

  async read(prefix: string, signal?: AbortSignal): Promise<Snapshot> {
    const { range_end, key: start } = under(`${this.#root}${prefix}`)
    const rows: Row[] = []
    let revision = 0
    for (let key = start; ; key = base64(`${this.#root}${rows.at(-1)?.key}\0`)) {
      const question = { key, range_end, limit: String(PAGE), ...(revision > 0 ? { revision: String(revision) } : {}) }
      const { header, kvs = [] } = read(rangeAnswer, (await this.#ask('/v3/kv/range', question, signal)).answer)
      revision ||= Number(header.revision)
      rows.push(...kvs.map((kv) => rowOf(kv, this.#root)))
      if (kvs.length < PAGE) return { revision, rows }
    }
  }

  async transact({ when, then, otherwise = [] }: Transaction, signal?: AbortSignal): Promise<Outcome> {
    const first = then.find((change) => 'put' in change)
    const ranges = [...otherwise.map((prefix) => under(`${this.#root}${prefix}`)), ...(first ? [this.#keyOf(first)] : [])]
    const question = {
      compare: when.map((condition) => compare(condition, this.#root)),
      success: then.map((change) => operation(change, this.#root)),
      failure: ranges.map((request_range) => ({ request_range })),
    }
    const { answer, doubt } = await this.#ask('/v3/kv/txn', question, signal)
    const { header, succeeded, responses = [] } = read(txnAnswer, answer)
    if (succeeded) return { done: true, revision: Number(header.revision) }
    const found = responses.map(({ response_range }) => (response_range?.kvs ?? []).map((kv) => rowOf(kv, this.#root)))
    const ours = first && found.pop()?.find(({ value }) => value === first.value)
    // The try that nobody answered had been carried out; only its answer was lost.
    if (doubt && ours) return { done: true, revision: ours.revision }
    return { done: false, rows: found.flat() }
  }

  async grant(seconds: number): Promise<Lease> {
    const id = String(randomBytes(8).readBigUInt64BE() >> 1n)
    try {
      await this.#ask('/v3/lease/grant', { ID: id, TTL: String(seconds) })
    } catch (error) {
      // The id is ours alone: it was granted to the try that nobody answered.
      if (!(error instanceof EngineRefused && error.cause instanceof Declined && error.cause.code === PRECONDITION)) throw error
    }
    return id
  }

  async keepAlive(lease: Lease): Promise<boolean> {
    const { answer } = await this.#ask('/v3/lease/keepalive', { ID: lease })
    return Number(read(aliveAnswer, answer).result.TTL ?? 0) > 0
  }

  async revoke(lease: Lease): Promise<void> {
    await this.#ask('/v3/lease/revoke', { ID: lease }).catch((error) => {
      if (!(error instanceof LeaseDead)) throw error
    })
  }

  async *watch(prefix: string, after: number, signal: AbortSignal): AsyncGenerator<Batch> {
    const member = this.#member
    const question = { create_request: { ...under(`${this.#root}${prefix}`), start_revision: String(after + 1) } }
    try {
      for await (const line of member.listen('/v3/watch', question, signal)) {
        const { header, created, compact_revision, cancel_reason, events = [] } = read(watchAnswer, line).result
        if (compact_revision !== undefined) throw new Compacted(`compacted up to ${compact_revision}`)
        if (cancel_reason) throw new EngineLost(`${this.name}: ${cancel_reason}`)
        if (created && Number(header.revision) < after) throw new Compacted(`there is no revision ${after} yet`)
        if (created) yield { revision: after, written: [] }
        if (events.length > 0) yield this.#batch(events)
      }
    } catch (error) {
      if (!(error instanceof Unanswered || error instanceof Declined)) throw error
      this.#leave(member)
      throw new EngineLost(`${this.name}: ${member.name}: ${error.message}`, { cause: error })
    }
  }

  /** Whoever waits for an answer waits no more. */
  close(): void {
    this.#end.abort()
    for (const member of this.#members) member.cut()
  }

  #batch(events: readonly { readonly type?: string; readonly kv: Parameters<typeof rowOf>[0] }[]): Batch {
    const written = events.map(({ type, kv }) => {
      const { key, value, revision } = rowOf(kv, this.#root)
      return type === 'DELETE' ? { key, revision } : { key, value, revision }
    })
    return { revision: Math.max(...written.map(({ revision }) => revision)), written }
  }

  #keyOf({ put }: Extract<Change, { put: string }>) {
    return { key: base64(`${this.#root}${put}`) }
  }

  get #member(): EtcdMember {
    const member = this.#members[this.#current]
    if (!member) throw new EngineLost(`${this.name}: no members`)
    return member
  }

  /** Its watches end too: nobody would notice when it falls silent. */
  #leave(member: EtcdMember): void {
    if (member !== this.#member) return
    this.#current = (this.#current + 1) % this.#members.length
    member.cut()
  }

  async #ask(path: string, question: object, signal?: AbortSignal): Promise<Asked> {
    const deadline = performance.now() + this.#patience
    const until = signal ? AbortSignal.any([signal, this.#end.signal]) : this.#end.signal
    const reasons = new Map<string, string>()
    let [doubt, hope] = [false, false]
    for (let tried = 1, wait = SHORTEST_PAUSE; ; tried++) {
      const member = this.#member
      try {
        return { answer: await member.ask(path, question, Math.min(EACH, this.#patience), until), doubt }
      } catch (error) {
        if (error instanceof Declined && !ELSEWHERE.has(error.code)) throw this.#refusal(error)
        if (!(error instanceof Unanswered || error instanceof Declined)) throw error
        doubt ||= error instanceof Declined || error.heard
        hope ||= error instanceof Declined || !error.hopeless
        reasons.set(member.name, error.message)
        this.#leave(member)
      }
      const lost = Array.from(reasons, ([name, reason]) => `${name}: ${reason}`).join('; ')
      if (performance.now() + wait > deadline) throw new EngineLost(lost)
      if (tried % this.#members.length !== 0) continue
      if (!hope) throw new EngineLost(lost)
      await pause(wait, undefined, { signal: until })
      wait = Math.min(2 * wait, LONGEST_PAUSE)
    }
  }

  #refusal(error: Declined): Error {
    if (error.code === NOT_FOUND) return new LeaseDead(error.message)
    return new EngineRefused(error.message, { cause: error })
  }
}

function read<T>(shape: Shape<T>, answer: unknown): T {
  try {
    return shape(answer, '')
  } catch (error) {
    throw error instanceof Mismatch ? new EngineRefused(`this is not etcd v3: ${error.message}`) : error
  }
}
