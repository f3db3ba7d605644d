import { constants } from 'node:os'
import { inspect } from 'node:util'
import { CnmError } from '../model/errors.ts'
import { Interrupted } from './interrupts.ts'
import { Contradiction, Misuse } from './misuse.ts'
import type { World } from './world.ts'

const UNEXPECTED = 'this was not expected; CNM_DEBUG=1 shows where it comes from'

/** What standard error gets to read: the sentence, and under it the way out where there is one. */
export function complaint(error: unknown, { env, stderr }: Pick<World, 'env' | 'stderr'>): string {
  if (error instanceof Interrupted) return ''
  if (env['CNM_DEBUG']) return `${inspect(error)}\n`
  const message = error instanceof Error ? error.message : String(error)
  const hint = hintOf(error)
  if (hint === '') return `${message}\n`
  const dim = stderr.isTTY && !env['NO_COLOR']
  return `${message}\n${dim ? `\x1b[2m${hint}\x1b[0m` : hint}\n`
}

function hintOf(error: unknown): string {
  if (error instanceof CnmError) return error.remedy && `hint: ${error.remedy}`
  if (error instanceof Contradiction) return error.cause ? hintOf(error.cause) : ''
  return error instanceof Misuse ? '' : `hint: ${UNEXPECTED}`
}

/** `launches`: the verb passes on the exit code of a program, so its own failures keep clear of those. */
export function exitCodeOf(error: unknown, launches: boolean): number {
  if (error instanceof Interrupted) return exitCodeOfSignal(error.signal)
  if (launches) return 125
  return error instanceof Misuse ? 2 : 1
}

/** As shells have it. */
export const exitCodeOfSignal = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]
