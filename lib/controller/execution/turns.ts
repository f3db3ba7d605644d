/** One of several that are asked for at the same time. */
export interface Asked<I> {
  readonly what: I
  /** Aborted before it was begun: it never is. */
  readonly signal?: AbortSignal | undefined
}

/** What became of each, in their order. */
export type Outcomes<T> = readonly PromiseSettledResult<T>[]

/** One verb at a time, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #count = 0
  #waiting = 0
  readonly #urgent: (() => Promise<void>)[] = []

  /** A verb whose signal is aborted before its turn is never begun. */
  take<T>(verb: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#count++
    return this.#queue(() => {
      signal?.throwIfAborted()
      return verb()
    })
  }

  /** Before the verbs that wait, which go on whatever becomes of it. */
  ahead(work: () => Promise<void>): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#urgent.push(() => work().then(resolve, reject))
    })
    if (this.#waiting === 0) this.#queue(async () => {})
    return done
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++
    const turn = this.#last.then(async () => {
      this.#waiting--
      for (const urgent of this.#urgent.splice(0)) await urgent()
      return work()
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  /** A verb that has one turn for as many as wait for theirs, one right behind the other. */
  together<I, T>(verb: (all: readonly Asked<I>[]) => Promise<Outcomes<T>>): (what: I, signal?: AbortSignal) => Promise<T> {
    let open: { readonly all: Asked<I>[]; readonly outcomes: Promise<Outcomes<T>>; readonly count: number } | undefined
    const begin = () => {
      const all: Asked<I>[] = []
      const outcomes = this.take(() => {
        if (open?.all === all) open = undefined
        return verb(all)
      })
      return { all, outcomes, count: this.#count }
    }
    return async (what, signal) => {
      // Behind a verb of another kind it has to wait for that.
      if (open?.count !== this.#count) open = begin()
      const { all, outcomes } = open
      const index = all.push({ what, signal }) - 1
      const outcome = (await outcomes)[index]
      if (outcome?.status !== 'fulfilled') throw outcome?.reason
      return outcome.value
    }
  }

  /** Settles when every verb asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last
  }
}

/** What becomes of a piece of work, whatever it is. */
export const outcomeOf = <T>(work: () => T | Promise<T>): Promise<PromiseSettledResult<T>> =>
  Promise.resolve()
    .then(work)
    .then(
      (value) => ({ status: 'fulfilled', value }),
      (reason) => ({ status: 'rejected', reason }),
    )
