import { rmSync, statSync, writeFileSync } from 'node:fs'

/** Enough for a few hundred removals. */
const SIZE = 1 << 20

/** Room in a file system that is kept for taking things away: that needs some, too, and is what helps where there is none. */
export class Reserve {
  readonly #path: string
  /** What of it is kept. */
  #size: number
  #isLent = false

  constructor(path: string) {
    this.#path = path
    this.#size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  }

  /** Where it leaves as much again of what is free; a file system without a limit needs none. */
  keep(free: number): void {
    if (!this.#isLent && this.#size < SIZE && free >= 2 * SIZE && Number.isFinite(free)) this.#write(SIZE)
  }

  lend(): void {
    this.#isLent = true
    this.#write(0)
  }

  /** As much as is left of it, after it was lent. */
  takeBack(free: () => number): void {
    if (this.#isLent) this.#write(Math.min(SIZE, free()))
    this.#isLent = false
  }

  #write(size: number): void {
    this.#size = 0
    try {
      rmSync(this.#path, { force: true })
      if (size > 0) writeFileSync(this.#path, new Uint8Array(size), { mode: 0o600 })
      this.#size = size
    } catch {
      // Somebody else was faster: it is tried again with what is written next.
      rmSync(this.#path, { force: true })
    }
  }
}
