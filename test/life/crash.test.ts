import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { Lab } from '../support/lab.ts'
import { must, run, start } from '../support/run.ts'
import { pinned, settled, snapshot } from '../support/snapshot.ts'

const CNM = fileURLToPath(new URL('../../dist/esm/lib/cli/main.js', import.meta.url))
const DOOMED = fileURLToPath(new URL('../support/doomed.cjs', import.meta.url))

let lab: Lab

beforeEach(async () => {
  lab = new Lab()
  await using cnm = await lab.open()
  await cnm.createNetwork({ name: 'base' })
  await cnm.createSandbox({ name: 'there', networks: [{ network: 'base' }] })
})

afterEach(() => lab[Symbol.asyncDispose]())

/** Kills a controller in the middle of a verb; answers how many ops the verb's plan has. */
function killAt(step: number, ...verb: readonly unknown[]): number {
  const { stdout, status } = run([process.execPath, DOOMED, lab.root, lab.run, lab.host, String(step), JSON.stringify(verb)])
  expect(status, 'ended by a signal').toBe(-1)
  return Number(stdout)
}

const names = (cnm: Controller) => [cnm.networks().map(({ name }) => name), cnm.sandboxes().map(({ name }) => name)]

const makers: readonly (readonly [string, object])[] = [
  ['createNetwork', { name: 'more' }],
  [
    'createSandbox',
    {
      name: 'new',
      networks: [{ network: 'base', options: { 'cnm.rate.in': '10mbit', 'cnm.rate.out': '10mbit' } }],
      ports: [{ protocol: 'tcp', hostIP: '', hostPort: 80, port: 80 }],
    },
  ],
]

describe('killed half-way', () => {
  it.each(makers)('%s: the next controller finds nothing of it, and can do it again', async (verb, request) => {
    await settled(lab.host)
    const before = { ...snapshot(lab.host), pins: pinned(`${lab.run}/netns`) }
    let had: unknown
    {
      await using cnm = await lab.open()
      had = names(cnm)
    }
    let steps = Number.POSITIVE_INFINITY
    for (let step = 0; step <= steps; step++) {
      steps = killAt(step, verb, request)
      await using cnm = await lab.open()
      expect(names(cnm), `killed after step ${step}`).toEqual(had)
      expect({ ...snapshot(lab.host), pins: pinned(`${lab.run}/netns`) }, `killed after step ${step}`).toEqual(before)
    }
    await using cnm = await lab.open()
    await (verb === 'createNetwork' ? cnm.createNetwork(request as { name: string }) : cnm.createSandbox(request))
  })

  it('removeSandbox: the next controller finishes it', async () => {
    let steps = Number.POSITIVE_INFINITY
    for (let step = 0; step < steps; step++) {
      steps = killAt(step, 'removeSandbox', 'there')
      await using cnm = await lab.open()
      expect(cnm.sandboxes()).toEqual([])
      expect(pinned(`${lab.run}/netns`)).toEqual([])
      expect(must(['ip', '-o', 'link'], { netns: lab.host })).not.toContain('veth')
      await cnm.createSandbox({ name: 'there', networks: [{ network: 'base' }] })
    }
  })

  it('a link that somebody else made meanwhile under the same name is not deleted', async () => {
    killAt(0, 'createNetwork', { name: 'more', options: { 'com.docker.network.bridge.name': 'theirs' } })
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
    expect(isRunning(pid)).toBe(false)
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
