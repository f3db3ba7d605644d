/**
 * A signal that is aborted when one of others is, for the time of one piece of work; aborted, it has forgotten them.
 * AbortSignal.any() remembers each signal it has made for as long as those live that it was made of, some 80 bytes each: too much
 * for what is asked again and again under one that stays.
 */
export class Either implements Disposable {
  readonly #abort = new AbortController()
  readonly #sources: readonly AbortSignal[]
  readonly #hear = ({ target }: Event): void => {
    this[Symbol.dispose]()
    this.#abort.abort((target as AbortSignal).reason)
  }

  constructor(...sources: readonly (AbortSignal | undefined)[]) {
    this.#sources = sources.filter((source) => source !== undefined)
    const over = this.#sources.find(({ aborted }) => aborted)
    if (over) this.#abort.abort(over.reason)
    else for (const source of this.#sources) source.addEventListener('abort', this.#hear)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  [Symbol.dispose](): void {
    for (const source of this.#sources) source.removeEventListener('abort', this.#hear)
  }
}
