import { Lab } from '../support/lab.ts'
import type { Ran } from '../support/run.ts'
import { play, type Stage } from './play.ts'

export { CNM } from '../support/command.ts'

/** `cnm` on a host of its own. */
export class Host extends Lab {
  /** Runs the command line within this process. */
  cnm(line: string | readonly string[], stage: Stage = {}): Promise<Ran> {
    const argv = typeof line === 'string' ? line.split(' ') : line
    return play(argv, { open: (options) => this.open(options), examine: (options) => this.examine(options), env: this.env, ...stage })
  }

  /** The same, and a failure is an error. */
  async must(line: string | readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.cnm(line)
    if (status !== 0) throw new Error(`cnm ${line}: exit ${status}: ${stderr}`)
    return stdout.trimEnd()
  }
}
