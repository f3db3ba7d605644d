import type { Controller, VerbOptions } from '../controller/controller.ts'
import { type Directories, runOf } from '../controller/directories.ts'
import type { Examination } from '../controller/doctor/repair.ts'
import type { OpenOptions } from '../controller/open.ts'
import type { StateExport } from '../controller/state.ts'
import { CnmError } from '../model/errors.ts'
import type { Finding } from '../model/findings.ts'
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

  /** The run directory; absent flags and variables leave it to the controller. */
  get run(): string {
    return runOf(this.#directories)
  }

  get #directories(): Directories {
    const root = this.#place.root ?? this.world.env['CNM_ROOT']
    const run = this.#place.run ?? this.world.env['CNM_RUN']
    return { ...(root ? { root } : {}), ...(run ? { run } : {}) }
  }

  /** A line on standard output. */
  print(line: string): void {
    this.write(`${line}\n`)
  }

  /** Any text on standard output. */
  write(text: string): void {
    if (text !== '') this.world.stdout.write(text)
  }

  /** Opens the controller for `work` alone. `signal` null: nothing keeps us from waiting for our turn. */
  async open<T>(
    work: (cnm: Controller) => T | Promise<T>,
    signal: AbortSignal | null = this.interrupts.signal,
    more: Pick<OpenOptions, 'guard'> = {},
  ): Promise<T> {
    const cnm = await this.#patiently((options) => this.world.open({ ...options, ...more }), signal ? { signal } : {})
    try {
      return await work(cnm)
    } finally {
      await this.#watched(() => cnm.close())
    }
  }

  /** Looks at the host without opening its controller, which would finish what the last one left. */
  async examine(): Promise<Examination> {
    return this.#patiently((options) => this.world.examine(options), { signal: this.interrupts.signal })
  }

  /** Everything that is recorded, as it stands. */
  async exported(): Promise<StateExport> {
    const { exportState } = await this.world.state()
    return this.#patiently(exportState, { signal: this.interrupts.signal })
  }

  /** What is wrong with all that is recorded. */
  async verified(): Promise<readonly Finding[]> {
    const { verifyState } = await this.world.state()
    return this.#patiently(verifyState, { signal: this.interrupts.signal })
  }

  /** A question to a person, and the first line of the answer. Rejects with the reason of a signal that comes first. */
  async ask(question: string): Promise<string> {
    this.write(question)
    const { signal } = this.interrupts
    const interrupted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return Promise.race([this.world.ask(), interrupted])
  }

  /** What the controller knows, if it can be had at once: for who would rather have nothing than wait. */
  async glance<T>(look: (cnm: Controller) => T): Promise<T | undefined> {
    try {
      const cnm = await this.world.open({ ...this.#directories, wait: 0 })
      try {
        return look(cnm)
      } finally {
        await cnm.close()
      }
    } catch {
      return undefined
    }
  }

  /** Whoever watches is told when it is another controller that we wait for. */
  async #patiently<T>(begin: (options: OpenOptions) => Promise<T>, options: VerbOptions): Promise<T> {
    const where = { ...this.#directories, ...options }
    try {
      return await begin({ ...where, wait: PATIENCE })
    } catch (error) {
      if (!(error instanceof CnmError && error.code === 'STATE_LOCKED')) throw error
      this.progress(`${error.message}; waiting for it to end`)
      return begin(where)
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
    return this.#watched(() => verb(cnm, options))
  }

  /** Whoever watches is told when it takes long. */
  async #watched<T>(work: () => Promise<T>): Promise<T> {
    const slow = setTimeout(() => this.progress('still waiting for the kernel'), PATIENCE)
    try {
      return await work()
    } finally {
      clearTimeout(slow)
    }
  }

  /** Reports an error that does not end the verb. */
  complain(error: unknown): void {
    this.world.stderr.write(complaint(error, this.world))
  }

  /** For a person who watches; a program is not told. */
  progress(text: string): void {
    if (this.world.stderr.isTTY) this.world.stderr.write(`${text}\n`)
  }
}
