import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CNM, Host } from '../cli/host.ts'
import { type Ran, run, start } from '../support/run.ts'

// The same command lines by native/client, which has the daemon carry them out, and by Node.js, which asks the daemon verb by verb:
// in this process, where it need not start.

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CLIENT = join(ROOT, 'build/Release/cnm-client')
const LAUNCHER = join(ROOT, 'bin/cnm')
const PORT = 7931

let host: Host
let daemon: Awaited<ReturnType<typeof start>>
let slow: { readonly heard: Promise<Socket>; close(): void }

/** Without Node.js to fall back on: what it answers, the daemon has. */
const ALONE = ['env', 'PATH=/nowhere', CLIENT]
const by =
  (program: readonly string[]) =>
  (argv: readonly string[], { env = host.env, input = '' }: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {}) =>
    run([...program, ...argv], { netns: host.host, env, input })
const [byClient, byEither, byNode] = [by(ALONE), by([CLIENT]), by([process.execPath, CNM])]
const words = (line: string): readonly string[] => Array.from(line.matchAll(/'([^']*)'|\S+/g), ([word, quoted]) => quoted ?? word)
const socket = () => join(host.run, 'cnm.sock')

/** A plugin that is there and says nothing. */
function silence(path: string) {
  let hear: (socket: Socket) => void
  const heard = new Promise<Socket>((resolve) => {
    hear = resolve
  })
  const server = createServer((connection) => connection.on('error', () => {}).once('data', () => hear(connection))).listen(path)
  return { heard, close: () => server.close() }
}

async function serve(): Promise<void> {
  const flags = ['--root', host.root, '--run', host.run, '--no-plugins', '-H', `unix://${socket()}`, '-H', `tcp://127.0.0.1:${PORT}`]
  daemon = await start([process.execPath, CNM, 'serve', ...flags], {
    netns: host.host,
    env: { ...process.env, CNM_PLUGIN_DIR: join(host.run, 'plugins') },
  })
}

beforeAll(async () => {
  host = new Host()
  mkdirSync(join(host.run, 'plugins'), { recursive: true })
  await serve()
})
afterAll(async () => {
  slow?.close()
  await daemon?.[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

const LINES = `
network create --subnet 10.73.0.0/24 --subnet fd00:73::/64 --ipv6 --label app=shop front
network create --subnet 10.73.0.0/24 other
network create --label =x other
network create --gateway 10.0.0.1 other
network create -o colour=red other
--dry-run network create --subnet 10.74.0.0/24 back
sandbox create --name web --network name=front,ip=10.73.0.9 -p 8093:80
sandbox create --name web
sandbox create --netns ./nothing
sandbox create --name other -p 8093:80
network ls
network list --no-trunc
network ls -q --filter label=app
network ls --filter colour=red
network ls --format json --filter name=front
network ls --format 'table {{.Name}}\\t{{.Labels}}\\t{{.IPv6}}'
network ls --format {{.Nope}}
network ls --format {{.Name
network inspect front nobody
network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}' front
network connect --alias www bridge web
network connect bridge web
network connect nobody web
network disconnect bridge web
network disconnect bridge web
network exists front
network exists nobody
network reserve front db 10.73.0.5
network unreserve front db
network peer ls front
network verify front
sandbox ls
sandbox ls --format {{.Name}}|{{.Addresses}}|{{.Ports}}
sandbox inspect web nobody
explain internet web 80
explain web nobody
explain web web http
firewall reload
--dry-run firewall reload
doctor
repair
repair --dry-run
state export
node ls
node inspect self
__complete -- network inspect fr
network rm front nobody
network rm -f nobody
sandbox rm web nobody
network rm front
`
  .trim()
  .split('\n')

/** Ids and moments are others each time. */
const masked = ({ status, stdout, stderr }: Ran): Ran => {
  const mask = (text: string) =>
    text
      .replace(/(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{12,13})(?![0-9a-f])/g, 'ID')
      .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+/g, 'MOMENT')
      .replace(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g, 'MAC')
  return { status, stdout: mask(stdout), stderr: mask(stderr) }
}

describe('a command line that the daemon carries out', () => {
  it('ends and prints as one that Node.js does', async () => {
    const there = LINES.map((line) => ({ line, ...masked(byClient(words(line))) }))
    const here = []
    for (const line of LINES) here.push({ line, ...masked(await host.cnm(words(line))) })
    expect(there).toEqual(here)
    // All of it was not one error after the other.
    expect(here.filter(({ status }) => status === 0).length).toBeGreaterThan(LINES.length / 2)
  })

  it('has whatever is in its words, and the folder and the variables of its caller', async () => {
    const odd = ['network', 'create', '--dry-run', '--label', 'a="\\\t\n\u0001é🙂', '--subnet', '10.75.0.0/24', 'x y']
    expect(masked(byClient(odd))).toEqual(masked(await host.cnm(odd)))
    const bare = { PATH: process.env['PATH'] }
    const named = { ...bare, CNM_RUN: '/nowhere', CNM_HOST: `unix://${socket()}` }
    expect(byClient(words('network ls --format {{.Name}}'), { env: named }).stdout).toBe('bridge\nhost\nnone\n')
    const debug = byClient(['network', 'inspect', 'nobody'], { env: { ...host.env, CNM_DEBUG: '1' } })
    expect(debug.stderr).toMatch(/NETWORK_NOT_FOUND/)
    for (const flags of [['-H', `unix://${socket()}`], [`--host=unix://${socket()}`], ['--run', host.run], [`--run=${host.run}`]])
      expect(byClient([...flags, 'network', 'ls', '-q'], { env: bare }).status).toBe(0)
    const inFolder = by(['env', '-C', dirname(host.lan), ...ALONE])
    expect(inFolder(['sandbox', 'create', '--name', 'lan', '--netns', basename(host.lan)])).toMatchObject({ status: 0, stderr: '' })
    expect(byClient(words('sandbox inspect -f {{.NetworkSettings.SandboxKey}} lan')).stdout).toBe(`${host.lan}\n`)
    expect(byClient(words('sandbox rm lan')).status).toBe(0)
  })

  it('may print more than its reader wants, or than there is room for', () => {
    const piped = (way: string, into: string) =>
      run(['sh', '-c', `{ ${way} network inspect bridge; echo $? >&2; } ${into}`], { netns: host.host, env: host.env })
    for (const way of [CLIENT, `${process.execPath} ${CNM}`]) {
      expect(piped(way, '| true')).toEqual({ status: 0, stdout: '', stderr: '0\n' })
      expect(piped(way, '> /dev/full').stderr).toMatch(/^the answer cannot be written: .*no space left on device.*\n1\n$/i)
      expect(piped(way, '>&-').stderr).toBe('0\n')
    }
  })
})

describe('a command line that belongs where it was typed', () => {
  const LINES_OF_OTHERS = [
    '--help',
    '--version',
    'network',
    'network ls --help',
    'network ls --nope',
    'nope',
    'run -- true',
    'sandbox exec web true',
    'network prune -f',
    'apply -f lab.yaml',
    'state verify cnm.json',
    'events',
    'serve',
    'completion bash',
    '-H tcp://127.0.0.1:1 network ls',
    '-H unix:///nowhere/cnm.sock network ls',
    '-H nonsense network ls',
    '--run /nowhere network ls',
  ]

  it('is declined, and nothing of it is done or printed', () => {
    const declined = { status: 127, stdout: '', stderr: 'cnm: node: No such file or directory\n' }
    for (const line of LINES_OF_OTHERS) expect(byClient(words(line)), line).toEqual(declined)
    // As a service manager starts the daemon itself, which has the socket already.
    expect(byClient(['network', 'ls'], { env: { ...host.env, LISTEN_FDS: '1' } })).toEqual(declined)
  })

  it('is carried out there, with its standard input, and ends as it does', () => {
    const both = (line: string, input?: string) => {
      const [there, here] = [byEither, byNode].map((way) => masked(way(words(line), input ? { input } : {})))
      expect(there, line).toEqual(here)
      return there
    }
    both('--help')
    expect(both('network ls --nope')?.status).toBe(2)
    expect(both("run -- sh -c 'exit 7'")?.status).toBe(7)
    byClient(words('network create one'))
    expect(both('network prune', 'n\n')?.stdout).toContain('WARNING!')
    expect(byEither(words('network prune'), { input: 'y\n' }).stdout).toContain('Deleted Networks:\none\n')
  })

  it('though a daemon is asked that is not the one it leads to', async () => {
    // `--run` is the value of another flag here; a daemon that is asked by mistake sees through it.
    const argv = ['network', 'ls', '--format', '--run', host.run]
    expect(byClient(argv, { env: { PATH: process.env['PATH'] } }).status).toBe(127)
    expect((await ask({ argv: ['network', 'ls'], env: {}, cwd: '/', tty: false })).status).toBe(421)
  })
})

/** What native/client asks, as anybody might. */
function ask(body: unknown, where: object = { socketPath: socket() }): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' }
    const hear = async (reply: IncomingMessage) =>
      resolve({ status: reply.statusCode, text: (await reply.setEncoding('latin1').toArray()).join('') })
    request({ method: 'POST', path: '/cnm/v1/cli', headers, agent: false, ...where }, hear)
      .once('error', reject)
      .end(JSON.stringify(body))
  })
}

describe('at the door', () => {
  const good = () => ({ argv: ['network', 'inspect', 'nobody'], env: { CNM_RUN: host.run }, cwd: '/', tty: false })

  it('nothing passes that is not as it should be', async () => {
    for (const bad of [
      null,
      {},
      [],
      { ...good(), argv: 'network ls' },
      { ...good(), argv: [1] },
      { ...good(), more: 1 },
      { ...good(), cwd: '' },
    ])
      expect((await ask(bad)).status, JSON.stringify(bad)).toBe(400)
    const byTcp = `fetch('http://127.0.0.1:${PORT}/cnm/v1/cli', { method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: process.argv[1] }).then(({ status }) => console.log(status))`
    expect(by([process.execPath, '-e', byTcp])([JSON.stringify(good())]).stdout).toBe('421\n')
  })

  it('streams are told apart, and a terminal is told in colours', async () => {
    expect(await ask(good())).toEqual({
      status: 200,
      text: '\x01\0\0\0\0\0\0\x03[]\n' + '\x02\0\0\0\0\0\0\x2enetwork nobody not found\nhint: cnm network ls\n' + '\0\0\0\0\0\0\0\x01\x01',
    })
    expect((await ask({ ...good(), tty: true })).text).toContain('\x1b[2mhint: cnm network ls\x1b[0m')
    expect((await ask({ ...good(), tty: true, env: { ...good().env, NO_COLOR: '1' } })).text).not.toContain('\x1b')
  })
})

describe('a program whose client', () => {
  const slowly = (name: string) => {
    slow = silence(join(host.run, 'plugins', `${name}.sock`))
    const argv = [`--net=${host.host}`, '--', CLIENT, 'network', 'create', '-d', name, 'slow']
    const child = spawn('nsenter', argv, { env: host.env, stdio: ['ignore', 'pipe', 'pipe'] })
    return { child, exit: once(child, 'exit'), heard: slow.heard, said: child.stderr.setEncoding('utf8').toArray() }
  }

  it('is killed or interrupted is not carried out any further', async () => {
    for (const [name, signal, end] of [
      ['deaf', 'SIGKILL', [null, 'SIGKILL']],
      ['mute', 'SIGINT', [130, null]],
    ] as const) {
      const { child, exit, heard } = slowly(name)
      const asked = await heard
      const gone = once(asked, 'close')
      child.kill(signal)
      expect(await exit).toEqual(end)
      await gone
      slow.close()
    }
    expect(byClient(words('network exists slow')).status).toBe(1)
  })

  it('sees the daemon die says so, and does nothing over again', async () => {
    const { exit, heard, said } = slowly('blind')
    await heard
    const killed = once(daemon.child, 'exit')
    daemon.child.kill('SIGKILL')
    await killed
    expect(await exit).toEqual([1, null])
    expect((await said).join('')).toBe(`cannot reach the daemon at unix://${socket()}: it has hung up\nhint: cnm serve\n`)
    // What it left behind leads nowhere.
    expect(byClient(['network', 'ls'])).toMatchObject({ status: 127 })
    expect(byEither(words('network ls --format {{.Name}}')).stdout).toBe('bridge\nhost\nnone\n')
    await serve()
    expect(byClient(words('network ls --format {{.Name}}')).stdout).toBe('bridge\nhost\nnone\n')
  })
})

describe('a line that is declined', () => {
  it('leaves Node.js the signals as they were: under nohup it hears of no hang-up', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cnm-node-'))
    writeFileSync(join(folder, 'node'), '#!/bin/sh\nexec /bin/grep SigIgn /proc/self/status\n', { mode: 0o755 })
    const ignored = (trap: string) => {
      const program = ['sh', '-c', `${trap} exec "$@"`, 'sh', 'env', `PATH=${folder}`, CLIENT]
      return Number.parseInt(by(program)(words('run web -- true')).stdout.split(/\s+/)[1]?.at(-1) ?? '', 16) & 1
    }
    expect([ignored(''), ignored('trap "" HUP;')]).toEqual([0, 1])
    rmSync(folder, { recursive: true })
  })
})

describe('bin/cnm', () => {
  it('finds what it starts, whatever it is called by, and does without it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cnm bin-'))
    try {
      symlinkSync(LAUNCHER, join(folder, 'cnm'))
      const bin = (program: string, ...argv: readonly string[]) => run([program, ...argv], { netns: host.host, env: host.env })
      expect(bin(join(folder, 'cnm'), 'network', 'ls', '--format', '{{.Name}} x')).toEqual({
        status: 0,
        stdout: 'bridge x\nhost x\nnone x\n',
        stderr: '',
      })
      // A package for a machine without a client.
      mkdirSync(join(folder, 'package/bin'), { recursive: true })
      copyFileSync(LAUNCHER, join(folder, 'package/bin/cnm'))
      symlinkSync(join(ROOT, 'dist'), join(folder, 'package/dist'))
      expect(bin(join(folder, 'package/bin/cnm'), 'network', 'exists', 'nobody')).toMatchObject({ status: 1, stderr: '' })
      expect(bin(join(folder, 'package/bin/cnm'), '--version').stdout).toMatch(/^\d/)
    } finally {
      rmSync(folder, { recursive: true })
    }
    expect(existsSync(socket())).toBe(true)
  })
})
