import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CNM } from '../cli/host.ts'
import { must } from '../support/run.ts'
import { DOCKER_ENV, startDockerd } from './dockerd.ts'
import { Island } from './island.ts'

// What `cnm plugin bundle` makes, as a managed plugin: under a dockerd alone, and in a swarm of three.

const folder = mkdtempSync(join(tmpdir(), 'cnm-bundle-'))
const bundle = join(folder, 'cnm')
const islands: Island[] = []

/** `docker` on an island: what it prints. */
async function docker(island: Island, line: string): Promise<string> {
  const { status, stdout, stderr } = await island.run(['docker', ...line.split(' ')], DOCKER_ENV)
  if (status !== 0) throw new Error(`docker ${line}: ${stderr}`)
  return stdout.trim()
}

const onHost = (island: Island, ...argv: string[]) => must(island.there(argv))

/** What is left of networks: dockerd's own link comes and goes between up and down. */
const host = (island: Island) =>
  [onHost(island, 'ip', '-br', 'link').replace(/^docker0.*\n/m, ''), onHost(island, 'nft', 'list', 'tables')].join('')

/** The network's address of a container; of a service's, the one task on this node. */
const addressOf = (island: Island, container: string) =>
  docker(island, `inspect -f {{range.NetworkSettings.Networks}}{{.IPAddress}}{{end}} ${container}`)

/** Whether a container reaches an address. */
async function pings(island: Island, container: string, address: string): Promise<boolean> {
  const pid = await docker(island, `inspect -f {{.State.Pid}} ${container}`)
  return (await island.run(['nsenter', '-t', pid, '-n', 'ping', '-c', '1', '-w', '2', '-n', address])).status === 0
}

/** A switch, on the first island's LAN, that all islands are on: 10.99.0.1, 10.99.0.2, … */
function switchFor(lan: string): void {
  must(['ip', 'link', 'add', 'hub', 'type', 'bridge'], { netns: lan })
  must(['ip', 'link', 'set', 'hub', 'up'], { netns: lan })
  for (const [index, { pid }] of islands.entries()) {
    const netns = `/proc/${pid}/ns/net`
    must(['ip', 'link', 'add', `port${index}`, 'type', 'veth', 'peer', 'name', 'swarm0', 'netns', netns], { netns: lan })
    must(['ip', 'link', 'set', `port${index}`, 'master', 'hub', 'up'], { netns: lan })
    must(['ip', 'addr', 'add', `10.99.0.${index + 1}/24`, 'dev', 'swarm0'], { netns })
    must(['ip', 'link', 'set', 'swarm0', 'up'], { netns })
  }
}

beforeAll(async () => {
  must([process.execPath, CNM, 'plugin', 'bundle', bundle])
  for (let count = 0; count < 3; count++) islands.push(await Island.rise())
  const [{ pid, lan }] = islands as [Island]
  switchFor(`/proc/${pid}/root${lan}`)
  await Promise.all(
    islands.map(async (island) => {
      // Then dockerd does not close the way through the host: see docs/docker.md.
      onHost(island, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
      await startDockerd(island)
      await docker(island, `plugin create cnm ${bundle}`)
      await docker(island, 'plugin enable cnm')
    }),
  )
}, 180_000)
afterAll(async () => {
  await Promise.all(islands.map((island) => island[Symbol.asyncDispose]()))
  rmSync(folder, { recursive: true, force: true })
})

describe('a managed plugin', { timeout: 120_000 }, () => {
  let before: string

  it('serves networks, with no more of the host than a container has but its links', async () => {
    const [island] = islands as [Island]
    before = host(island)
    await docker(island, 'network create -d cnm:latest --ipam-driver cnm:latest --subnet 10.81.1.0/24 one')
    for (const name of ['web', 'api']) await docker(island, `run -d --name ${name} --network one tiny`)
    expect(await pings(island, 'api', await addressOf(island, 'web'))).toBe(true)
    expect(await pings(island, 'api', '192.0.2.2')).toBe(true)
    const [plugin] = onHost(island, 'pgrep', '-f', 'main.c?js serve').trim().split('\n')
    const [, effective = ''] = /^CapEff:\s*(\w+)$/m.exec(onHost(island, 'cat', `/proc/${plugin}/status`)) ?? []
    // What every container has, and CAP_NET_ADMIN (12); not CAP_SYS_ADMIN (21).
    expect(BigInt(`0x${effective}`)).toBe(0xa80425fbn | (1n << 12n))
  })

  it('is killed, and is back with all that it knew; nobody notices', async () => {
    const [island] = islands as [Island]
    const web = await addressOf(island, 'web')
    onHost(island, 'pkill', '-KILL', '-f', 'main.c?js serve')
    expect(await pings(island, 'api', web)).toBe(true)
    await docker(island, 'run -d --name late --network one tiny')
    expect(await pings(island, 'late', web)).toBe(true)
    expect(new Set([web, await addressOf(island, 'api'), await addressOf(island, 'late')]).size).toBe(3)
  })

  it('is disabled and enabled again while containers run', async () => {
    const [island] = islands as [Island]
    const web = await addressOf(island, 'web')
    await docker(island, 'plugin disable -f cnm')
    expect(await pings(island, 'api', web)).toBe(true)
    await docker(island, 'plugin enable cnm')
    await docker(island, 'network disconnect one late')
    expect(await pings(island, 'api', web)).toBe(true)
  })

  it('leaves nothing', async () => {
    const [island] = islands as [Island]
    await docker(island, 'rm -f web api late')
    await docker(island, 'network rm one')
    await expect.poll(() => host(island)).toBe(before)
  })
})

describe('in a swarm', { timeout: 120_000 }, () => {
  it('a network of the swarm has the settings that each node gives it', async () => {
    const [manager, ...workers] = islands as [Island, ...Island[]]
    await docker(manager, 'swarm init --advertise-addr 10.99.0.1')
    const token = await docker(manager, 'swarm join-token -q worker')
    for (const [index, worker] of workers.entries())
      await docker(worker, `swarm join --advertise-addr 10.99.0.${index + 2} --token ${token} 10.99.0.1:2377`)
    for (const [index, island] of islands.entries())
      await docker(
        island,
        `network create --config-only --ipam-driver cnm:latest --subnet 10.8${index + 2}.0.0/24 -o com.docker.network.bridge.name=br-node${index + 1} settings`,
      )
    await docker(manager, 'network create -d cnm:latest --scope swarm --config-from settings --attachable app')
    expect(await docker(manager, 'network inspect -f {{.Scope}},{{.Driver}},{{.Attachable}} app')).toBe('swarm,cnm:latest,true')
    for (const [index, island] of islands.entries()) {
      for (const name of ['one', 'two']) await docker(island, `run -d --name ${name} --network app tiny`)
      const address = await addressOf(island, 'two')
      expect(address).toMatch(new RegExp(`^10\\.8${index + 2}\\.0\\.`))
      expect(await pings(island, 'one', address)).toBe(true)
      expect(onHost(island, 'ip', '-br', 'link')).toContain(`br-node${index + 1}`)
    }
  })

  it('goes, and nothing is left on any node', async () => {
    const [manager] = islands as [Island]
    for (const island of islands) await docker(island, 'rm -f one two')
    await docker(manager, 'network rm app')
    // A worker is told later than the manager answers.
    for (const island of islands)
      await expect.poll(() => onHost(island, 'ip', '-br', 'link'), { timeout: 20_000 }).not.toMatch(/br-node|gone/)
  })
})
