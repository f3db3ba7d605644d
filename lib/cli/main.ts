#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { cnm } from './cnm.ts'
import type { World } from './world.ts'

let lost: Error | undefined
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `cnm network ls | head -1`: a reader that has seen enough is no failure of ours.
  if (error.code !== 'EPIPE') lost = error
  else process.emit('SIGPIPE')
})
process.stderr.on('error', () => {})

async function firstLine(): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  for await (const line of createInterface({ input: process.stdin })) return line
  return ''
}

const world: World = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd,
  program: fileURLToPath(import.meta.url),
  signals: process,
  ask: firstLine,
  // Loaded when it is needed: help, and complaints about the command line, want neither the addon nor the store.
  open: async (options) => (await import('../controller/open.ts')).open(options),
  reach: async (...where) => (await import('../server/client/remote.ts')).reach(...where),
  state: () => import('../controller/state.ts'),
  examine: async (options) => (await import('../controller/doctor/repair.ts')).examine(options),
}
async function main(): Promise<void> {
  const code = await cnm(process.argv.slice(2), world)
  // A pipe takes as much as its reader does, and of a write that failed Node tells a turn later.
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))))
  await new Promise(setImmediate)
  if (lost) process.stderr.write(`the answer cannot be written: ${lost.message}\n`)
  process.exit(lost ? 1 : code)
}

void main()
