import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import type { Sandbox } from '../../model/network.ts'
import { argument, commandAsked } from '../arguments.ts'
import { checkAlive } from './sandboxes.ts'

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
