import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { DOOMED } from '../support/built.ts'
import { Lab } from '../support/lab.ts'
import { must, run, start } from '../support/run.ts'

const CNM = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url))

let lab: Lab

beforeEach(async () => {
  lab = new Lab()
  await using cnm = await lab.open()
  await cnm.createNetwork({ name: 'base' })
  await cnm.createSandbox({ name: 'there', networks: [{ network: 'base' }] })
})

afterEach(() => lab[Symbol.asyncDispose]())

const names = (cnm: Controller) => [cnm.networks().map(({ name }) => name), cnm.sandboxes().map(({ name }) => name)]

describe('killed half-way', () => {
  it('a link that somebody else made meanwhile under the same name is not deleted', async () => {
    const verb = ['createNetwork', { name: 'more', options: { 'com.docker.network.bridge.name': 'theirs' } }]
    const { stdout } = run([process.execPath, DOOMED, lab.root, lab.run, lab.host, 'put journal', JSON.stringify(verb)])
    expect(stdout).toBe('put journal')
    must(['ip', 'link', 'add', 'theirs', 'type', 'bridge'], { netns: lab.host })
    await using cnm = await lab.open()
    expect(cnm.networks().map(({ name }) => name)).not.toContain('more')
    expect(must(['ip', '-o', 'link'], { netns: lab.host })).toContain('theirs')
  })

  it('a sandbox whose owner is gone is removed', async () => {
    const owner = await start([process.execPath, '-e', 'console.log("ready"); setInterval(() => {}, 1000)'])
    {
      await using cnm = await lab.open()
      await cnm.createSandbox({ name: 'owned', networks: [{ network: 'base' }], owner: owner.child.pid ?? 0 })
    }
    {
      await using cnm = await lab.open()
      expect(names(cnm)[1]).toContain('owned')
    }
    await owner[Symbol.asyncDispose]()
    await using cnm = await lab.open()
    expect(names(cnm)[1]).toEqual(['there'])
  })

  it('cnm run: its command ends with it, and its sandbox is removed by the next controller', async () => {
    const command = ['run', '--name', 'brief', '--network', 'base', '--', 'sh', '-c', 'echo $$; exec sleep 1000']
    const argv = [`--net=${lab.host}`, '--', process.execPath, CNM, ...command]
    const child = spawn('nsenter', argv, { env: lab.env, stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = Number(await new Promise((resolve) => child.stdout.once('data', (data) => resolve(String(data)))))
    expect(isRunning(pid)).toBe(true)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
    // Who ends has closed its files before it runs no more.
    await expect.poll(() => isRunning(pid)).toBe(false)
    await using cnm = await lab.open()
    expect(names(cnm)[1]).toEqual(['there'])
  })
})

/** A zombie, whose parent has not asked for it yet, runs no more. */
const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
