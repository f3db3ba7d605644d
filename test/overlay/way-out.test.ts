import { afterAll, beforeAll, expect, it } from 'vitest'
import { Hosts } from '../support/hosts.ts'
import { must } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { ask, pings, reaches, serve } from '../support/traffic.ts'

let hosts: Hosts
let world: string
/** Beyond the host, with no way back to anything behind it. */
const WORLD = '203.0.113.1'
const OVERLAY = '10.0.1.12'

beforeAll(async () => {
  hosts = await Hosts.open(2)
  const { netns } = hosts.at(1)
  world = hosts.space('world')
  must(['ip', 'link', 'add', 'wan0', 'netns', netns, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', world])
  must(['ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'wan0'], { netns })
  must(['ip', 'link', 'set', 'wan0', 'up'], { netns })
  must(['ip', 'addr', 'add', '192.0.2.2/24', 'dev', 'eth0'], { netns: world })
  must(['ip', 'addr', 'add', `${WORLD}/32`, 'dev', 'lo'], { netns: world })
  must(['ip', 'link', 'set', 'eth0', 'up'], { netns: world })
  must(['ip', 'route', 'add', 'default', 'via', '192.0.2.2'], { netns })
  await hosts.network('app', 4097, ['10.0.1.0/24'])
  await hosts.network('inner', 4098, ['10.0.2.0/24'], { internal: true })
  await hosts.sandbox(2, 's2', 'app', { ip: OVERLAY })
})
afterAll(() => hosts[Symbol.asyncDispose]())

/** Those that are out of service are deleted a moment later. */
const linksIn = (netns: string) =>
  (JSON.parse(must(['ip', '-j', 'link'], { netns })) as { ifname: string }[])
    .map(({ ifname }) => ifname)
    .filter((name) => !name.startsWith('gone'))
const networksOf = (name: string) =>
  hosts
    .at(1)
    .cnm.seats(name)
    .map(({ network }) => network.name)
    .sort()
const wayOut = (netns: string) => must(['ip', 'route', 'show', 'default'], { netns }).trim()

it('who is on an overlay network only leaves by the gateway network, and publishes there; it comes and goes with the need', async () => {
  const { cnm, netns } = hosts.at(1)
  const before = snapshot(netns)
  const ports = [{ protocol: 'tcp' as const, hostIP: '', hostPort: 8080, port: 80 }]
  const { path } = await cnm.createSandbox({ name: 'web', networks: [{ network: 'app' }], ports })
  await hosts.tell('app')
  expect(linksIn(path)).toEqual(['lo', 'eth0', 'eth1'])
  expect(networksOf('web')).toEqual(['app', 'docker_gwbridge'])
  expect(cnm.network('docker_gwbridge')).toMatchObject({ driver: 'bridge', scope: 'local', enableIPv6: false })
  expect(await Promise.all([pings(path, WORLD), pings(path, OVERLAY)])).toEqual([true, true])
  await using _server = await serve(path, 'tcp', '0.0.0.0', 80)
  expect(await ask(world, 'tcp', '192.0.2.1', 8080)).toBe('192.0.2.2')

  // Another does not reach the first through the gateway network.
  const other = await hosts.sandbox(1, 'other', 'app')
  const address =
    cnm
      .guests('docker_gwbridge')
      .find(({ sandbox }) => sandbox.name === 'web')
      ?.endpoint.address?.split('/')[0] ?? ''
  expect(await pings(other, address)).toBe(false)
  expect(await cnm.findings()).toEqual([])
  await cnm.removeSandbox('other')

  // A network with a way out of its own takes its place, and gives it back.
  await cnm.createNetwork({ name: 'front', ipam: { config: [{ subnet: '172.30.0.0/24' }] } })
  await cnm.connect('web', { network: 'front' })
  expect(networksOf('web')).toEqual(['app', 'front'])
  expect(wayOut(path)).toContain('via 172.30.0.1')
  expect(await ask(world, 'tcp', '192.0.2.1', 8080)).toBe('192.0.2.2')
  expect(linksIn(netns)).not.toContain('cnm_gwbridge')
  await cnm.disconnect('web', 'front')
  expect(networksOf('web')).toEqual(['app', 'docker_gwbridge'])
  expect(await reaches(path, WORLD)).toBe(true)
  expect(await ask(world, 'tcp', '192.0.2.1', 8080)).toBe('192.0.2.2')

  // It is nobody's to leave, and ends with the network that needed it.
  await expect(cnm.disconnect('web', 'docker_gwbridge')).rejects.toMatchObject({ code: 'NOT_CONNECTED' })
  await cnm.disconnect('web', 'app')
  expect(networksOf('web')).toEqual([])
  expect(linksIn(path)).toEqual(['lo'])
  await cnm.connect('web', { network: 'app' })
  await hosts.reopen(1)
  expect(networksOf('web')).toEqual(['app', 'docker_gwbridge'])
  await hosts.at(1).cnm.removeSandbox('web')
  for (const name of ['front', 'docker_gwbridge']) await hosts.at(1).cnm.removeNetwork(name)
  expect(snapshot(netns)).toEqual(before)
})

it('not who is on an internal network only; and a failed attachment leaves no gateway network', async () => {
  const { cnm } = hosts.at(1)
  const path = await hosts.sandbox(1, 'shy', 'inner')
  expect(networksOf('shy')).toEqual(['inner'])
  expect(wayOut(path)).toBe('')
  const refused = cnm.createSandbox({
    name: 'x',
    networks: [{ network: 'app', options: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.nonsense=1' } }],
  })
  await expect(refused).rejects.toMatchObject({ code: 'KERNEL_REFUSED' })
  expect(cnm.networks().map(({ name }) => name)).not.toContain('docker_gwbridge')
  expect((await cnm.createNetwork({ name: 'free' })).pools[0]?.subnet).toBe('172.18.0.0/16')
  await cnm.removeNetwork('free')
  await cnm.removeSandbox('shy')
})
