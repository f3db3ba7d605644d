import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CNM } from '../cli/host.ts'
import { Lab } from '../support/lab.ts'
import { run, start } from '../support/run.ts'

let lab: Lab
let plugins: string
beforeEach(() => {
  lab = new Lab()
  plugins = join(lab.run, '..', 'plugins')
})
afterEach(() => lab[Symbol.asyncDispose]())

const command = (place: string) => [process.execPath, CNM, 'serve', '--root', `${place}-root`, '--run', place, '--plugin-dir', plugins]
const activate = (name: string) =>
  new Promise<string>((resolve, reject) => {
    const asked = request({ method: 'POST', path: '/Plugin.Activate', socketPath: join(plugins, `${name}.sock`) }, async (reply) =>
      resolve((await reply.setEncoding('utf8').toArray()).join('')),
    )
    asked.once('error', reject).end()
  })
const ended = (child: { readonly exitCode: number | null; once(event: 'exit', heard: (code: number | null) => void): unknown }) =>
  new Promise((resolve) => child.once('exit', resolve))

it('serves until SIGTERM, and takes its sockets along', async () => {
  await using daemon = await start(command(lab.run), { netns: lab.host })
  expect(await activate('cnm')).toBe('{"Implements":["NetworkDriver","IpamDriver"]}')
  for (const name of ['cnm-bridge', 'cnm-macvlan', 'cnm-ipvlan', 'cnm-overlay'])
    expect(await activate(name)).toBe('{"Implements":["NetworkDriver"]}')
  const end = ended(daemon.child)
  daemon.child.kill('SIGTERM')
  expect(await end).toBe(0)
  expect(['cnm.sock', 'cnm-bridge.sock', 'cnm-macvlan.sock'].filter((name) => existsSync(join(plugins, name)))).toEqual([])
})

it('answers what was asked before SIGTERM, and has done what it answered', async () => {
  await using daemon = await start(command(lab.run), { netns: lab.host })
  const names = Array.from({ length: 24 }, (_, n) => `n${n}`)
  const create = (name: string) =>
    new Promise<number>((resolve, reject) => {
      const asked = request(
        {
          method: 'POST',
          path: '/networks/create',
          socketPath: join(lab.run, 'cnm.sock'),
          agent: false,
          headers: { 'content-type': 'application/json' },
        },
        (reply) => reply.resume().once('end', () => resolve(reply.statusCode ?? 0)),
      )
      asked.once('error', reject).end(JSON.stringify({ Name: name }))
    })
  const end = ended(daemon.child)
  const answers = names.map(create)
  await Promise.race(answers)
  daemon.child.kill('SIGTERM')
  expect(await Promise.all(answers)).toEqual(names.map(() => 201))
  expect(await end).toBe(0)
  await using cnm = await lab.open({ root: `${lab.run}-root` })
  expect(cnm.networks().map(({ name }) => name)).toEqual(expect.arrayContaining(names))
  for (const name of names) await cnm.removeNetwork(name)
})

it('killed, the next one takes its place; while it serves, nobody does', async () => {
  await using first = await start(command(lab.run), { netns: lab.host })
  const second = run(command(`${lab.run}2`), { netns: lab.host })
  expect(second).toMatchObject({ status: 1, stderr: expect.stringContaining(`${join(plugins, 'cnm.sock')} is served by another process`) })
  const end = ended(first.child)
  first.child.kill('SIGKILL')
  await end
  await using next = await start(command(lab.run), { netns: lab.host })
  expect(await activate('cnm')).toContain('NetworkDriver')
  expect(next.child.exitCode).toBeNull()
})
