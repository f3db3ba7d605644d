import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { World } from '../../lib/cli/world.ts'
import { run } from '../support/run.ts'
import { CNM, Host } from './host.ts'

let host: Host
beforeAll(async () => {
  host = new Host()
  await host.must('network create --subnet 10.10.0.0/24 front')
  await host.must('sandbox create --name box --network front')
})
afterAll(() => host[Symbol.asyncDispose]())
afterEach(async () => {
  // Looked at from outside: any `cnm` clears away what an earlier one left.
  expect(readdirSync(`${host.run}/netns`)).toHaveLength(1)
  expect(await host.must('sandbox ls -q')).toMatch(/^[0-9a-f]{12}$/)
})

const cnm = (argv: readonly string[], input = '') => run([process.execPath, CNM, ...argv], { netns: host.host, env: host.env, input })
const script = (code: number | string) => ['sh', '-c', `exit ${code}`]

/** Prints `ready`, and ends as told when a signal comes. */
const SERVER = `
  process.on('SIGINT', () => process.exit(3))
  process.on('SIGHUP', () => console.log('hup'))
  setTimeout(() => {}, 10_000)
  console.log('ready')`
const SERVE = [process.execPath, '-e', SERVER]

/** `cnm` in the background, once its command is ready. */
async function background(argv: readonly string[]): Promise<ChildProcess> {
  const child = spawn('nsenter', [`--net=${host.host}`, '--', process.execPath, CNM, ...argv], {
    env: host.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

async function endOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'close')
  return code
}

describe.each([
  ['sandbox exec', ['sandbox', 'exec', 'box']],
  ['run', ['run', '--network', 'front', '--']],
])('cnm %s', (_, verb) => {
  it.each([0, 7, 255])('ends as the command does: %i', (code) => {
    expect(cnm([...verb, ...script(code)])).toEqual({ status: code, stdout: '', stderr: '' })
  })

  it('ends with 127 when there is no such command, with 126 when it cannot be executed', () => {
    expect(cnm([...verb, 'no-such-command'])).toMatchObject({ status: 127, stderr: expect.stringContaining('no-such-command') })
    expect(cnm([...verb, '/etc/passwd'])).toMatchObject({ status: 126, stderr: expect.stringContaining('/etc/passwd') })
  })

  it('ends with 128+N when a signal ends the command', () => {
    expect(cnm([...verb, 'sh', '-c', 'kill -9 $$']).status).toBe(137)
  })

  it('gives the command its standard streams, its flags, and the network of the sandbox', () => {
    expect(cnm([...verb, 'cat', '-'], 'hello').stdout).toBe('hello')
    expect(cnm([...verb, 'printf', '%s|', '--help', '--dry-run', '--', '-p']).stdout).toBe('--help|--dry-run|--|-p|')
    expect(cnm([...verb, 'ip', '-br', 'addr', 'show', 'eth0']).stdout).toContain('10.10.0.')
  })

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 3],
  ] as const)('forwards %s to the command and ends as it does: %i', async (signal, code) => {
    const child = await background([...verb, ...SERVE])
    child.kill(signal)
    expect(await endOf(child)).toBe(code)
  })

  it('lets Ctrl-C reach the command once, as any shell does', async () => {
    const counter = fileURLToPath(new URL('interrupted.mjs', import.meta.url))
    const line = [process.execPath, CNM, ...verb, process.execPath, counter].join(' ')
    const child = spawn('nsenter', [`--net=${host.host}`, '--', 'script', '-qefc', `exec ${line}`, '/dev/null'], {
      env: { ...host.env, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let shown = ''
    child.stdout.on('data', (data) => {
      shown += data
      if (String(data).includes('ready')) child.stdin.write('\x03')
    })
    expect(await endOf(child)).toBe(0)
    expect(shown).toContain('heard 1')
  })

  it('leaves other commands their turn while the command runs', async () => {
    const child = await background([...verb, ...SERVE])
    expect(cnm(['network', 'ls', '-q', '-f', 'name=front']).status).toBe(0)
    child.kill('SIGTERM')
    await endOf(child)
  })

  it('ends with 125 when there is no such sandbox or network', () => {
    const missing = verb.map((word) => (word === 'box' || word === 'front' ? 'nope' : word))
    expect(cnm([...missing, 'true'])).toMatchObject({
      status: 125,
      stderr: expect.stringMatching(/nope.*\nhint: cnm (sandbox|network) ls\n/),
    })
  })
})

describe('cnm run', () => {
  it('removes its sandbox however often it is told to stop', async () => {
    const child = await background(['run', '--network', 'front', '--name', 'job', '--', ...SERVE])
    expect((await host.must('sandbox ls')).split('\n').filter((line) => line.includes('job'))).toHaveLength(1)
    const heard = once(child.stdout as NodeJS.ReadableStream, 'data')
    child.kill('SIGHUP')
    expect(String(await heard)).toBe('hup\n')
    child.kill('SIGINT')
    const again = setInterval(() => child.kill('SIGTERM'), 5)
    // On a busy host the next signal may come before the command has done as the first one says.
    expect([3, 143]).toContain(await endOf(child))
    clearInterval(again)
  })

  it('that was killed is cleared away by the next command', async () => {
    const child = await background(['run', '--network', 'front', '--name', 'job', '--', 'sh', '-c', 'echo $PPID; exec sleep 5'])
    child.kill('SIGKILL')
    child.stdout?.destroy()
    await endOf(child)
    expect(await host.must('sandbox ls')).not.toContain('job')
  })

  it('does not mind that somebody else removed its sandbox', async () => {
    const child = await background(['run', '--name', 'job', '--', ...SERVE])
    await host.must('sandbox rm job')
    child.kill('SIGINT')
    expect(await endOf(child)).toBe(3)
  })

  it('told to stop between its sandbox and its command, starts nothing and removes the sandbox', async () => {
    const signals = new EventEmitter()
    const open: World['open'] = async (options) => {
      const controller = await host.open(options)
      const create = controller.createSandbox.bind(controller)
      controller.createSandbox = async (...args) => {
        const sandbox = await create(...args)
        signals.emit('SIGTERM')
        return sandbox
      }
      return controller
    }
    const witness = `${host.root}/started`
    expect(await host.cnm(['run', '--', 'touch', witness], { open, signals })).toEqual({ status: 143, stdout: '', stderr: '' })
    expect(existsSync(witness)).toBe(false)
  })

  it('has a place of its own on the network', () => {
    const { stdout } = cnm([
      'run',
      '--network',
      'name=front,mac-address=02:00:00:00:00:99',
      '--ip',
      '10.10.0.99',
      '--',
      'ip',
      'addr',
      'show',
      'eth0',
    ])
    expect(stdout).toContain('inet 10.10.0.99/24')
    expect(stdout).toContain('02:00:00:00:00:99')
  })
})

describe('the program', () => {
  it('is not bothered by a reader that has seen enough', async () => {
    const child = spawn('nsenter', [`--net=${host.host}`, '--', process.execPath, CNM, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    expect(await endOf(child)).toBe(0)
  })

  it('fails when its answer is lost', () => {
    const { status, stderr } = run(['sh', '-c', 'exec "$0" "$1" --help > /dev/full', process.execPath, CNM])
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('ENOSPC') })
  })
})
