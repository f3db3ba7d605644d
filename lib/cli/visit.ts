import type { Controller, VerbOptions } from '../controller/controller.ts'
import { CnmError } from '../model/errors.ts'
import { complaint } from './complaint.ts'
import type { Interrupts } from './interrupts.ts'
import type { World } from './world.ts'

/** How long a person waits before wondering, in ms. */
const PATIENCE = 1000

/** One call of a verb: its way to the controller, and its way to answer. */
export class Visit {
  readonly world: World
  readonly interrupts: Interrupts
  readonly dryRun: boolean
  readonly #place: { readonly root?: string; readonly run?: string }

  constructor(
    world: World,
    { dryRun = false, ...place }: { readonly root?: string; readonly run?: string; readonly dryRun?: boolean },
    interrupts: Interrupts,
  ) {
    this.world = world
    this.interrupts = interrupts
    this.dryRun = dryRun
    this.#place = place
  }

  /** A line on standard output. */
  print(line: string): void {
    this.world.stdout.write(`${line}\n`)
  }

  /** Opens the controller for `work` alone. `signal` null: nothing keeps us from waiting for our turn. */
  async open<T>(work: (cnm: Controller) => T | Promise<T>, signal: AbortSignal | null = this.interrupts.signal): Promise<T> {
    const cnm = await this.#controller(signal ? { signal } : {})
    try {
      return await work(cnm)
    } finally {
      await cnm.close()
    }
  }

  async #controller(options: VerbOptions): Promise<Controller> {
    const { env, open } = this.world
    const root = this.#place.root ?? env['CNM_ROOT']
    const run = this.#place.run ?? env['CNM_RUN']
    const where = { ...(root ? { root } : {}), ...(run ? { run } : {}), ...options }
    try {
      return await open({ ...where, wait: PATIENCE })
    } catch (error) {
      if (!(error instanceof CnmError && error.code === 'STATE_LOCKED')) throw error
      this.#note(`${error.message}; waiting for it to end`)
      return open(where)
    }
  }

  /** Carries out a verb that changes something; in a dry run, prints its plan instead and resolves with undefined. */
  async change<T>(cnm: Controller, verb: (cnm: Controller, options: VerbOptions) => Promise<T>): Promise<T | undefined> {
    const options = { signal: this.interrupts.signal }
    if (this.dryRun) {
      const { text } = await cnm.plan((dry) => verb(dry, options))
      this.print(text || '# no step in the kernel')
      return undefined
    }
    const slow = setTimeout(() => this.#note('still waiting for the kernel'), PATIENCE)
    try {
      return await verb(cnm, options)
    } finally {
      clearTimeout(slow)
    }
  }

  /** Reports an error that does not end the verb. */
  complain(error: unknown): void {
    this.world.stderr.write(complaint(error, this.world))
  }

  /** For a person who watches; a program is not told. */
  #note(text: string): void {
    if (this.world.stderr.isTTY) this.world.stderr.write(`${text}\n`)
  }
}
