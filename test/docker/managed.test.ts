import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CNM } from '../cli/host.ts'
import { must } from '../support/run.ts'
import type { Island } from './island.ts'
import { addressOf, docker as command, formSwarm, onHost, reaches, type Trio, threeDockers } from './trio.ts'

// What `cnm plugin bundle` makes, as a managed plugin: under a dockerd alone, and in a swarm of three.

const folder = mkdtempSync(join(tmpdir(), 'cnm-bundle-'))
const bundle = join(folder, 'cnm')
let islands: Trio

const docker = (island: Island, line: string) => command(island, ...line.split(' '))

/** What is left of networks: dockerd's own link comes and goes between up and down. */
const host = (island: Island) =>
  [onHost(island, 'ip', '-br', 'link').replace(/^docker0.*\n/m, ''), onHost(island, 'nft', 'list', 'tables')].join('')

beforeAll(async () => {
  must([process.execPath, CNM, 'plugin', 'bundle', bundle])
  islands = await threeDockers((first) => docker(first, `plugin create cnm ${bundle}`))
  await Promise.all(islands.map((island) => docker(island, 'plugin enable cnm')))
}, 180_000)
afterAll(async () => {
  await Promise.all((islands ?? []).map((island) => island[Symbol.asyncDispose]()))
  rmSync(folder, { recursive: true, force: true })
})

describe('a managed plugin', () => {
  let before: string

  it('serves networks, with no more of the host than a container has but its links', async () => {
    const [island] = islands
    before = host(island)
    await docker(island, 'network create -d cnm:latest --ipam-driver cnm:latest --subnet 10.81.1.0/24 one')
    for (const name of ['web', 'api']) await docker(island, `run -d --name ${name} --network one tiny`)
    expect(await reaches(island, 'api', await addressOf(island, 'web'))).toBe(true)
    expect(await reaches(island, 'api', '192.0.2.2')).toBe(true)
    const [plugin] = onHost(island, 'pgrep', '-f', 'main.c?js serve').trim().split('\n')
    const [, effective = ''] = /^CapEff:\s*(\w+)$/m.exec(onHost(island, 'cat', `/proc/${plugin}/status`)) ?? []
    // What every container has, and CAP_NET_ADMIN (12); not CAP_SYS_ADMIN (21).
    expect(BigInt(`0x${effective}`)).toBe(0xa80425fbn | (1n << 12n))
  })

  it('is killed, and is back with all that it knew; nobody notices', async () => {
    const [island] = islands
    const web = await addressOf(island, 'web')
    onHost(island, 'pkill', '-KILL', '-f', 'main.c?js serve')
    expect(await reaches(island, 'api', web)).toBe(true)
    await docker(island, 'run -d --name late --network one tiny')
    expect(await reaches(island, 'late', web)).toBe(true)
    expect(new Set([web, await addressOf(island, 'api'), await addressOf(island, 'late')]).size).toBe(3)
  })

  it('is disabled and enabled again while containers run', async () => {
    const [island] = islands
    const web = await addressOf(island, 'web')
    await docker(island, 'plugin disable -f cnm')
    expect(await reaches(island, 'api', web)).toBe(true)
    await docker(island, 'plugin enable cnm')
    await docker(island, 'network disconnect one late')
    expect(await reaches(island, 'api', web)).toBe(true)
  })

  it('leaves nothing', async () => {
    const [island] = islands
    await docker(island, 'rm -f web api late')
    await docker(island, 'network rm one')
    await expect.poll(() => host(island)).toBe(before)
  })
})

describe('in a swarm', () => {
  it('a network of the swarm has the settings that each node gives it', async () => {
    const [manager] = islands
    await formSwarm(islands)
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
      expect(await reaches(island, 'one', address)).toBe(true)
      expect(onHost(island, 'ip', '-br', 'link')).toContain(`br-node${index + 1}`)
    }
  })

  it('goes, and nothing is left on any node', async () => {
    const [manager] = islands
    for (const island of islands) await docker(island, 'rm -f one two')
    await docker(manager, 'network rm app')
    // A worker is told later than the manager answers.
    for (const island of islands) await expect.poll(() => onHost(island, 'ip', '-br', 'link')).not.toMatch(/br-node|gone/)
  })
})
