import { EventEmitter } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import type { Controller } from '../../lib/controller/controller.ts'
import { fault } from '../../lib/model/errors.ts'
import { play } from './play.ts'

describe('help', () => {
  it.each([
    ['--help'],
    ['help'],
    ['network'],
    ['network --help'],
    ['network help create'],
    ['network create --help'],
    ['network ls -h'],
    ['network inspect --help'],
    ['network rm --help'],
    ['network connect --help'],
    ['network disconnect --help'],
    ['network reserve --help'],
    ['network unreserve --help'],
    ['network peer'],
    ['network peer add --help'],
    ['network peer ls --help'],
    ['network peer rm --help'],
    ['network verify --help'],
    ['sandbox'],
    ['sandbox create --help'],
    ['sandbox ls --help'],
    ['sandbox inspect --help'],
    ['sandbox exec --help'],
    ['sandbox rm --help'],
    ['run --help'],
    ['network exists --help'],
    ['network prune --help'],
    ['plan --help'],
    ['diff --help'],
    ['apply --help'],
    ['explain --help'],
    ['events --help'],
    ['firewall'],
    ['firewall reload --help'],
    ['doctor --help'],
    ['repair --help'],
    ['state'],
    ['state export --help'],
    ['state verify --help'],
    ['swarm'],
    ['swarm init --help'],
    ['swarm join --help'],
    ['swarm join-token --help'],
    ['swarm leave --help'],
    ['swarm rotate-keys --help'],
    ['node'],
    ['node ls --help'],
    ['node inspect --help'],
    ['node rm --help'],
    ['serve --help'],
    ['plugin'],
    ['plugin bundle --help'],
    ['plugin inspect --help'],
    ['plugin ls --help'],
    ['plugin verify --help'],
    ['completion --help'],
  ])('cnm %s has usage, global options and examples', async (line) => {
    const { status, stdout, stderr } = await play(line.split(' '))
    expect(stdout).toMatch(/^Usage: cnm /)
    expect(stdout).toContain('--dry-run')
    expect(stdout).toMatch(/\nExamples:\n {2}\$ cnm /)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  it('tells the exit codes', async () => {
    expect((await play(['--help'])).stdout).toContain('Exit codes:')
  })

  it('--version prints that of the package', async () => {
    expect(await play(['--version'])).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
  })
})

describe('misuse', () => {
  it('is told with the usage of the verb', async () => {
    expect(await play(['network', 'create'])).toEqual({
      status: 2,
      stdout: '',
      stderr: `missing required argument 'network'

Usage:  cnm network create [options] <network>

Run 'cnm network create --help' for more information
`,
    })
  })

  it.each([
    ['zilch', "unknown command 'zilch'"],
    ['network creat', "unknown command 'creat'\n(Did you mean create?)"],
    ['--nope', "unknown option '--nope'"],
    ['network ls --quite', "unknown option '--quite'\n(Did you mean --quiet?)"],
    ['network ls web', "too many arguments for 'ls'. Expected 0 arguments but got 1."],
    ['network rm', "missing required argument 'network'"],
    ['network create --subnet', "option '--subnet <cidr>' argument missing"],
    ['network create --scope global web', "option '--scope <scope>' argument 'global' is invalid. Allowed choices are local, swarm."],
    ['network create --ipv6=maybe web', 'invalid argument "maybe" for "--ipv6" flag: neither true nor false'],
    ['network create --label =x web', `invalid argument "=x" for "--label" flag: invalid label '=x': empty name`],
    ['network connect --gw-priority high web api', 'invalid argument "high" for "--gw-priority" flag: invalid syntax'],
    ['network connect --driver-opt mtu web api', 'invalid key/value pair format in driver options'],
    ['network connect --link a:b:c web api', 'invalid argument "a:b:c" for "--link" flag: bad format for links: a:b:c'],
    ['network prune --filter until', 'invalid argument "until" for "--filter" flag: bad format of filter (expected name=value)'],
    ['explain web db http', 'invalid port: http'],
    ['sandbox create -p 8080:99999', 'invalid containerPort: 99999'],
  ])('cnm %s', async (line, sentence) => {
    const { status, stderr } = await play(line.split(' '))
    expect(stderr.split('\n\nUsage:  cnm')[0]).toBe(sentence)
    expect(status).toBe(2)
  })

  it.each(['run', 'run --nope', 'run -p 80 true', 'sandbox exec', 'sandbox exec web', 'sandbox exec --dry-run web true'])(
    'cnm %s ends with 125',
    async (line) => {
      expect((await play(line.split(' '))).status).toBe(125)
    },
  )

  it('flags that contradict one another are a failure of the verb, without usage', async () => {
    expect(await play(['network', 'create', '--gateway', '10.0.0.1', 'web'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'every ip-range or gateway must have a corresponding subnet\n',
    })
  })
})

describe('errors', () => {
  const missing = () => Promise.reject(fault('NETWORK_NOT_FOUND', { name: 'web' }))

  it('are the sentence, and the way out on a line of its own', async () => {
    expect(await play(['network', 'ls'], { open: missing })).toEqual({
      status: 1,
      stdout: '',
      stderr: 'network web not found\nhint: cnm network ls\n',
    })
  })

  it('are the sentence alone when there is no way out', async () => {
    const open = () => Promise.reject(fault('NETWORK_PREDEFINED_REMOVE', { name: 'bridge' }))
    expect((await play(['network', 'ls'], { open })).stderr).toBe('bridge is a pre-defined network and cannot be removed\n')
  })

  it('are coloured for a person only, and not against their will', async () => {
    const dim = '\x1b[2mhint: cnm network ls\x1b[0m'
    expect((await play(['network', 'ls'], { open: missing, tty: true })).stderr).toContain(dim)
    expect((await play(['network', 'ls'], { open: missing, tty: true, env: { NO_COLOR: '1' } })).stderr).not.toContain('\x1b')
  })

  it('that nobody expected say how to see where they come from', async () => {
    const open = () => Promise.reject(new TypeError('x is not a function'))
    const plain = await play(['network', 'ls'], { open })
    expect(plain).toMatchObject({
      status: 1,
      stderr: 'x is not a function\nhint: this was not expected; CNM_DEBUG=1 shows where it comes from\n',
    })
    expect((await play(['network', 'ls'], { open, env: { CNM_DEBUG: '1' } })).stderr).toMatch(
      /TypeError: x is not a function\n {4}at .*usage\.test/,
    )
  })
})

describe('flags of the whole', () => {
  it.each([
    [['--root', '/a', '--run', '/b', 'network', 'ls'], {}],
    [['network', 'ls', '--root=/a', '--run=/b'], {}],
    [['network', '--root', '/a', 'ls', '--run', '/b'], {}],
    [['--root', '/x', 'network', 'ls', '--root', '/a'], { CNM_RUN: '/b' }],
    [['network', 'ls', '--root', '/a'], { CNM_ROOT: '/x', CNM_RUN: '/b' }],
  ])('%j, %j: flag before environment, inner before outer', async (argv, env) => {
    const asked: object[] = []
    const open = (options: object) => {
      asked.push(options)
      return Promise.reject(fault('NO_ADDRESSES', {}))
    }
    await play(argv, { open, env })
    expect(asked).toEqual([expect.objectContaining({ root: '/a', run: '/b' })])
  })
})

describe('waiting', () => {
  const locked = fault('STATE_LOCKED', { run: '/run/cnm', holder: ' (pid 7)' })

  it('for another controller is told to a person, with its name', async () => {
    const waits: (number | undefined)[] = []
    const open = ({ wait }: { wait?: number }) => {
      waits.push(wait)
      return Promise.reject(locked)
    }
    const { stderr } = await play(['network', 'ls'], { open, tty: true, env: { NO_COLOR: '1' } })
    expect(stderr.split('\n')[0]).toBe('another controller holds /run/cnm (pid 7); waiting for it to end')
    expect(waits).toEqual([1000, undefined])
  })

  it('is not told to a program', async () => {
    const { stderr } = await play(['network', 'ls'], { open: () => Promise.reject(locked) })
    expect(stderr).not.toContain('waiting')
  })

  it('for the kernel is told to a person after a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const createNetwork = async () => {
      await vi.advanceTimersByTimeAsync(1001)
      return { id: 'f00d' }
    }
    const open = async () => ({ createNetwork, close: async () => {} }) as unknown as Controller
    const argv = ['network', 'create', 'web']
    expect(await play(argv, { open, tty: true })).toEqual({ status: 0, stdout: 'f00d\n', stderr: 'still waiting for the kernel\n' })
    expect(await play(argv, { open })).toEqual({ status: 0, stdout: 'f00d\n', stderr: '' })
    vi.useRealTimers()
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('ends with %s, silently', async (signal, code) => {
    const signals = new EventEmitter()
    const open = ({ signal: abort }: { signal?: AbortSignal }) =>
      new Promise<never>((_, reject) => {
        abort?.addEventListener('abort', () => reject(abort.reason))
        signals.emit(signal, signal)
      })
    expect(await play(['network', 'create', 'web'], { open, signals })).toEqual({ status: code, stdout: '', stderr: '' })
  })
})
