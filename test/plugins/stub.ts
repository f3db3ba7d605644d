import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Json } from '../../lib/model/call.ts'
import type { Lab } from '../support/lab.ts'
import { start } from '../support/run.ts'

const PROGRAM = fileURLToPath(new URL('stub.py', import.meta.url))

/** What a stub does otherwise; see stub.py. */
export interface Twists {
  readonly capabilities?: object
  readonly ipam?: object
  readonly refuse?: Readonly<Record<string, string>>
  readonly say?: Readonly<Record<string, unknown>>
  readonly hang?: readonly string[]
  /** Activated, it has forgotten everything. */
  readonly fresh?: boolean
  /** Every answer is there twice, one behind the other. */
  readonly twice?: boolean
}

export interface Heard {
  readonly method: string
  readonly request: Readonly<Record<string, Json>> | null
  readonly status: number
}

/** Plugins in Python, on the host of a lab; they end after each test, when all else is tidied up. */
export class Stubs {
  #folder = ''
  #netns = ''
  readonly #running = new Map<string, AsyncDisposable>()
  /** How many lines of each log have been told. */
  readonly #read = new Map<string, number>()

  settle({ run, host }: Lab): void {
    this.#folder = join(run, '..')
    this.#netns = host
  }

  /** Where open() finds them. */
  get plugins() {
    return { places: { sockets: this.#folder, specs: [] }, patience: 30_000 }
  }

  async start(name: string, twists: Twists = {}): Promise<void> {
    this.twist(name, twists)
    const running = await start(
      ['/usr/bin/python3', PROGRAM, ...['sock', 'log', 'twists', 'state'].map((kind) => this.#path(name, kind))],
      {
        netns: this.#netns,
      },
    )
    this.#running.set(name, running)
    // After all else is tidied up, and even if it could not be.
    onTestFinished(() => this.stop(name))
  }

  /** Its socket stays behind, as after kill -9. */
  async stop(name: string): Promise<void> {
    await this.#running.get(name)?.[Symbol.asyncDispose]()
    this.#running.delete(name)
  }

  twist(name: string, twists: Twists): void {
    writeFileSync(this.#path(name, 'twists'), JSON.stringify(twists))
  }

  /** What it has heard since the last time. */
  heard(name: string): readonly Heard[] {
    const path = this.#path(name, 'log')
    if (!existsSync(path)) return []
    // It may be at the next line just now.
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
    const known = this.#read.get(path) ?? 0
    this.#read.set(path, lines.length)
    return lines.slice(known).map((line) => JSON.parse(line))
  }

  /** The methods only, without their interface. */
  methods(name: string): readonly string[] {
    return this.heard(name).map(({ method }) => method.replace(/^.*\./, ''))
  }

  #path(name: string, kind: string): string {
    return join(this.#folder, `${name}.${kind}`)
  }
}
