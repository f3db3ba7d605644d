import { afterAll, beforeAll, expect, it } from 'vitest'
import { DOOMED } from '../support/built.ts'
import { Hosts } from '../support/hosts.ts'
import { run, runAsync } from '../support/run.ts'

/** Every step is tried by test/life for networks of one host; here some of them do. */
const STRIDE = 11

let hosts: Hosts
beforeAll(async () => {
  hosts = await Hosts.open(2)
  await hosts.network('app', 4097, ['10.0.1.0/24', 'fd00:1::/64'])
  await hosts.sandbox(2, 'far', 'app', { ip: '10.0.1.12' })
})
afterAll(() => hosts[Symbol.asyncDispose]())

it.each([
  { what: 'the first endpoint of a host comes', verb: ['createSandbox', { name: 's', networks: [{ network: 'app', ip: '10.0.1.11' }] }] },
  { what: 'the last one goes', verb: ['removeSandbox', 's'], before: true },
])('killed while $what: nothing is left of it, or all is done', async ({ verb, before = false }) => {
  const steps: string[] = []
  for (let step = 0; steps.at(-1) !== 'survived'; step += STRIDE) {
    const { root, run: runDir, netns, cnm } = hosts.at(1)
    if (before) await hosts.sandbox(1, 's', 'app', { ip: '10.0.1.11' })
    await cnm.close()
    const more = JSON.stringify({ dataPath: { address: '10.99.0.1' } })
    const { stdout, stderr } = run([process.execPath, DOOMED, root, runDir, netns, String(step), JSON.stringify(verb), more])
    expect(stderr).toBe('')
    steps.push(stdout)
    await hosts.reopen(1)
    const again = hosts.at(1).cnm
    expect(await again.findings(), `killed at step ${step}, ${stdout}`).toEqual([])
    await again.removeSandbox('s').catch(() => {})
    expect(await again.findings(), `taken back after step ${step}, ${stdout}`).toEqual([])
    // It can be made, and reaches others: no VNI, name or address is held by what was left.
    const path = await hosts.sandbox(1, 'new', 'app')
    await hosts.tell('app')
    expect((await runAsync(['ping', '-c', '1', '-W', '2', '-n', '10.0.1.12'], { netns: path })).status, stdout).toBe(0)
    await again.removeSandbox('new')
  }
  expect(steps.length).toBeGreaterThan(2)
})
