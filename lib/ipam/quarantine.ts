import { type Family, formatAddress } from '../model/address.ts'
import type { Notes } from './notes.ts'

/**
 * How long an address is left alone after its release, in ms. By then neighbours have forgotten the MAC that it had, and
 * most of those who looked up its name have looked again.
 */
export const QUARANTINE = 60_000

/** Where more than these are waiting, the subnet is so large that nobody comes back to them soon anyway. */
const MOST = 4_096

/** Milliseconds on a clock that never goes back and that all processes share: the time since boot. */
export type Clock = () => number
export const sinceBoot: Clock = () => Number(process.hrtime.bigint() / 1_000_000n)

export interface QuarantineOptions {
  /** In ms. */
  readonly duration: number
  readonly clock: Clock
  /** 'SPACE/SUBNET IP' → when it was released. */
  readonly notes: Notes<number>
}

/** The addresses of one subnet that were released a short while ago. */
export class Quarantine {
  /** The first released first. */
  readonly #since = new Map<bigint, number>()
  readonly #keyOf: (value: bigint) => string
  readonly #options: QuarantineOptions

  constructor(subnet: string, family: Family, options: QuarantineOptions) {
    this.#keyOf = (value) => `${subnet} ${formatAddress({ family, value })}`
    this.#options = options
  }

  get size(): number {
    return this.#since.size
  }

  /** Time to discharge, though nobody asks for an address: many go at once, for a Map is slow where its first ones went singly. */
  get isCrowded(): boolean {
    return this.size >= 2 * MOST
  }

  has(value: bigint): boolean {
    return this.#since.has(value)
  }

  start(value: bigint, since: number = this.#options.clock()): void {
    this.#since.set(value, since)
    this.#options.notes.set(this.#keyOf(value), since)
  }

  /** False when it was not in. */
  end(value: bigint): boolean {
    if (!this.#since.delete(value)) return false
    this.#options.notes.delete(this.#keyOf(value))
    return true
  }

  /** Lets those go whose time is over, and says which. */
  discharge(): readonly bigint[] {
    const { clock, duration } = this.#options
    const now = this.size > 0 ? clock() : 0
    const over: bigint[] = []
    for (const [value, since] of this.#since) {
      if (now - since < duration && this.size - over.length <= MOST) break
      over.push(value)
    }
    for (const value of over) this.end(value)
    return over
  }

  /** Those from `first` to `last`; the first released first. */
  *within(first: bigint, last: bigint): IterableIterator<bigint> {
    for (const value of this.#since.keys()) if (value >= first && value <= last) yield value
  }

  clear(): void {
    for (const value of [...this.#since.keys()]) this.end(value)
  }
}
