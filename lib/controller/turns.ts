/** One verb at a time, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** A verb whose signal is aborted before its turn is never begun. */
  take<T>(verb: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = this.#last.then(() => {
      signal?.throwIfAborted()
      return verb()
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Settles when every verb asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last
  }
}
