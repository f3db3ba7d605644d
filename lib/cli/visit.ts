import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Controller, VerbOptions } from '../controller/controller.ts'
import { type Directories, runOf } from '../controller/directories.ts'
import type { Examination } from '../controller/doctor/repair.ts'
import { eventsOf, type Period } from '../controller/execution/events.ts'
import type { OpenOptions } from '../controller/open.ts'
import type { StateExport } from '../controller/state.ts'
import type { Verbs } from '../controller/verbs.ts'
import { CnmError, fault } from '../model/errors.ts'
import type { NetworkEvent } from '../model/event.ts'
import type { Finding } from '../model/findings.ts'
import { type Host, parseHost } from '../server/host.ts'
import { SOCKET } from '../server/places.ts'
import { complaint } from './complaint.ts'
import type { Interrupts } from './interrupts.ts'
import { Contradiction } from './misuse.ts'
import type { World } from './world.ts'

/** How long a person waits before wondering, in ms. */
const PATIENCE = 1000

/** Flags that every verb has. */
export interface Globals {
  readonly root?: string
  readonly run?: string
  readonly host?: readonly string[]
  readonly tls?: string
  readonly dryRun?: boolean
}

/** One call of a verb: its way to the controller, and its way to answer. */
export class Visit {
  readonly world: World
  readonly interrupts: Interrupts
  readonly dryRun: boolean
  /** As they were given; no variable stands for them. */
  readonly hosts: readonly string[]
  readonly #globals: Globals

  constructor(world: World, globals: Globals, interrupts: Interrupts) {
    this.world = world
    this.interrupts = interrupts
    this.dryRun = globals.dryRun ?? false
    this.hosts = globals.host ?? []
    this.#globals = globals
  }

  /** The run directory; absent flags and variables leave it to the controller. */
  get run(): string {
    return runOf(this.#directories)
  }

  /** The folder of certificates. */
  get tls(): string | undefined {
    return this.#globals.tls ?? (this.world.env['CNM_CERT_PATH'] || undefined)
  }

  get #directories(): Directories {
    const root = this.#globals.root ?? this.world.env['CNM_ROOT']
    const run = this.#globals.run ?? this.world.env['CNM_RUN']
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

  /** A controller for `work`: the daemon's that is named or owns the run directory, else our own. `signal` null: nothing keeps us from waiting. */
  async open<T>(work: (cnm: Verbs) => T | Promise<T>, signal: AbortSignal | null = this.interrupts.signal): Promise<T> {
    const cnm = await this.#there<Verbs>(
      async (remote) => remote,
      (options) => this.world.open(options),
      signal ? { signal } : {},
    )
    return this.#during(cnm, work)
  }

  /** Our own controller, on guard as long as `work` lasts. */
  async own<T>(work: (cnm: Controller) => T | Promise<T>): Promise<T> {
    const cnm = await this.#patiently((options) => this.world.open({ ...options, guard: true }), { signal: this.interrupts.signal })
    return this.#during(cnm, work)
  }

  async #during<C extends Verbs, T>(cnm: C, work: (cnm: C) => T | Promise<T>): Promise<T> {
    try {
      return await work(cnm)
    } finally {
      await this.#watched(() => cnm.close())
    }
  }

  /** Looks at the host without opening its controller, which would finish what the last one left. */
  async examine(): Promise<Examination> {
    const examine = (remote: Verbs) => this.#during(remote, (cnm) => cnm.examine())
    return this.#there(examine, (options) => this.world.examine(options), { signal: this.interrupts.signal })
  }

  /** Everything that is recorded, as it stands. */
  async exported(): Promise<StateExport> {
    const { exportState } = await this.world.state()
    return this.#there((remote) => this.#during(remote, (cnm) => cnm.exported()), exportState, { signal: this.interrupts.signal })
  }

  /** What is wrong with all that is recorded. */
  async verified(): Promise<readonly Finding[]> {
    const { verifyExport, verifyState } = await this.world.state()
    const verify = async (remote: Verbs) => verifyExport(JSON.stringify(await this.#during(remote, (cnm) => cnm.exported())))
    return this.#there(verify, verifyState, { signal: this.interrupts.signal })
  }

  /** What happens to networks. On this host whoever it happens by writes it where anybody may read, so nobody need be asked. */
  async *events(period: Period): AsyncGenerator<NetworkEvent> {
    if (this.#host === undefined) return yield* eventsOf(this.run, period)
    const remote = await this.#remote(period)
    try {
      if (remote) yield* remote.events(period)
    } finally {
      await remote?.close()
    }
  }

  /** A question to a person, and the first line of the answer. Rejects with the reason of a signal that comes first. */
  async ask(question: string): Promise<string> {
    this.write(question)
    const { signal } = this.interrupts
    const interrupted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return Promise.race([this.world.ask(), interrupted])
  }

  /** What the controller knows, if it can be had at once: for who would rather have nothing than wait. */
  async glance<T>(look: (cnm: Verbs) => T): Promise<T | undefined> {
    try {
      const cnm = (await this.#remote({ signal: this.interrupts.signal })) ?? (await this.world.open({ ...this.#directories, wait: 0 }))
      return await this.#during(cnm, look)
    } catch {
      return undefined
    }
  }

  /** The daemon that was named; undefined: none. */
  get #host(): string | undefined {
    const [host = this.world.env['CNM_HOST'] || undefined, ...more] = this.hosts
    if (more.length > 0) throw fault('HOST_TWICE', { count: this.hosts.length })
    return host
  }

  /** Where the daemon is that was named, or would be that owns the run directory. */
  get daemon(): Host {
    const host = this.#host
    return host === undefined ? { path: join(this.run, SOCKET) } : parseHost(host)
  }

  /** The controller of the daemon that was named, or of the one that owns the run directory; undefined: there is none. */
  async #remote({ signal }: VerbOptions): Promise<Verbs | undefined> {
    const { daemon } = this
    if (this.#host !== undefined || 'port' in daemon) return this.world.reach(daemon, this.tls, signal)
    if (!existsSync(daemon.path)) return undefined
    try {
      return await this.world.reach(daemon, undefined, signal)
    } catch (error) {
      // One that was killed has left its socket.
      if (error instanceof CnmError && error.code === 'DAEMON_UNREACHABLE') return undefined
      throw error
    }
  }

  /** Asks a daemon where there is one, and else does it here. */
  async #there<T>(ask: (remote: Verbs) => Promise<T>, here: (options: OpenOptions) => Promise<T>, options: VerbOptions): Promise<T> {
    const remote = await this.#remote(options)
    if (remote) return ask(remote)
    return this.#patiently(here, options, async (again) => {
      // Who holds the lock may be a daemon that has begun to serve meanwhile.
      const late = await this.#remote(options)
      return late ? ask(late) : again()
    })
  }

  /** Whoever watches is told when it is another controller that we wait for. */
  async #patiently<T>(
    begin: (options: OpenOptions) => Promise<T>,
    options: VerbOptions,
    retry: (again: () => Promise<T>) => Promise<T> = (again) => again(),
  ): Promise<T> {
    const where = { ...this.#directories, ...options }
    try {
      return await begin({ ...where, wait: PATIENCE })
    } catch (error) {
      if (!(error instanceof CnmError && error.code === 'STATE_LOCKED')) throw error
      return retry(() => {
        this.progress(`${error.message}; waiting for it to end`)
        return begin(where)
      })
    }
  }

  /** Of a verb whose work is none of steps in the kernel. */
  refuseDryRun(verb: string): void {
    if (this.dryRun) throw new Contradiction(`what ${verb} does is no step in the kernel: there is no dry run of it`)
  }

  /** Carries out a verb that changes something; in a dry run, prints its plan instead and resolves with undefined. */
  async change<T>(cnm: Verbs, verb: (cnm: Verbs, options: VerbOptions) => Promise<T>): Promise<T | undefined> {
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
