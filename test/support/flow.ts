import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** What has become of echo requests that went all the time. */
export interface Passed {
  readonly sent: number
  /** Those that nobody answered. */
  readonly lost: number
  /** The longest time without an answer, in ms. */
  readonly gap: number
}

/** Every so many ms. */
const EVERY = 10

/** Echo requests that go from one place to another until end(), or until the test that began it has failed. */
export class Flow {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #first = 0
  #last = 0
  #answered = 0
  #heard = performance.now()
  #gap = 0

  constructor(netns: string, address: string) {
    const child = spawn('nsenter', [`--net=${netns}`, '--', 'ping', '-n', '-i', String(EVERY / 1000), address])
    this.#child = child
    onTestFinished(() => void child.kill('SIGKILL'))
    this.#ended = new Promise((resolve) => child.once('close', resolve))
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line))
  }

  #hear(line: string): void {
    const seq = Number(/^\d+ bytes from .*icmp_seq=(\d+) .*time=[\d.]+ ms$/.exec(line)?.[1] ?? 0)
    if (seq === 0) return
    const now = performance.now()
    if (this.#answered > 0) this.#gap = Math.max(this.#gap, now - this.#heard)
    this.#heard = now
    this.#first ||= seq
    this.#last = Math.max(this.#last, seq)
    this.#answered++
  }

  /** Until something was answered that is asked after now. */
  async passes(): Promise<void> {
    const seen = this.#answered
    // One may be on its way already.
    for (let patience = 6000; this.#answered < seen + 2; patience--) {
      if (patience === 0) throw new Error(`no answer any more after ${this.#answered}`)
      await pause(EVERY)
    }
  }

  /** Not before something passes. */
  async end(): Promise<Passed> {
    await this.passes()
    this.#child.kill('SIGKILL')
    await this.#ended
    const sent = this.#last - this.#first + 1
    return { sent, lost: sent - this.#answered, gap: Math.round(this.#gap) }
  }
}

/** All of them together. */
export const together = (all: readonly Passed[]): Passed => ({
  sent: all.reduce((sum, { sent }) => sum + sent, 0),
  lost: all.reduce((sum, { lost }) => sum + lost, 0),
  gap: Math.max(...all.map(({ gap }) => gap)),
})
