import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CNM, Host } from '../cli/host.ts'
import type { Stage } from '../cli/play.ts'
import { eventually } from '../support/eventually.ts'
import { must, run, start } from '../support/run.ts'

// `cnm` while a daemon owns the run directory: every verb goes through it.

let host: Host
let daemon: Awaited<ReturnType<typeof start>>
const PORT = 7923
const serve = (...flags: readonly string[]) =>
  start([process.execPath, CNM, 'serve', '--root', host.root, '--run', host.run, '--no-plugins', ...flags], { netns: host.host })

const byItself = () => Promise.reject(new Error('opened by itself'))
const cnm = (line: string | readonly string[], stage: Stage = {}) => host.cnm(line, { open: byItself, examine: byItself, ...stage })
async function does(line: string | readonly string[], stage: Stage = {}): Promise<string> {
  const { status, stdout, stderr } = await cnm(line, stage)
  expect([status, stderr], String(line)).toEqual([0, ''])
  return stdout.trimEnd()
}
/** The program itself, on the host. */
const program = (...argv: readonly string[]) => run([process.execPath, CNM, ...argv], { netns: host.host, env: host.env })

beforeAll(async () => {
  host = new Host()
  daemon = await serve('-H', `unix://${host.run}/cnm.sock`, '-H', `tcp://127.0.0.1:${PORT}`)
})
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

describe('with a daemon, cnm', () => {
  it('works networks and sandboxes', async () => {
    const id = await does('network create --subnet 10.70.0.0/24 --label app=shop --reserve db=10.70.0.5 front')
    expect(await does('network ls --no-trunc --filter label=app --format {{.ID}}')).toBe(id)
    expect(await does('network exists front')).toBe('')
    expect((await cnm('network exists back')).status).toBe(1)
    expect(await does('network create --dry-run back')).toMatch(/^ip link add br-/m)
    await does('network create --ipv6 back')
    const web = await does('sandbox create --name web --network front -p 8080:80')
    await does('network connect --alias www --gw-priority -1 back web')
    expect(await does('sandbox ls --no-trunc --format {{.ID}}|{{.Name}}|{{.Networks}}|{{.Ports}}')).toBe(
      `${web}|web|back,front|0.0.0.0:8080->80/tcp, [::]:8080->80/tcp`,
    )
    expect(
      await does(['network', 'inspect', '-f', '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}} {{json .Status}}', 'front']),
    ).toBe('web 10.70.0.2/24 {"IPAM":{"Subnets":{"10.70.0.0/24":{"DynamicIPsAvailable":251,"IPsInUse":5}}}}')
    expect(await does('sandbox inspect -f {{.NetworkSettings.Networks.back.Aliases}} web')).toBe('[www]')
    await does('network reserve front db 10.70.0.6')
    await does('network unreserve front db')
    await does('network disconnect back web')
    expect(await does('network prune --force --filter label!=app')).toBe('Deleted Networks:\nback')
    expect(await cnm('network rm front')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^error while removing network: [^]*\nhint: cnm network disconnect front SANDBOX\n$/),
    })
    expect(await cnm('network connect front nobody')).toMatchObject({
      status: 1,
      stderr: 'No such sandbox: nobody\nhint: cnm sandbox ls\n',
    })
    expect(await cnm('network create front')).toMatchObject({ status: 1, stderr: expect.stringContaining('already exists') })
  })

  it('starts processes in sandboxes, and ends as they do', async () => {
    expect(program('sandbox', 'exec', 'web', 'ip', '-br', 'addr')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('10.70.0.2/24'),
    })
    expect(program('run', '--network', 'front', '--', 'sh', '-c', 'ip -br addr; exit 7')).toMatchObject({
      status: 7,
      stdout: expect.stringContaining('10.70.0.'),
      stderr: '',
    })
    await does('sandbox create --name other --network front')
    expect(await cnm('sandbox rm other nobody')).toEqual({
      status: 1,
      stdout: 'other\n',
      stderr: 'No such sandbox: nobody\nhint: cnm sandbox ls\n',
    })
    expect(await does('sandbox ls --format {{.Name}}')).toBe('web')
  })

  it('leaves nothing of a run that is killed, though nobody is there to say so', async () => {
    const argv = [
      `--net=${host.host}`,
      '--',
      process.execPath,
      CNM,
      'run',
      '--name',
      'doomed',
      '--',
      'sh',
      '-c',
      'echo ready; exec sleep 100',
    ]
    const child = spawn('nsenter', argv, { env: host.env, stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const sandboxes = () => does('sandbox ls --format {{.Name}}')
    expect(await sandboxes()).toBe('doomed\nweb')
    child.kill('SIGKILL')
    await eventually(async () => expect(await sandboxes()).toBe('web'))
  })

  it('looks at the host, and mends it', async () => {
    expect(await does('doctor')).toBe('')
    const link = `br-${(await does('network ls -q --filter name=front')).slice(0, 12)}`
    must(['ip', 'link', 'set', link, 'down'], { netns: host.host })
    expect(await cnm('doctor --format {{.Subject}}')).toMatchObject({ status: 3, stdout: 'network front\nsandbox web\n' })
    expect(await does('repair --dry-run')).toContain(`ip link set dev ${link} up\n`)
    expect(await does('repair')).toBe('')
    expect(await does('explain internet web 80 --format {{.Verdict}}')).toMatch(/arrive$/)
    await does('firewall reload')
    expect(await does('firewall reload --dry-run')).toMatch(/^nft /)
    expect(JSON.parse(await does('state export'))).toMatchObject({ sandboxes: [{ name: 'web' }] })
    expect(await does('state verify')).toBe('')
    expect(await does('__complete -- network inspect f')).toBe('front')
    expect((await does('events --since 1h --until 0s --filter event=create --format {{.Actor.Attributes.name}}')).split('\n')).toEqual([
      'front',
      'back',
    ])
  })

  it('makes the host what a file declares', async () => {
    const file = join(host.root, 'lab.yaml')
    const declare = (subnet: string) =>
      writeFileSync(
        file,
        `name: shop\nnetworks:\n  lan: { ipam: { config: [{ subnet: ${subnet} }] } }\nsandboxes:\n  a: { networks: [lan] }\n  b: { networks: [lan] }\n`,
      )
    declare('10.71.0.0/24')
    await does(`apply -f ${file}`)
    expect(await does(`diff -f ${file}`)).toBe('shop is as declared.')
    // Both sandboxes have to leave before the network can be made anew.
    declare('10.72.0.0/24')
    await does(`apply -f ${file}`)
    expect(await does('sandbox ls --format {{.Name}}={{.Addresses}}')).toBe('a=10.72.0.2\nb=10.72.0.3\nweb=10.70.0.2')
    writeFileSync(file, 'name: shop\n')
    await does(`apply --prune -f ${file}`)
    expect(await does('sandbox ls --format {{.Name}}')).toBe('web')
  })

  it('asks the one that is named', async () => {
    const elsewhere = { env: { ...host.env, CNM_RUN: '/nowhere' } }
    const named = { env: { ...elsewhere.env, CNM_HOST: `unix://${host.run}/cnm.sock` } }
    expect(await does('network ls -q --filter name=front', named)).toMatch(/^[0-9a-f]{12}$/)
    expect(await does('events --since 1h --until 0s -f event=connect -f network=front --format {{.Action}}', named)).toMatch(/^connect\n/)
    expect(await does(`-H unix://${host.run}/cnm.sock sandbox ls --format {{.Name}}`, elsewhere)).toBe('web')
    expect(await cnm('-H unix:///nowhere/cnm.sock network ls')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^cannot reach the daemon at unix:\/\/\/nowhere\/cnm.sock: [^]*\nhint: cnm serve\n$/),
    })
    expect((await cnm('-H nowhere network ls')).stderr).toContain('invalid host: nowhere')
    expect((await cnm('-H unix:///a -H unix:///b network ls')).stderr).toBe('one daemon can be asked, and 2 are named\n')
    const byTcp = (...argv: readonly string[]) => program('-H', `tcp://127.0.0.1:${PORT}`, ...argv)
    expect(byTcp('sandbox', 'ls', '--format', '{{.Name}}').stdout).toBe('web\n')
    for (const verb of [
      ['run', '--', 'true'],
      ['sandbox', 'exec', 'web', 'true'],
    ])
      expect(byTcp(...verb)).toMatchObject({ status: 125, stderr: expect.stringContaining('a process runs on the host of its sandbox') })
  })

  it('says whom it did not reach, where somebody else answers, and when the daemon is killed while it listens', async () => {
    const stranger = createServer((_, answer) => void answer.writeHead(404).end('{"message":"page not found"}'))
    const socket = join(host.root, 'docker.sock')
    await once(stranger.listen(socket), 'listening')
    expect(await cnm(`-H unix://${socket} network ls`)).toMatchObject({
      status: 1,
      stderr: `cannot reach the daemon at unix://${socket}: whoever answers there is no cnm\nhint: cnm serve\n`,
    })
    stranger.close()
    const listening = cnm(`-H unix://${host.run}/cnm.sock events --since 1h`)
    // By then it is being told.
    for (let others = 0; others < 3; others++) await does('network ls -q')
    const killed = once(daemon.child, 'exit')
    daemon.child.kill('SIGKILL')
    await killed
    expect(await listening).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^cannot reach the daemon at unix:.*cnm\.sock: .*\nhint: cnm serve\n$/),
    })
    daemon = await serve()
  })

  it('is ended by a signal, though the daemon does not answer', async () => {
    daemon.child.kill('SIGSTOP')
    try {
      const signals = new EventEmitter()
      const listing = cnm('network ls', { signals })
      // It has asked by then.
      await new Promise((resolve) => setTimeout(resolve, 100))
      signals.emit('SIGINT')
      expect(await listing).toMatchObject({ status: 130 })
    } finally {
      daemon.child.kill('SIGCONT')
    }
    expect(await does('network ls -q --filter name=bridge')).toMatch(/^[0-9a-f]{12}$/)
  })

  it('works by itself when the daemon is gone, also by kill -9', async () => {
    const killed = once(daemon.child, 'exit')
    daemon.child.kill('SIGKILL')
    await killed
    expect(existsSync(join(host.run, 'cnm.sock'))).toBe(true)
    expect(await host.must('sandbox ls --format {{.Name}}')).toBe('web')
    daemon = await serve()
    await does('sandbox rm web')
    await does('network rm front')
    const ended = once(daemon.child, 'exit')
    daemon.child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(existsSync(join(host.run, 'cnm.sock'))).toBe(false)
  })
})
