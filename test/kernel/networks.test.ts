import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { BEYOND4, HOST4, Lab } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { pinned, snapshot } from '../support/snapshot.ts'
import { ask, hold, pings, serve } from '../support/traffic.ts'

let lab: Lab
let cnm: Controller
let before: Record<string, string>

beforeEach(async () => {
  lab = new Lab()
  before = snapshot(lab.host)
  cnm = await lab.open()
})

/** After every test, whatever it did: everything removed, and the host as it was. */
afterEach(async () => {
  try {
    for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
    for (const { name, id } of cnm.networks()) if (!['bridge', 'host', 'none'].includes(name)) await cnm.removeNetwork(id)
    expect(snapshot(lab.host)).toEqual(before)
    expect(pinned(`${lab.run}/netns`)).toEqual([])
  } finally {
    await cnm.close()
    await lab[Symbol.asyncDispose]()
  }
})

const linksIn = (netns: string): readonly string[] =>
  (JSON.parse(must(['ip', '-j', 'link'], { netns })) as { ifname: string }[]).map(({ ifname }) => ifname)

describe('predefined networks', () => {
  it('are there on a fresh host, touch nothing, and cannot be removed', async () => {
    expect(cnm.networks().map(({ name, driver, scope }) => [name, driver, scope])).toEqual(
      expect.arrayContaining([
        ['bridge', 'bridge', 'local'],
        ['host', 'host', 'local'],
        ['none', 'null', 'local'],
      ]),
    )
    expect(snapshot(lab.host)).toEqual(before)
    for (const name of ['bridge', 'host', 'none']) {
      await expect(cnm.removeNetwork(name)).rejects.toMatchObject({
        code: 'NETWORK_PREDEFINED_REMOVE',
        message: `${name} is a pre-defined network and cannot be removed`,
      })
    }
  })

  it('keep their ids when the controller is opened again', async () => {
    const ids = () =>
      cnm
        .networks()
        .map(({ id }) => id)
        .sort()
    const had = ids()
    await cnm.close()
    cnm = await lab.open()
    expect(ids()).toEqual(had)
  })

  it('bridge: a sandbox without further words is on it; its link is there only as long', async () => {
    const { path } = await cnm.createSandbox({ name: 'one' })
    expect(linksIn(lab.host)).toContain('cnm0')
    expect(await pings(path, BEYOND4)).toBe(true)
    await cnm.removeSandbox('one')
    expect(linksIn(lab.host)).not.toContain('cnm0')
  })

  it('none: only loopback, and it works', async () => {
    const { path } = await cnm.createSandbox({ networks: [{ network: 'none' }] })
    expect(linksIn(path)).toEqual(['lo'])
    expect(await pings(path, '127.0.0.1')).toBe(true)
    expect(await pings(path, '::1')).toBe(true)
    expect(await pings(path, HOST4)).toBe(false)
  })

  it('host: the links of the host', async () => {
    await cnm.createSandbox({ name: 'h', networks: [{ network: 'host' }] })
    const child = await cnm.spawn('h', ['ip', '-j', 'link'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    for await (const chunk of child.stdout ?? []) text += chunk
    expect((JSON.parse(text) as { ifname: string }[]).map(({ ifname }) => ifname)).toEqual(linksIn(lab.host))
  })

  it('none and host do not share a sandbox', async () => {
    await cnm.createNetwork({ name: 'web' })
    await cnm.createSandbox({ name: 'n', networks: [{ network: 'none' }] })
    await cnm.createSandbox({ name: 'h', networks: [{ network: 'host' }] })
    await cnm.createSandbox({ name: 'w', networks: [{ network: 'web' }] })
    await expect(cnm.connect('n', { network: 'web' })).rejects.toMatchObject({ code: 'NONE_PRIVATE' })
    await expect(cnm.connect('w', { network: 'none' })).rejects.toMatchObject({ code: 'NONE_PRIVATE' })
    await expect(cnm.connect('h', { network: 'web' })).rejects.toMatchObject({ code: 'HOST_SHARED' })
    await expect(cnm.connect('w', { network: 'host' })).rejects.toMatchObject({ code: 'HOST_CONNECT' })
    await expect(cnm.disconnect('h', 'host')).rejects.toMatchObject({ code: 'HOST_DISCONNECT' })
  })
})

describe('a sandbox on two networks', () => {
  const gatewayOf = (netns: string): string => must(['ip', 'route', 'show', 'default'], { netns }).match(/via (\S+)/)?.[1] ?? ''

  it('has both links, and the way out of the first by name', async () => {
    await cnm.createNetwork({ name: 'zoo', ipam: { config: [{ subnet: '10.1.0.0/24' }] } })
    await cnm.createNetwork({ name: 'ant', ipam: { config: [{ subnet: '10.2.0.0/24' }] } })
    const { path } = await cnm.createSandbox({ name: 's', networks: [{ network: 'zoo' }] })
    expect(gatewayOf(path)).toBe('10.1.0.1')
    await cnm.connect('s', { network: 'ant' })
    expect(linksIn(path)).toEqual(['lo', 'eth0', 'eth1'])
    expect(gatewayOf(path)).toBe('10.2.0.1')
    await cnm.disconnect('s', 'ant')
    expect(gatewayOf(path)).toBe('10.1.0.1')
  })

  it('prefers the larger gwPriority, and a network that has a way out', async () => {
    await cnm.createNetwork({ name: 'a', ipam: { config: [{ subnet: '10.1.0.0/24' }] } })
    await cnm.createNetwork({ name: 'b', ipam: { config: [{ subnet: '10.2.0.0/24' }] } })
    await cnm.createNetwork({ name: 'inner', internal: true, ipam: { config: [{ subnet: '10.3.0.0/24' }] } })
    const { path } = await cnm.createSandbox({ name: 's', networks: [{ network: 'inner' }] })
    expect(gatewayOf(path)).toBe('')
    expect(await pings(path, BEYOND4)).toBe(false)
    await cnm.connect('s', { network: 'a' })
    expect(gatewayOf(path)).toBe('10.1.0.1')
    await cnm.connect('s', { network: 'b', gwPriority: 1 })
    expect(gatewayOf(path)).toBe('10.2.0.1')
    expect(await pings(path, BEYOND4)).toBe(true)
  })

  it('keeps the traffic of one going while the other comes and goes; the published port moves along', async () => {
    await cnm.createNetwork({ name: 'b', ipam: { config: [{ subnet: '10.1.0.0/24' }] } })
    await cnm.createNetwork({ name: 'a', ipam: { config: [{ subnet: '10.2.0.0/24' }] } })
    const port = { protocol: 'tcp', hostIP: '', hostPort: 9000, port: 80 } as const
    const { path } = await cnm.createSandbox({ name: 's', networks: [{ network: 'b', ip: '10.1.0.9' }], ports: [port] })
    const peer = await cnm.createSandbox({ name: 'peer', networks: [{ network: 'b' }] })
    await using _server = await serve(path, 'tcp', '0.0.0.0', 80)
    await using held = await hold(peer.path, '10.1.0.9', 80)
    expect(await ask(lab.lan, 'tcp', HOST4, 9000)).not.toBeNull()
    for (let round = 0; round < 3; round++) {
      await cnm.connect('s', { network: 'a' })
      expect(await ask(lab.lan, 'tcp', HOST4, 9000)).not.toBeNull()
      await cnm.disconnect('s', 'a')
    }
    expect(await ask(lab.lan, 'tcp', HOST4, 9000)).not.toBeNull()
    // 20 ms between two bytes; a lost segment would cost a retransmission of at least 200 ms.
    expect(await held.gap()).toBeLessThan(190)
  })
})

describe('what was made by others', () => {
  it('a joined namespace keeps what it had', async () => {
    await cnm.createNetwork({ name: 'web' })
    const had = snapshot(lab.lan)
    await cnm.createSandbox({
      name: 'peer',
      path: lab.lan,
      networks: [{ network: 'web', options: { 'com.docker.network.endpoint.ifname': 'web7' } }],
    })
    expect(linksIn(lab.lan)).toEqual(['lo', 'eth0', 'web7'])
    await cnm.removeSandbox('peer')
    expect(snapshot(lab.lan)).toEqual(had)
  })

  it('a link of the same name is left alone', async () => {
    must(['ip', 'link', 'add', 'mine', 'type', 'bridge'], { netns: lab.host })
    const had = snapshot(lab.host)
    const options = { 'com.docker.network.bridge.name': 'mine' }
    await expect(cnm.createNetwork({ name: 'web', options })).rejects.toMatchObject({ code: 'KERNEL_REFUSED' })
    expect(snapshot(lab.host)).toEqual(had)
    must(['ip', 'link', 'del', 'mine'], { netns: lab.host })
  })

  it('a host that forwards already stays as it is', async () => {
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=1'], { netns: lab.host })
    const had = snapshot(lab.host)
    await cnm.createNetwork({ name: 'web' })
    const { path } = await cnm.createSandbox({ name: 's', networks: [{ network: 'web' }] })
    expect(await pings(path, BEYOND4)).toBe(true)
    await cnm.removeSandbox('s')
    await cnm.removeNetwork('web')
    expect(snapshot(lab.host)).toEqual(had)
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=0'], { netns: lab.host })
  })

  it('forwarding for a network does not make the host a router', async () => {
    const dmz = lab.neighbour('dmz', '203.0.113.1/24', '203.0.113.9/24')
    must(['ip', 'route', 'add', '203.0.113.0/24', 'via', HOST4], { netns: lab.lan })
    const had = snapshot(lab.host)
    await cnm.createNetwork({ name: 'web' })
    const { path } = await cnm.createSandbox({ name: 's', networks: [{ network: 'web' }] })
    expect(await pings(path, '203.0.113.9')).toBe(true)
    expect(await pings(lab.lan, '203.0.113.9')).toBe(false)
    expect(await pings(dmz, BEYOND4)).toBe(false)
    await cnm.removeSandbox('s')
    await cnm.removeNetwork('web')
    expect(snapshot(lab.host)).toEqual(had)
    // The picture is right: a host that is made to forward does pass it on.
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=1'], { netns: lab.host })
    expect(await pings(lab.lan, '203.0.113.9')).toBe(true)
    before = snapshot(lab.host)
  })
})
