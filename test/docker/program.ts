import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Island } from './island.ts'

/** A program of this folder that runs on an island, and answers each line of JSON with another. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(
    island: Island,
    file: string,
    { args = [], netns, env = process.env }: { args?: readonly string[]; netns?: string; env?: NodeJS.ProcessEnv },
  ) {
    const program = [process.execPath, fileURLToPath(new URL(file, import.meta.url)), ...args]
    const [command = '', ...argv] = island.there(netns === undefined ? program : ['nsenter', `--net=${netns}`, '--', ...program])
    const child = spawn(command, argv, { stdio: ['pipe', 'pipe', 'inherit'], env })
    this.#child = child
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  async ask<T>(question: unknown): Promise<T> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} ended`)
    return JSON.parse(value)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.stdin?.end()
    await ended
  }
}
