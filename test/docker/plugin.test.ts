import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CNM } from '../cli/host.ts'
import { must, start, run as told } from '../support/run.ts'
import { DOCKER_ENV, startDockerd } from './dockerd.ts'
import { Island } from './island.ts'
import { commandsIn } from './page.ts'
import { Places } from './places.ts'
import { docker, type Player } from './players.ts'
import { pulse } from './pulse.ts'

// A stock dockerd that uses our bridge driver and our IPAM: `docker network create -d cnm --ipam-driver cnm`.

type Daemon = Awaited<ReturnType<typeof start>>

let island: Island
let dockerd: Player
let places: Places
let daemon: Daemon
let before: string

const serve = () => start(island.there([process.execPath, CNM, 'serve', '--root', '/run/cnm-state', '--run', '/run/cnm']))
const onHost = (...argv: string[]) => must(island.there(argv))
const NAME = 'com.docker.network.bridge.name'

/** What docs/docker.md has the operator say to dockerd's own rules. */
const PASSING = commandsIn('docker.md').flatMap((lines) => lines.filter((line) => /^ip6?tables /.test(line)))

/** What a network of ours could leave on the host. */
const host = () => [onHost('ip', '-br', 'link'), onHost('nft', 'list', 'tables'), onHost('ip', 'route')].join('')

/** Waits until a child of ours is gone, and has told so. */
async function kill({ child }: Daemon, signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  // nsenter forked: what it runs is told itself.
  onHost('pkill', `-${signal.slice(3)}`, '-f', 'main.c?js serve')
  await ended
}

async function does(verb: Promise<{ status: number; stdout: string; stderr: string }>): Promise<string> {
  const { status, stdout, stderr } = await verb
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.trim()
}

const network = (line: string) => does(dockerd.network(line.split(' ')))
const run = async (name: string, flags: string) => {
  await does(dockerd.start(name, flags.split(' ')))
  await settle(name)
}
const settle = async (name: string) => places.settle(name, JSON.parse(await does(dockerd.inspect(name, '{{json .NetworkSettings}}'))))

beforeAll(async () => {
  island = await Island.rise()
  daemon = await serve()
  dockerd = await docker(island)
  places = await Places.on(island)
  before = host()
  expect(PASSING.length).toBe(4)
  for (const bridge of ['br-front', 'br-back'])
    for (const line of PASSING)
      onHost(
        ...line
          .replace('br-front', bridge)
          .replace(/^(ip6tables .*)DOCKER-USER/, '$1FORWARD')
          .split(' '),
      )
})
afterAll(async () => {
  // All that runs there ends with it.
  await island?.[Symbol.asyncDispose]()
})

describe('dockerd with our bridge and IPAM', () => {
  it('makes networks; what it may not ask for is told in our words', async () => {
    await network(`create -d cnm --ipam-driver cnm --ipv6 --subnet 10.80.1.0/24 --subnet fd00:80:1::/64 -o ${NAME}=br-front front`)
    await network(`create -d cnm --ipam-driver cnm --internal --subnet 10.80.2.0/24 -o ${NAME}=br-back back`)
    expect(await network('ls --filter driver=cnm --format {{.Name}}')).toBe('back\nfront')
    const [front] = JSON.parse(await network('inspect front'))
    expect(front).toMatchObject({
      ...{ Name: 'front', Driver: 'cnm', Scope: 'local', EnableIPv6: true, Internal: false, Options: { [NAME]: 'br-front' } },
      IPAM: { Driver: 'cnm', Config: [{ Subnet: '10.80.1.0/24' }, { Subnet: 'fd00:80:1::/64' }] },
    })
    const refused = await dockerd.network('create -d cnm --ipam-driver cnm -o com.docker.network.bridge.nme=x x'.split(' '))
    expect(refused.stderr).toContain(
      'com.docker.network.bridge.nme value: x (unknown option; did you mean com.docker.network.bridge.name?)',
    )
    const overlapping = await dockerd.network('create -d cnm --ipam-driver cnm --subnet 10.80.1.0/25 x'.split(' '))
    expect(overlapping.stderr).toContain(
      'Pool overlaps with other one on this address space (10.80.1.0/25 overlaps 10.80.1.0/24 (a container engine)',
    )
    expect(await network('ls --filter driver=cnm --format {{.Name}}')).toBe('back\nfront')
  })

  it('starts containers that reach one another and are reached, by IPv4 and IPv6', async () => {
    await run(
      'web',
      '--network front --ip 10.80.1.10 --ip6 fd00:80:1::10 --mac-address 02:80:00:00:00:10 -p 8080:80 --label app=shop --network-alias www',
    )
    await run('api', '--network front')
    const mac = await does(dockerd.inspect('web', '{{range .NetworkSettings.Networks}}{{.MacAddress}} {{.IPAddress}}{{end}}'))
    expect(mac).toBe('02:80:00:00:00:10 10.80.1.10')
    const reached = await places.reach()
    expect(reached).toMatchObject({
      'api → web on front v4 icmp': 'answers',
      'api → web on front v4 80/tcp': 'web sees 10.80.1.2',
      'api → web on front v6 80/tcp': expect.stringContaining('web sees fd00:80:1::'),
      'web → api on front v4 81/tcp': 'api sees 10.80.1.10',
      'web → beyond v4 80/tcp': 'lan sees 192.0.2.1',
      'host → web on front v4 80/tcp': 'web sees 10.80.1.1',
    })
  })

  it('publishes ports: to the host, the LAN, the neighbour and the container itself', async () => {
    const places8080 = { host: '192.0.2.1', loopback: '127.0.0.1', six: '2001:db8:0:1::1' }
    expect(await places.call('lan', { web: ['tcp', places8080.host, 8080], six: ['tcp', places8080.six, 8080] })).toEqual({
      web: 'web sees 192.0.2.2',
      six: 'web sees 2001:db8:0:1::2',
    })
    expect(await places.call('host', { web: ['tcp', places8080.loopback, 8080] })).toEqual({ web: 'web sees 10.80.1.1' })
    expect(await places.call('api', { web: ['tcp', places8080.host, 8080] })).toEqual({ web: expect.stringContaining('web sees') })
    expect(await places.call('web', { web: ['tcp', places8080.host, 8080] })).toEqual({ web: expect.stringContaining('web sees') })
  })

  it('connects and disconnects a running container', async () => {
    await run('db', '--network back')
    await network('connect back api')
    await settle('api')
    expect(await places.reach()).toMatchObject({
      'api → db on back v4 80/tcp': expect.stringContaining('db sees 10.80.2.'),
      'web → db on back v4 80/tcp': 'no answer',
      'db → beyond v4 80/tcp': 'no answer',
    })
    await network('disconnect back api')
    await settle('api')
    expect(await places.reach()).toMatchObject({
      'api → db on back v4 80/tcp': 'no answer',
      'api → web on front v4 80/tcp': 'web sees 10.80.1.2',
    })
  })

  it('restarts a container, and kills one', async () => {
    const tell = (...argv: string[]) => does(island.run(['/usr/bin/docker', ...argv], DOCKER_ENV))
    for (const [verb, ...more] of [['restart', '--time=0'], ['kill'], ['start']]) {
      await places.leave('db')
      await tell(verb ?? '', ...more, 'db')
      expect(onHost('ip', '-o', 'link', 'show', 'master', 'br-back').split('\n').filter(Boolean).length).toBe(verb === 'kill' ? 0 : 1)
    }
    await settle('db')
    await network('connect back api')
    await settle('api')
    expect(await places.reach()).toMatchObject({ 'api → db on back v4 80/tcp': expect.stringContaining('db sees 10.80.2.') })
    await network('disconnect back api')
  })

  it('does not notice that we were killed, and started again', async () => {
    const traffic = pulse(island, JSON.parse(await does(dockerd.inspect('api', '{{json .NetworkSettings}}'))).SandboxKey, '10.80.1.10')
    await kill(daemon, 'SIGKILL')
    // Ids are all that it is asked with; names it has learned besides.
    const cnm = (...words: string[]) => onHost(process.execPath, CNM, '--root', '/run/cnm-state', '--run', '/run/cnm', ...words)
    const names = (noun: string) => cnm(noun, 'ls', '--format', '{{.Name}}').split('\n')
    expect(names('network')).toEqual(expect.arrayContaining(['back', 'front']))
    expect(names('sandbox')).toEqual(expect.arrayContaining(['api', 'db', 'web']))
    expect(cnm('sandbox', 'inspect', '--format', '{{.Labels.app}} {{.NetworkSettings.Networks.front.Aliases}}', 'web')).toMatch(
      /^shop \[.*\bwww\b.*\]/,
    )
    expect(await places.call('api', { web: ['tcp', '10.80.1.10', 80] })).toEqual({ web: 'web sees 10.80.1.2' })
    expect(await places.call('lan', { web: ['tcp', '192.0.2.1', 8080] })).toEqual({ web: 'web sees 192.0.2.2' })
    // It asks before we are back, and again.
    const connected = network('connect back web')
    daemon = await serve()
    await connected
    await network('disconnect back web')
    const { sent, answered } = await traffic.end()
    expect([answered, sent > 50]).toEqual([sent, true])
    await places.leave('api')
    await does(dockerd.stop('api'))
    await run('api', '--network front')
    expect(await places.call('api', { web: ['tcp', '10.80.1.10', 80] })).toEqual({
      web: expect.stringMatching(/^web sees 10\.80\.1\.(?!2$)/),
    })
  })

  it('is killed itself, and what it left is gone when it is back', async () => {
    await network('create -d bridge --ipam-driver cnm --subnet 10.80.3.0/24 theirs')
    // What it asks when it is about to make a network, and is killed before it does.
    const asked = JSON.stringify({ AddressSpace: 'LocalDefault', Pool: '10.80.4.0/24' })
    onHost('curl', '-sf', '--unix-socket', '/run/docker/plugins/cnm.sock', '-d', asked, 'http://cnm/IpamDriver.RequestPool')
    onHost('pkill', '-KILL', 'dockerd')
    onHost('pkill', '-KILL', 'containerd')
    onHost('sh', '-c', 'while pgrep -x dockerd || pgrep -x containerd; do sleep 0.05; done >/dev/null; rm -f /run/docker.pid')
    await startDockerd(island)
    for (const name of ['web', 'api', 'db']) {
      await places.leave(name)
      await does(dockerd.stop(name))
    }
    expect(onHost('ip', '-br', 'link')).not.toContain('veth')
    await run('web', '--network front --ip 10.80.1.10')
    await places.leave('web')
    await does(dockerd.stop('web'))
    const cnm = (...words: string[]) =>
      told(island.there([process.execPath, CNM, '--root', '/run/cnm-state', '--run', '/run/cnm', ...words]))
    const forgotten = () => cnm('doctor', '--format', '{{.Code}} {{.Subject}}').stdout.match(/^POOL_.*/gm)
    await expect.poll(forgotten).toEqual(['POOL_FORGOTTEN pool 10.80.4.0/24'])
    cnm('repair')
    expect(forgotten()).toBe(null)
    await network('create -d cnm --ipam-driver cnm --subnet 10.80.4.0/24 there')
    await network('rm there theirs')
  })

  it('leaves nothing when the networks go', async () => {
    await network('rm front back')
    // Links that are out of service are deleted a moment later.
    await expect.poll(host).toBe(before)
  })
})
