import { EventEmitter } from 'node:events'
import { cnm } from '../../lib/cli/cnm.ts'
import type { World } from '../../lib/cli/world.ts'
import type { Ran } from '../support/run.ts'

const unopened = () => Promise.reject(new Error('this test opens no controller'))

export interface Stage {
  readonly open?: World['open']
  readonly examine?: World['examine']
  readonly env?: NodeJS.ProcessEnv
  /** Standard error is a terminal. */
  readonly tty?: boolean
  readonly signals?: EventEmitter
  /** What is typed. */
  readonly input?: string
  readonly ask?: World['ask']
}

/** Runs the command line within this process; what it prints is caught. */
export async function play(
  argv: readonly string[],
  { open = unopened, examine = unopened, env = {}, tty = false, signals, input = '', ask }: Stage = {},
): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const status = await cnm(argv, {
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text), isTTY: tty },
    env,
    cwd: process.cwd,
    program: 'cnm',
    signals: signals ?? new EventEmitter(),
    ask: ask ?? (async () => input.split('\n')[0] ?? ''),
    open,
    examine,
    reach: async (...where) => (await import('../../lib/server/client/remote.ts')).reach(...where),
    state: () => import('../../lib/controller/state.ts'),
  })
  return { status, stdout: out.join(''), stderr: err.join('') }
}
