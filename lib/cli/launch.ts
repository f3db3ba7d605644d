import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Verbs } from '../controller/verbs.ts'
import { exitCodeOfSignal } from './complaint.ts'
import type { Visit } from './visit.ts'

/** A program that was started. Its exit code is as a shell would have it. */
export interface Launched {
  readonly exitCode: Promise<number>
}

/** Starts a program inside a sandbox, on our own standard streams. Signals are its business from now on. */
export async function launch(visit: Visit, cnm: Verbs, sandbox: string, command: readonly string[]): Promise<Launched> {
  visit.interrupts.signal.throwIfAborted()
  const child = await cnm.spawn(sandbox, command as [string, ...string[]], { stdio: 'inherit', env: visit.world.env })
  visit.interrupts.redirect((signal) => {
    if (!(FROM_KEYBOARD.includes(signal) && inForeground())) child.kill(signal)
  })
  const exitCode = ended(child)
  // Awaited only after the controller is closed; until then a failure must not count as one that nobody handles.
  exitCode.catch(() => {})
  return { exitCode }
}

const ended = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal ? exitCodeOfSignal(signal) : (code ?? 0)))
  })

const FROM_KEYBOARD: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/** In the foreground of a terminal, its keys reach our child as they reach us, and it must not be told twice. */
function inForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return group === foreground
}
