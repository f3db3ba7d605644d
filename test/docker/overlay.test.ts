import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { CNM } from '../cli/host.ts'
import { Authority, type Issued } from '../support/certificates.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { must } from '../support/run.ts'
import { DOCKER_ENV, startDockerd } from './dockerd.ts'
import type { Island } from './island.ts'
import { addressOf, docker, formSwarm, netnsOf, onHost, pidOf, pings, pingsFrom, reaches, type Trio, threeDockers } from './trio.ts'

// The overlay driver as a managed plugin in a real swarm of three, with an etcd of three that wants certificates; then under each
// dockerd by itself. What docs/docker-overlay.md has an operator type is typed.

const PLUGIN = 'cnm-overlay'
const folder = mkdtempSync(join(tmpdir(), 'cnm-bundle-'))
let islands: Trio
let etcd: EtcdCluster
let authority: Authority
let host: Issued

const lines = (text: string): readonly string[] => text.split('\n').filter(Boolean)

/** What the page says, block by block: to set up a node, to its manager, certificates; to a host by itself, to one of them, to each. */
const [SETUP = [], MANAGER = [], TLS = [], SERVE = [], ONCE = [], EACH = []] = Array.from(
  readFileSync(new URL('../../docs/docker-overlay.md', import.meta.url), 'utf8').matchAll(/^```\n([^]*?)^```$/gm),
  ([, block = '']) => lines(block).map((line) => line.replace(/^# /, '')),
)

/** The page's etcd is ours, and so are its certificates. */
const here = (line: string, prefix = '/cnm') => line.replace(/etcd:\/\/[\d.,]+/, etcd.engine(prefix)).replace('/etc/cnm/tls', host.folder)

/** An operator types a line; what it prints. */
async function typed(island: Island, line: string): Promise<string> {
  const env = { ...DOCKER_ENV, PATH: `${folder}:${process.env['PATH']}`, CNM_ROOT: '/run/cnm-state', CNM_RUN: '/run/cnm' }
  const { status, stdout, stderr } = await island.run(['sh', '-c', `cd ${folder} && ${line}`], env)
  if (status !== 0) throw new Error(`${line}: ${stderr}`)
  return stdout.trim()
}

/** `cnm`, asking the plugin of an island. */
async function cnm(island: Island, ...argv: readonly string[]): Promise<string> {
  const id = await docker(island, 'plugin', 'inspect', '-f', '{{.Id}}', PLUGIN)
  return onHost(island, process.execPath, CNM, '-H', `unix:///run/docker/plugins/${id}/api.sock`, ...argv)
}

/** A container on the network. */
interface Guest {
  readonly island: Island
  readonly pid: string
  readonly address: string
}

const guest = async (island: Island, container: string): Promise<Guest> => ({
  island,
  pid: await pidOf(island, container),
  address: await addressOf(island, container),
})

/** The tasks of the service on all nodes that are there, as soon as there are `count`. */
async function tasks(nodes: readonly Island[], count: number): Promise<readonly Guest[]> {
  const tasksOn = async (island: Island) => lines(await docker(island, 'ps', '-q', '--filter', 'label=com.docker.swarm.service.name=web'))
  const look = async () => (await Promise.all(nodes.map(tasksOn))).flat().length
  await expect.poll(look, { timeout: 90_000, interval: 500 }).toBe(count)
  return (await Promise.all(nodes.map(async (island) => Promise.all((await tasksOn(island)).map((task) => guest(island, task)))))).flat()
}

/** Each reaches each; a peer is known a moment after it is there. */
async function mesh(all: readonly Guest[]): Promise<void> {
  for (const from of all)
    for (const to of all) if (from !== to) await expect.poll(() => pingsFrom(from.island, from.pid, to.address)).toBe(true)
}

/** What the plugin of every node says of its tables. */
const verified = (nodes: readonly Island[], network: string) =>
  Promise.all(
    nodes.map((island) =>
      expect.poll(() => cnm(island, 'network', 'verify', network), { timeout: 30_000, interval: 1000 }).toMatch(/rows, 0 differ/),
    ),
  )

/** Everything on an island that is Docker's or ours, at once, and its cable. */
async function die(island: Island, port: string): Promise<void> {
  must(['ip', 'link', 'set', port, 'down'], { netns: `/proc/${islands[0].pid}/root${islands[0].lan}` })
  const containers = lines(await docker(island, 'ps', '-q'))
  const pids = await Promise.all(containers.map((container) => pidOf(island, container)))
  // One of them may end by itself as soon as it has been listed.
  onHost(island, 'sh', '-c', `kill -9 ${pids.join(' ')} $(pgrep 'dockerd|containerd') $(pgrep -f '[s]erve --managed') || true`)
  for (const names of [['dockerd|containerd'], ['-f', '[s]erve --managed']])
    await expect.poll(async () => (await island.run(['pgrep', ...names])).status).toBe(1)
  onHost(island, 'rm', '-f', '/run/docker.pid', '/run/docker-exec/containerd/containerd.pid')
}

beforeAll(async () => {
  symlinkSync(CNM, join(folder, 'cnm'))
  const [bundle = '', create = '', set = '', enable = ''] = SETUP
  islands = await threeDockers(async (first) => {
    for (const line of [bundle, create]) await typed(first, line)
  })
  authority = new Authority()
  const places = islands.map((island, index) => ({ netns: netnsOf(island), host: `10.99.0.${index + 1}` }))
  const members = authority.issue(
    'etcd',
    places.map((place) => place.host),
  )
  host = authority.issue('host')
  etcd = await EtcdCluster.start(places, members)
  await Promise.all(
    islands.map(async (island) => {
      for (const line of [set, ...TLS]) await typed(island, here(line))
      // dockerd gives a plugin ten seconds to start, which this machine may need for other things.
      await vi.waitFor(() => typed(island, enable), { timeout: 120_000 })
    }),
  )
  await formSwarm(islands)
}, 180_000)
afterAll(async () => {
  await etcd?.[Symbol.asyncDispose]()
  await Promise.all((islands ?? []).map((island) => island[Symbol.asyncDispose]()))
  authority?.[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('in a swarm of three', { timeout: 180_000 }, () => {
  let app: string

  it('a network that can be attached to reaches over all nodes', async () => {
    const [manager] = islands
    app = await typed(manager, MANAGER[0] ?? '')
    for (const [index, island] of islands.entries()) await docker(island, 'run', '-d', '--name', `c${index}`, '--network', 'app', 'tiny')
    const guests = await Promise.all(islands.map((island, index) => guest(island, `c${index}`)))
    await mesh(guests)
    // The last byte that a frame in a tunnel has room for, and one more.
    expect(await reaches(manager, 'c0', guests[1]?.address ?? '', '-M', 'do', '-s', '1422')).toBe(true)
    expect(await pings(manager, 'c0', guests[1]?.address ?? '', '-M', 'do', '-s', '1423')).toBe(false)
    // By docker_gwbridge.
    expect(await reaches(manager, 'c0', '192.0.2.2')).toBe(true)
    expect(await Promise.all(islands.map((island) => cnm(island, 'network', 'ls', '-q', '--no-trunc', '--filter', `id=${app}`)))).toEqual(
      islands.map(() => `${app}\n`),
    )
  })

  it('nobody notices when the plugin is killed', async () => {
    const [first, second] = islands
    const to = await addressOf(second, 'c1')
    const flow = first.run(['nsenter', '-t', await pidOf(first, 'c0'), '-n', 'ping', '-i', '0.01', '-c', '300', '-q', to])
    onHost(first, 'pkill', '-KILL', '-f', 'serve --managed')
    expect((await flow).stdout).toContain('300 received, 0% packet loss')
    await docker(first, 'run', '-d', '--name', 'late', '--network', 'app', 'tiny')
    await mesh([await guest(first, 'late'), await guest(second, 'c1')])
  })

  it('three replicas reach one another; a node is lost, and comes back', async () => {
    const [manager, second, third] = islands
    // What it runs heeds no other signal.
    await typed(manager, (MANAGER[1] ?? '').replace(/tiny$/, '--stop-signal SIGKILL tiny'))
    const before = await tasks(islands, 3)
    expect(new Set(before.map(({ island }) => island)).size).toBe(3)
    await mesh(before)
    const lost = await addressOf(third, 'c2')
    await Promise.all([die(third, 'port2'), etcd.kill(2)])
    const meanwhile = await tasks([manager, second], 3)
    await mesh(meanwhile)
    // What the dead node had is known nowhere any more.
    await expect.poll(() => cnm(second, 'network', 'peer', 'ls', app), { timeout: 60_000, interval: 1000 }).not.toContain(lost)
    must(['ip', 'link', 'set', 'port2', 'up'], { netns: `/proc/${manager.pid}/root${manager.lan}` })
    etcd.run(2)
    await startDockerd(third)
    await expect
      .poll(() => docker(manager, 'node', 'ls', '-f', 'role=worker', '--format', '{{.Status}}'), { timeout: 60_000 })
      .toBe('Ready\nReady')
    await docker(manager, 'service', 'scale', '--detach', 'web=4')
    const after = await tasks(islands, 4)
    expect(new Set(after.map(({ island }) => island)).size).toBe(3)
    await mesh(after)
    await verified(islands, app)
  })

  it('goes, and nothing is left on any node', async () => {
    const [manager, second, third] = islands
    await docker(manager, 'service', 'rm', 'web')
    for (const [island, names] of [
      [manager, ['c0', 'late']],
      [second, ['c1']],
      [third, ['c2']],
    ] as const)
      await docker(island, 'rm', '-f', ...names)
    await expect
      .poll(async () => (await manager.run(['docker', 'network', 'rm', 'app'], DOCKER_ENV)).status, { timeout: 60_000, interval: 500 })
      .toBe(0)
    for (const each of islands) {
      await expect
        .poll(() => cnm(each, 'network', 'ls', '--format', '{{.Name}}'), { timeout: 30_000, interval: 1000 })
        .not.toContain(app.slice(0, 12))
      await expect.poll(() => onHost(each, 'sh', '-c', 'grep -c propagated-mount.*/net- /proc/mounts; true')).toBe('0\n')
    }
  })
})

describe('dockerds by themselves', () => {
  it('share a network of ours, and its addresses', async () => {
    const [first, second] = islands
    await Promise.all(islands.map((island) => docker(island, 'swarm', 'leave', '--force')))
    for (const island of [first, second]) {
      await docker(island, 'plugin', 'rm', '-f', PLUGIN)
      const certificates = `--engine-ca ${host.ca} --engine-cert ${host.cert} --engine-key ${host.key}`
      await typed(island, here(SERVE[0] ?? '', '/alone').replace(/eth1 &$/, `swarm0 ${certificates} >/run/cnm.log 2>&1 &`))
      await expect.poll(() => typed(island, 'cnm node ls -q; true')).not.toBe('')
    }
    for (const line of ONCE) await typed(first, line)
    await expect.poll(() => typed(second, 'cnm network ls -q -f name=back; true')).not.toBe('')
    for (const island of [first, second]) for (const line of EACH) await typed(island, line)
    const facts = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}'
    const addresses = await Promise.all(
      [first, second].map(async (island) => (await docker(island, 'inspect', '-f', facts, 'db')).split(' ')),
    )
    expect(new Set(addresses.flat()).size).toBe(4)
    for (const to of addresses[1] ?? []) await expect.poll(() => pings(first, 'db', to)).toBe(true)
    for (const to of addresses[0] ?? []) expect(await reaches(second, 'db', to)).toBe(true)
    // A sandbox of ours is there too.
    expect(await typed(second, `cnm run --network back -- ping -c 1 -w 5 -n ${addresses[0]?.[0]}`)).toContain('1 received')
    for (const island of [first, second]) {
      await docker(island, 'rm', '-f', 'db')
      await docker(island, 'network', 'rm', 'back')
    }
    await typed(first, 'cnm network rm back')
  })
})
