import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
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

it('serves until SIGTERM, also when whoever started it logs out, and takes its sockets along', async () => {
  await using daemon = await start(command(lab.run), { netns: lab.host })
  daemon.child.kill('SIGHUP')
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
  const socketPath = join(lab.run, 'cnm.sock')
  // One keeps its connection, another one has nothing to say: neither keeps the daemon.
  const agent = new Agent({ keepAlive: true })
  const silent = connect(socketPath).on('error', () => {})
  const names = Array.from({ length: 24 }, (_, n) => `n${n}`)
  const headers = { 'content-type': 'application/json' }
  const create = (name: string) => {
    const asked = request({ method: 'POST', path: '/networks/create', socketPath, agent: name === 'n12' ? agent : false, headers })
    const sent = once(asked, 'finish')
    const answer = once(asked, 'response').then(([reply]) => reply.resume().statusCode)
    asked.end(JSON.stringify({ Name: name }))
    return { sent, answer }
  }
  const end = ended(daemon.child)
  const early = names.slice(0, 12).map(create)
  await Promise.race(early.map(({ answer }) => answer))
  // Those are on their way; these wait to be let in.
  daemon.child.kill('SIGSTOP')
  const late = names.slice(12).map(create)
  await Promise.all(late.map(({ sent }) => sent))
  daemon.child.kill('SIGTERM')
  daemon.child.kill('SIGCONT')
  expect(await Promise.all([...early, ...late].map(({ answer }) => answer))).toEqual(names.map(() => 201))
  expect(await end).toBe(0)
  agent.destroy()
  silent.destroy()
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

it('says why nobody hears of events, where inotify has run out', async () => {
  // A user namespace has a limit of its own.
  const starved = ['unshare', '-Urn', 'sh', '-c', 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"', 'sh']
  await using daemon = await start([...starved, ...command(lab.run)])
  const socketPath = join(lab.run, 'cnm.sock')
  const ask = (path: string) =>
    new Promise((resolve, reject) => {
      const asked = request({ path, socketPath }, async (reply) => {
        resolve([reply.statusCode, (await reply.setEncoding('utf8').toArray()).join('')])
      })
      asked.once('error', reject).end()
    })
  expect(await ask('/events')).toEqual([503, expect.stringContaining(`cannot hear of what happens in ${lab.run}: EMFILE`)])
  // What has been is on disk.
  expect(await ask('/events?since=0&until=1')).toEqual([200, ''])
  expect(daemon.child.exitCode).toBeNull()
})
