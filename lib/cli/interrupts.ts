import { setMaxListeners } from 'node:events'
import type { SignalSource } from './world.ts'

const ENDING: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM']

/** Why a verb was aborted. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`)
    this.signal = signal
  }
}

/**
 * Signals that would end this process. They abort the verb instead, which then takes back what it did. They stay caught when
 * the verb is over: one that comes while the process is ending must not change how it ends.
 */
export class Interrupts {
  readonly #abort = new AbortController()
  #deliver = (signal: NodeJS.Signals): void => this.#abort.abort(new Interrupted(signal))

  constructor(source: SignalSource) {
    // As many as there are things that a verb does at a time.
    setMaxListeners(0, this.#abort.signal)
    for (const signal of ENDING) source.on(signal, () => this.#deliver(signal))
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** From now on they go elsewhere. */
  redirect(deliver: (signal: NodeJS.Signals) => void): void {
    this.#deliver = deliver
  }

  /** From now on this one changes nothing. */
  spare(signal: NodeJS.Signals): void {
    const deliver = this.#deliver
    this.redirect((other) => other === signal || deliver(other))
  }

  /** From now on they are too late. */
  ignore(): void {
    this.redirect(() => {})
  }
}
