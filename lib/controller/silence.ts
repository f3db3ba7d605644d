import { fault } from '../model/errors.ts'

/**
 * Waits for a driver in this process as long as for a plugin: all other verbs wait meanwhile. One call is made at a time, so as long as
 * one is not answered the driver is asked for nothing else, and what it was to be told it is told afterwards.
 */
export class Listener {
  readonly #name: string
  readonly #patience: number
  #silent: { readonly method: string; readonly untold: (() => unknown)[] } | undefined

  /** `patience`: in ms. */
  constructor(name: string, patience: number) {
    this.#name = name
    this.#patience = patience
  }

  /** Throws DRIVER_SILENT as long as the driver owes an answer. */
  check(): void {
    if (this.#silent) throw this.#fault(this.#silent.method)
  }

  /** Whether that is told later, because the driver owes an answer. */
  putOff(tell: () => unknown): boolean {
    this.#silent?.untold.push(tell)
    return this.#silent !== undefined
  }

  /**
   * `late`: takes back what an answer brings that nobody waits for any more; absent: it is a question that keeps the driver from no
   * other. Rejects with DRIVER_SILENT.
   */
  async hear<T>(method: string, answer: PromiseLike<T>, late?: (answer: T) => unknown): Promise<T> {
    let alarm: NodeJS.Timeout | undefined
    const silence = new Promise<never>((_, reject) => {
      alarm = setTimeout(() => {
        if (late) this.#owes(method, answer, late)
        reject(this.#fault(method))
      }, this.#patience)
    })
    return Promise.race([answer, silence]).finally(() => clearTimeout(alarm))
  }

  #owes<T>(method: string, answer: PromiseLike<T>, late: (answer: T) => unknown): void {
    const silent = { method, untold: [] as (() => unknown)[] }
    this.#silent = silent
    const told = async () => {
      await Promise.resolve(answer).then(late).catch(this.#warn)
      // Some may be added meanwhile.
      for (const tell of silent.untold) await Promise.resolve().then(tell).catch(this.#warn)
      this.#silent = undefined
    }
    void told()
  }

  #warn = (error: unknown): void =>
    process.emitWarning(`driver ${this.#name}, which has answered late: ${error instanceof Error ? error.message : String(error)}`, {
      code: 'CNM_DRIVER_LATE',
    })

  #fault(method: string) {
    return fault('DRIVER_SILENT', { name: this.#name, method, seconds: this.#patience / 1000 })
  }
}
