import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import type { Sandbox } from '../../model/network.ts'
import { argument, commandAsked } from '../arguments.ts'
import { beyondPlan } from '../execution/beyond-plan.ts'
import type { Hall } from '../hall.ts'
import { findSandbox } from '../lookup.ts'
import { checkAlive } from './sandboxes.ts'

/** The same by its name or id; a dry run starts nothing. */
export async function spawnAt(
  hall: Hall,
  ref: string,
  command: readonly [string, ...string[]],
  options?: SpawnOptions,
): Promise<ChildProcess> {
  const sandbox = findSandbox(hall, ref)
  await beyondPlan(hall)
  return spawnIn(sandbox, command, options)
}

/** Starts a process inside a sandbox. No shell; nsenter(1) enters the namespace and becomes the command. */
export async function spawnIn(
  sandbox: Sandbox,
  command: readonly [string, ...string[]],
  options: SpawnOptions = {},
): Promise<ChildProcess> {
  const asked = argument(commandAsked, command, 'command')
  await checkAlive(sandbox)
  return spawn('nsenter', [`--net=${sandbox.path || '/proc/self/ns/net'}`, '--', ...asked], options)
}
