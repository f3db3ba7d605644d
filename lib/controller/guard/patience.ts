const FIRST_MS = 1000
const MOST_MS = 60_000

/** How long to wait before doing again what somebody has just undone. */
export class Patience {
  readonly #now: () => number
  readonly #known = new Map<string, { readonly until: number; readonly delay: number }>()

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Milliseconds. What has stood for a minute is done at once; else each time takes twice as long, up to a minute. */
  next(what: string): number {
    const now = this.#now()
    const last = this.#known.get(what)
    const delay = last && now - last.until < MOST_MS ? Math.min(Math.max(FIRST_MS, 2 * last.delay), MOST_MS) : 0
    this.#known.set(what, { until: now + delay, delay })
    return delay
  }
}
