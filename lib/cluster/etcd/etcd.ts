import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Either } from '../../model/either.ts'
import {
  type Batch,
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
import type { Message } from './protobuf.ts'
import {
  grantRequest,
  leaseRequest,
  rangeRequest,
  readInstead,
  revisionOf,
  rowsOf,
  timeLeft,
  txnRequest,
  under,
  watched,
  watchRequest,
} from './wire.ts'

/** gRPC's codes. */
const NOT_FOUND = 5
const PRECONDITION = 9
const OUT_OF_RANGE = 11
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
  readonly answer: Message
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
    // All that are asked at the same time.
    setMaxListeners(0, this.#end.signal)
    const { members, prefix } = parseEngine(engine)
    this.#members = members.map((member) => new EtcdMember(member, credentials))
    this.#root = `${prefix}/`
    this.#patience = patience
    this.name = `etcd at ${this.#members.map(({ name }) => name).join(', ')}`
  }

  async read(prefix: string, signal?: AbortSignal): Promise<Snapshot> {
    for (;;) {
      try {
        return await this.#pages(prefix, signal)
      } catch (error) {
        // Between two pages; as it is now, it can be read.
        if (!(error instanceof Compacted)) throw error
      }
    }
  }

  /** Throws Compacted when what it began with is forgotten before its end. */
  async #pages(prefix: string, signal?: AbortSignal): Promise<Snapshot> {
    const start = `${this.#root}${prefix}`
    const [, end] = under(start)
    const rows: Row[] = []
    let revision = 0
    for (let from = start; ; from = `${this.#root}${rows.at(-1)?.key}\0`) {
      const { answer } = await this.#ask('KV/Range', rangeRequest({ from, end, limit: PAGE, revision }), signal)
      const page = rowsOf(answer, this.#root)
      revision ||= revisionOf(answer)
      rows.push(...page)
      if (page.length < PAGE) return { revision, rows }
    }
  }

  async transact({ when, then, otherwise = [] }: Transaction, signal?: AbortSignal): Promise<Outcome> {
    const first = then.find((change) => 'put' in change)
    const question = txnRequest(when, then, { prefixes: otherwise, key: first?.put }, this.#root)
    const { answer, doubt } = await this.#ask('KV/Txn', question, signal)
    const found = readInstead(answer, this.#root)
    if (!found) return { done: true, revision: revisionOf(answer) }
    const ours = first && found.at(-1)?.find(({ value }) => value === first.value)
    // The try that nobody answered had been carried out; only its answer was lost.
    if (doubt && ours) return { done: true, revision: ours.revision }
    return { done: false, rows: found.slice(0, otherwise.length).flat() }
  }

  async grant(seconds: number): Promise<Lease> {
    const id = String(randomBytes(8).readBigUInt64BE() >> 1n)
    try {
      await this.#ask('Lease/LeaseGrant', grantRequest(id, seconds))
    } catch (error) {
      // The id is ours alone: it was granted to the try that nobody answered.
      if (!(error instanceof EngineRefused && error.cause instanceof Declined && error.cause.code === PRECONDITION)) throw error
    }
    return id
  }

  async keepAlive(lease: Lease): Promise<boolean> {
    const { answer } = await this.#ask('Lease/LeaseKeepAlive', leaseRequest(lease))
    return timeLeft(answer) > 0
  }

  async revoke(lease: Lease): Promise<void> {
    await this.#ask('Lease/LeaseRevoke', leaseRequest(lease)).catch((error) => {
      if (!(error instanceof LeaseDead)) throw error
    })
  }

  async *watch(prefix: string, after: number, signal: AbortSignal): AsyncGenerator<Batch> {
    const member = this.#member
    try {
      for await (const answer of member.listen('Watch/Watch', watchRequest(`${this.#root}${prefix}`, after + 1), signal)) {
        const { revision, created, compacted, ended, written } = watched(answer, this.#root)
        if (compacted > 0) throw new Compacted(`compacted up to ${compacted}`)
        if (ended !== '') throw new EngineLost(`${this.name}: ${ended}`)
        if (created && revision < after) throw new Compacted(`there is no revision ${after} yet`)
        if (created) yield { revision: after, written: [] }
        if (written.length > 0) yield { revision: Math.max(...written.map((each) => each.revision)), written }
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

  async #ask(method: string, question: Uint8Array, signal?: AbortSignal): Promise<Asked> {
    const deadline = performance.now() + this.#patience
    using until = new Either(signal, this.#end.signal)
    const reasons = new Map<string, string>()
    let [doubt, hope] = [false, false]
    for (let tried = 1, wait = SHORTEST_PAUSE; ; tried++) {
      const member = this.#member
      try {
        return { answer: await member.ask(method, question, Math.min(EACH, this.#patience), until.signal), doubt }
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
      await pause(wait, undefined, { signal: until.signal })
      wait = Math.min(2 * wait, LONGEST_PAUSE)
    }
  }

  #refusal(error: Declined): Error {
    if (error.code === NOT_FOUND) return new LeaseDead(error.message)
    if (error.code === OUT_OF_RANGE) return new Compacted(error.message)
    return new EngineRefused(error.message, { cause: error })
  }
}
