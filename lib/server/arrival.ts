import { setTimeout as pause } from 'node:timers/promises'
import type { Controller } from '../controller/controller.ts'
import { CnmError } from '../model/errors.ts'
import type { EnterSwarm } from '../model/request.ts'

/** Between two attempts, in ms. */
const REST = 2000
/** How long a daemon waits for the first one before it serves without, in ms. */
const PATIENCE = 1000

/** What may be otherwise the next time. */
const PASSING: readonly string[] = [
  'ENGINE_LOST',
  'ADVERTISE_AMBIGUOUS',
  'ADVERTISE_UNKNOWN',
  'NODE_ADDRESS',
  'NODE_FAMILY',
] satisfies readonly CnmError['code'][]

/**
 * Makes this host a node of a swarm as soon as that can be: when the swarm's engine answers, and when it is known by which address
 * other nodes reach this one. Where several would do, a container engine that is in a swarm of its own tells.
 */
export class Arrival implements AsyncDisposable {
  readonly #cnm: Pick<Controller, 'enterSwarm'>
  readonly #request: EnterSwarm
  /** By which address other nodes reach this host, as the engine said last. */
  #heard: Pick<EnterSwarm, 'advertise'> = {}
  readonly #end = new AbortController()
  #last: Promise<void> = Promise.resolve()
  #arrived = false
  #told = ''
  #loop: Promise<void> = Promise.resolve()

  constructor(cnm: Pick<Controller, 'enterSwarm'>, request: EnterSwarm) {
    this.#cnm = cnm
    this.#request = request
  }

  /** Resolves when this host is a node, or will be one later. Rejects where it never can be. */
  async begin(): Promise<void> {
    const first = this.#try()
    this.#loop = first.then(() => this.#again()).catch((error) => this.#warn(error))
    await Promise.race([first, pause(PATIENCE, undefined, { ref: false })])
  }

  /** Other nodes reach this host there, unless a person has said otherwise. */
  async hear(address: string): Promise<void> {
    this.#heard = { advertise: address }
    await this.#try()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#loop
  }

  async #again(): Promise<void> {
    while (!this.#arrived && !this.#end.signal.aborted) {
      await pause(REST, undefined, { ref: false, signal: this.#end.signal }).catch(() => {})
      if (!this.#end.signal.aborted) await this.#try()
    }
  }

  /** One at a time. */
  #try(): Promise<void> {
    const attempt = this.#last.then(() => this.#enter())
    this.#last = attempt.catch(() => {})
    return attempt
  }

  async #enter(): Promise<void> {
    if (this.#arrived) return
    try {
      await this.#cnm.enterSwarm({ ...this.#heard, ...this.#request })
      this.#arrived = true
    } catch (error) {
      if (!(error instanceof CnmError && PASSING.includes(error.code))) throw error
      this.#warn(error)
    }
  }

  /** Once, as long as it is the same. */
  #warn({ message }: Error): void {
    if (message !== this.#told) process.emitWarning(`not in the swarm: ${message}`, { code: 'CNM_SWARM' })
    this.#told = message
  }
}
