import type { Controller } from '../controller/controller.ts'
import type { Examination } from '../controller/doctor/repair.ts'
import type { OpenOptions } from '../controller/open.ts'
import type * as State from '../controller/state.ts'
import type { Verbs } from '../controller/verbs.ts'
import type { Host } from '../server/host.ts'
import type { Visit } from './visit.ts'

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
}

/** Where signals to this program arrive. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown
}

/** All that the command line has to do with outside of its arguments. */
export interface World {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: NodeJS.ProcessEnv
  /** The file of the program. */
  readonly program: string
  readonly cwd: () => string
  readonly signals: SignalSource
  /** The next line of standard input; '' at its end. */
  readonly ask: () => Promise<string>
  readonly open: (options: OpenOptions) => Promise<Controller>
  /** The controller of a daemon; when `signal` is aborted, nobody waits for it any more. Throws DAEMON_UNREACHABLE. */
  readonly reach: (host: Host, tls?: string, signal?: AbortSignal) => Promise<Verbs>
  /** What reads records without a controller. */
  readonly state: () => Promise<Pick<typeof State, 'exportState' | 'verifyExport' | 'verifyState'>>
  readonly examine: (options: OpenOptions) => Promise<Examination>
  /** Hears of a verb before it begins, and whether it is one for errand.ts. Throws where it must not begin here. */
  readonly admit?: (visit: Visit, isErrand: boolean) => void
}
