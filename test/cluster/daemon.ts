import { join } from 'node:path'
import type { Verbs } from '../../lib/controller/verbs.ts'
import { reach } from '../../lib/server/client/remote.ts'
import { CNM } from '../cli/host.ts'
import { play } from '../cli/play.ts'
import { type Ran, start } from '../support/run.ts'
import { unmount } from './fleet.ts'

/** `cnm serve` on a host of its own, and the command line that finds it there. */
export class Daemon implements AsyncDisposable {
  readonly netns: string
  readonly host: string
  readonly run: string
  readonly #folder: string
  #running: Awaited<ReturnType<typeof start>> | undefined

  constructor(netns: string, host: string, folder: string) {
    this.netns = netns
    this.host = host
    this.run = join(folder, 'run')
    this.#folder = folder
  }

  /** Where `cnm` finds it. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, CNM_ROOT: join(this.#folder, 'root'), CNM_RUN: this.run }
  }

  async start(): Promise<void> {
    const argv = [process.execPath, '--no-warnings', CNM, 'serve', '--no-plugins']
    this.#running = await start(argv, { netns: this.netns, env: this.env })
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]()
    this.#running = undefined
  }

  /** Its controller, as it is now. */
  async ask<T>(work: (cnm: Verbs) => T | Promise<T>): Promise<T> {
    const cnm = await reach({ path: join(this.run, 'cnm.sock') })
    try {
      return await work(cnm)
    } finally {
      await cnm.close()
    }
  }

  cnm(line: string): Promise<Ran> {
    return play(line.split(' '), { env: this.env })
  }

  async must(line: string): Promise<string> {
    const { status, stdout, stderr } = await this.cnm(line)
    if (status !== 0) throw new Error(`cnm ${line}: exit ${status}: ${stderr}`)
    return stdout.trimEnd()
  }

  /** The namespace that a network has for itself here. */
  async home(network: string): Promise<string> {
    return join(this.run, 'netns', `net-${await this.ask((cnm) => cnm.network(network).id.slice(0, 12))}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    unmount(this.#folder)
  }
}
