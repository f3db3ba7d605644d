import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Island } from '../docker/island.ts'
import { installUnits, startSystemd } from '../docker/systemd.ts'
import { must, runAsync } from '../support/run.ts'

// The units of the package, and a real systemd that has them.

const unit = (name: string): string => readFileSync(new URL(`../../systemd/${name}`, import.meta.url), 'utf8')
const valuesOf = (text: string, key: string): readonly string[] =>
  Array.from(text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm')), (match) => match[1] ?? '')
const SOCKETS = valuesOf(unit('cnm.socket'), 'ListenStream')

let island: Island
let systemctl: (...argv: string[]) => string
beforeAll(async () => {
  island = await Island.rise()
  systemctl = await startSystemd(island)
  installUnits(island, { patience: '3s' })
})
afterAll(() => island?.[Symbol.asyncDispose]())

const property = (name: string, of = 'cnm.service'): string => systemctl('show', '--property', name, '--value', of).trim()

/** What is answered at a socket, however long it takes. */
async function ask(socket: string, path: string, ...flags: string[]): Promise<string> {
  const { status, stdout, stderr } = await runAsync(
    island.there(['curl', '--silent', '--show-error', '--unix-socket', socket, ...flags, `http://x/${path}`]),
  )
  expect([status, stderr]).toEqual([0, ''])
  return stdout
}
const activate = (socket: string) => ask(socket, 'Plugin.Activate', '--request', 'POST')

it('systemd has the sockets before anybody is there, and the first request starts the daemon', async () => {
  expect(property('ActiveState')).toBe('inactive')
  expect(must(island.there(['ls', '-l', ...SOCKETS])).match(/^srw-------/gm)).toHaveLength(SOCKETS.length)
  expect(await ask('/run/cnm/cnm.sock', '_ping')).toBe('OK')
  // Type=notify: it has told that it is ready.
  expect([property('ActiveState'), property('SubState')]).toEqual(['active', 'running'])
  const plugins = SOCKETS.filter((path) => path.startsWith('/run/docker/plugins/'))
  expect(plugins).toContain('/run/docker/plugins/cnm.sock')
  for (const socket of plugins)
    expect(await activate(socket)).toBe(`{"Implements":["NetworkDriver"${socket.endsWith('/cnm.sock') ? ',"IpamDriver"' : ''}]}`)
  // Which are all that it serves: none of them is its own.
  expect(
    must(island.there(['ls', '/run/docker/plugins']))
      .trim()
      .split('\n'),
  ).toHaveLength(plugins.length)
  expect(must(island.there(['stat', '-c', '%a', '/run/cnm']))).toBe('700\n')
})

it('killed, it is started anew, and no request is lost', async () => {
  const pid = property('MainPID')
  systemctl('kill', '--signal=KILL', 'cnm.service')
  expect(await activate('/run/docker/plugins/cnm.sock')).toContain('IpamDriver')
  await expect.poll(() => property('ActiveState')).toBe('active')
  expect(property('MainPID')).not.toBe(pid)
})

it('stuck, it is killed, started anew, and answers what it was asked', async () => {
  // As long as it is well it says so, for longer than anybody waits.
  const restarts = Number(property('NRestarts'))
  await new Promise((resolve) => setTimeout(resolve, 3500))
  expect(Number(property('NRestarts'))).toBe(restarts)
  systemctl('kill', '--signal=STOP', 'cnm.service')
  expect(await activate('/run/docker/plugins/cnm.sock')).toContain('IpamDriver')
  expect(Number(property('NRestarts'))).toBe(restarts + 1)
})

it('stopped, it has answered what was under way, and its sockets are still there', async () => {
  systemctl('stop', 'cnm.service')
  expect([property('ActiveState'), property('Result'), property('ExecMainStatus')]).toEqual(['inactive', 'success', '0'])
  expect(await ask('/run/cnm/cnm.sock', '_ping')).toBe('OK')
  systemctl('stop', 'cnm.socket', 'cnm.service')
  expect(must(island.there(['sh', '-c', 'ls "$@" 2>/dev/null || true', '-', ...SOCKETS]))).toBe('')
})

it('the units are such that sandboxes are seen by everybody, and are in the package', () => {
  // A mount namespace of its own would keep them from everybody else.
  expect(unit('cnm.service')).not.toMatch(/^(Protect\w+|Private\w+|ReadOnlyPaths|MountFlags)=/m)
  expect(valuesOf(unit('cnm.service'), 'StateDirectory')).toEqual(['cnm'])
  // So ends whoever is interrupted, as a daemon is that still waits for the state: that is no failure.
  expect(valuesOf(unit('cnm.service'), 'SuccessExitStatus')).toEqual(['143'])
  expect(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).files).toContain('systemd')
})
