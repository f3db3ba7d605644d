import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CNM } from '../cli/host.ts'
import { Lab } from '../support/lab.ts'

const SUPERVISOR = fileURLToPath(new URL('../support/supervisor.py', import.meta.url))
const unit = (name: string): string => readFileSync(new URL(`../../systemd/${name}`, import.meta.url), 'utf8')
const valuesOf = (text: string, key: string): readonly string[] =>
  Array.from(text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm')), (match) => match[1] ?? '')

let lab: Lab
let folder: string
beforeEach(() => {
  lab = new Lab()
  folder = join(lab.run, '..', 'plugins')
  mkdirSync(folder)
})
afterEach(() => lab[Symbol.asyncDispose]())

/** `cnm serve` as its units have it started, with the plugins' folder and the state elsewhere. */
function supervised() {
  const paths = valuesOf(unit('cnm.socket'), 'ListenStream').map((path) => path.replace('/run/docker/plugins', folder))
  const [, ...words] = (valuesOf(unit('cnm.service'), 'ExecStart')[0] ?? '').split(' ')
  expect(words).toEqual(['cnm', 'serve'])
  const command = [process.execPath, CNM, ...words.slice(1), '--root', lab.root, '--run', lab.run, '--plugin-dir', folder]
  const argv = [`--net=${lab.host}`, '--', '/usr/bin/python3', SUPERVISOR, join(folder, 'notify'), ...paths, '--', ...command]
  const child = spawn('nsenter', argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  /** The next line of what the supervisor says that is of this kind; the daemon's own, its sockets, are passed over. */
  const said = async (kind: RegExp): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the supervisor ended before it said ${kind}`)
      if (kind.test(value)) return value
    }
  }
  return { child, paths, said }
}

const activate = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asked = request({ method: 'POST', path: '/Plugin.Activate', socketPath: path, agent: false }, async (reply) =>
      resolve((await reply.setEncoding('utf8').toArray()).join('')),
    )
    asked.once('error', reject).end()
  })

it('serves at sockets that were passed on, says when it is ready, and loses no request when it is killed', async () => {
  const { child, paths, said } = supervised()
  try {
    const pid = Number((await said(/^pid /)).slice(4))
    // Nobody is there yet: it waits.
    const early = activate(paths[0] ?? '')
    await said(/^READY=1$/)
    expect(await early).toBe('{"Implements":["NetworkDriver","IpamDriver"]}')
    expect(await activate(paths[1] ?? '')).toBe('{"Implements":["NetworkDriver"]}')
    process.kill(pid, 'SIGKILL')
    await said(/^ended -9$/)
    const meanwhile = activate(paths[0] ?? '')
    await said(/^READY=1$/)
    expect(await meanwhile).toContain('NetworkDriver')
    child.kill('SIGTERM')
    await said(/^STOPPING=1$/)
    await said(/^ended 0$/)
    // They are the service manager's.
    expect(paths.filter((path) => !existsSync(path))).toEqual([])
  } finally {
    child.kill('SIGTERM')
  }
})

it('the units name what there is', () => {
  const [service, socket] = [unit('cnm.service'), unit('cnm.socket')]
  expect(valuesOf(service, 'Type')).toEqual(['notify'])
  expect(valuesOf(service, 'Requires')).toEqual(['cnm.socket'])
  expect(valuesOf(service, 'StateDirectory')).toEqual(['cnm'])
  expect(valuesOf(service, 'RuntimeDirectory')).toEqual(['cnm'])
  // A mount namespace of its own would keep sandboxes from everybody else.
  expect(service).not.toMatch(/^(Protect\w+|Private\w+|ReadOnlyPaths|MountFlags)=/m)
  expect(valuesOf(socket, 'ListenStream')).toEqual(['/run/docker/plugins/cnm.sock', '/run/docker/plugins/cnm-bridge.sock'])
  expect(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).files).toContain('systemd')
})
