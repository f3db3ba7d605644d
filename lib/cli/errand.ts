import { EventEmitter } from 'node:events'
import type { Controller } from '../controller/controller.ts'
import { CnmError } from '../model/errors.ts'
import type { Errands } from '../server/verbs/errands.ts'
import { cnm } from './cnm.ts'
import type { Visit } from './visit.ts'

/** A command line that has to be done where it was typed; nothing of it has been. */
class Declined extends Error {
  override readonly name = 'Declined'
}

/**
 * In a daemon: does with its controller what somebody typed elsewhere on this host, and prints there. Help, complaints about the
 * line, and verbs that need files, a terminal or a process of their own are declined.
 */
export const errandsFor =
  (controller: Controller): Errands =>
  async ({ argv, env, cwd, tty, socket, signal, takeUp, out, err }) => {
    let begun = false
    const printing = (print: (text: string) => void) => (text: string) => {
      if (!begun) throw new Declined()
      print(text)
    }
    const signals = new EventEmitter()
    signal.addEventListener('abort', () => signals.emit('SIGHUP'))
    const lent = controller.lend()
    const world = {
      stdout: { write: printing(out) },
      stderr: { write: printing(err), isTTY: tty },
      env,
      cwd: () => cwd,
      program: '',
      signals,
      ask: async () => '',
      open: async () => lent,
      reach: async () => lent,
      state: () => import('../controller/state.ts'),
      examine: () => lent.examine(),
      admit: (visit: Visit, isErrand: boolean) => {
        if (!isErrand || !leadsTo(visit, socket)) throw new Declined()
        begun = true
        takeUp()
      },
    }
    try {
      return await cnm(argv, world)
    } catch (error) {
      if (error instanceof Declined) return undefined
      throw error
    }
  }

/** The line itself leads to the daemon that was asked. */
function leadsTo(visit: Visit, socket: string): boolean {
  try {
    const { daemon } = visit
    return 'path' in daemon && daemon.path === socket
  } catch (error) {
    if (error instanceof CnmError) return false
    throw error
  }
}
