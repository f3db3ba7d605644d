import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const LOADER = fileURLToPath(new URL('../../native/load.cjs', import.meta.url))

/**
 * Runs a program of its own with the addon, where at() is a handle to the namespace at `path`, and start(code) a worker that
 * has the same; it ends as `stage` says.
 */
export function end(path: string, stage: string, options: readonly string[] = []) {
  const words = `
    const addon = require(${JSON.stringify(LOADER)})
    const at = () => addon.Netns.at(${JSON.stringify(path)})
    const bridge = (n) => ({ op: 'link.add', name: 'br' + n, kind: 'bridge' })
    const bridges = Array.from({ length: 200 }, (_, n) => bridge(n))
    const nft = { op: 'nft', commands: [{ add: { table: { family: 'inet', name: 'lab' } } }] }
    `
  const program = `${words}
    const { Worker } = require('node:worker_threads')
    const start = (code) => new Worker(${JSON.stringify(`const { parentPort } = require('node:worker_threads');${words}`)} + code, { eval: true })
    /** Resolves when a worker that says when it is busy has been terminated. */
    const terminated = (code) => new Promise((resolve) => {
      const busy = start(code).on('message', () => busy.terminate().then(resolve))
    })
    ${stage}`
  // Long enough for an addon that was built to find errors.
  const timeout = 100_000
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...options, '-e', program], { encoding: 'utf8', timeout })
  return { status, signal, stdout, stderr }
}

export const clean = { status: 0, signal: null, stdout: '', stderr: '' }

/** Collects garbage until what is collected had time to close. */
export const collect = 'const wait = async () => { for (let n = 0; n < 5; n++) { gc(); await new Promise((r) => setTimeout(r, 5)) } }\n'
