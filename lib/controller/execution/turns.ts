import { fault } from '../../model/errors.ts'

/** One of several that are asked for at the same time. */
export interface Asked<I> {
  readonly what: I
  /** Aborted before it was begun: it never is, and nobody waits for its turn any more. */
  readonly signal?: AbortSignal | undefined
}

/** What became of each, in their order. */
export type Outcomes<T> = readonly PromiseSettledResult<T>[]

/** One verb at a time, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #count = 0
  #waiting = 0
  #closed = false
  #over = false
  readonly #urgent: (() => Promise<void>)[] = []

  /** A verb whose signal is aborted before its turn is never begun, and rejects at once. Throws CONTROLLER_CLOSED. */
  async take<T>(verb: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) throw fault('CONTROLLER_CLOSED', {})
    this.#count++
    let begun = false
    const turn = this.#queue(() => {
      begun = true
      signal?.throwIfAborted()
      return verb()
    })
    return whileItWaits(turn, () => !begun, signal)
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
    interface Piece {
      readonly all: Asked<I>[]
      readonly outcomes: Promise<Outcomes<T>>
      readonly count: number
      readonly waits: () => boolean
    }
    let open: Piece | undefined
    const begin = (): Piece => {
      const all: Asked<I>[] = []
      let begun = false
      const outcomes = this.take(() => {
        begun = true
        if (open?.all === all) open = undefined
        return verb(all)
      })
      return { all, outcomes, count: this.#count, waits: () => !begun }
    }
    return async (what, signal) => {
      // Behind a verb of another kind it has to wait for that.
      if (open?.count !== this.#count) open = begin()
      const { all, outcomes, waits } = open
      const index = all.push({ what, signal }) - 1
      const outcome = (await whileItWaits(outcomes, waits, signal))[index]
      if (outcome?.status !== 'fulfilled') throw outcome?.reason
      return outcome.value
    }
  }

  /** From now on no verb is taken; those that were asked for go on. */
  close(): void {
    this.#closed = true
  }

  /** Settles when every verb asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last
    this.#over = this.#closed
  }

  /** Closed, and the last verb has ended. */
  get over(): boolean {
    return this.#over
  }
}

/** What is aborted while it waits for its turn is over at once. */
function whileItWaits<T>(turn: Promise<T>, waits: () => boolean, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return turn
  return new Promise((resolve, reject) => {
    const leave = () => {
      if (waits()) reject(signal.reason)
    }
    signal.addEventListener('abort', leave)
    if (signal.aborted) leave()
    turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

/** What becomes of a piece of work, whatever it is. */
export const outcomeOf = <T>(work: () => T | Promise<T>): Promise<PromiseSettledResult<T>> =>
  Promise.resolve()
    .then(work)
    .then(
      (value) => ({ status: 'fulfilled', value }),
      (reason) => ({ status: 'rejected', reason }),
    )
