import { renameSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BEYOND4, HOST4 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { Stage } from '../support/stage.ts'
import { ask, hold, lost, pings, reaches, serve } from '../support/traffic.ts'

const stage = new Stage()
const host = (...argv: readonly string[]) => must(['ip', ...argv], { netns: stage.lab.host })

const linksIn = (netns: string): readonly string[] =>
  (JSON.parse(must(['ip', '-j', 'link'], { netns })) as { ifname: string }[]).map(({ ifname }) => ifname)

describe('predefined networks', () => {
  it('are there on a fresh host, touch nothing, and cannot be removed', async () => {
    expect(stage.cnm.networks().map(({ name, driver, scope }) => [name, driver, scope])).toEqual(
      expect.arrayContaining([
        ['bridge', 'bridge', 'local'],
        ['host', 'host', 'local'],
        ['none', 'null', 'local'],
      ]),
    )
    stage.expectUntouched()
    for (const name of ['bridge', 'host', 'none']) {
      await expect(stage.cnm.removeNetwork(name)).rejects.toMatchObject({
        code: 'NETWORK_PREDEFINED_REMOVE',
        message: `${name} is a pre-defined network and cannot be removed`,
      })
    }
  })

  it('keep their ids when the controller is opened again', async () => {
    const ids = () =>
      stage.cnm
        .networks()
        .map(({ id }) => id)
        .sort()
    const had = ids()
    await stage.reopen()
    expect(ids()).toEqual(had)
  })

  it('bridge: a sandbox without further words is on it; its link is there only as long', async () => {
    const { path } = await stage.cnm.createSandbox({ name: 'one' })
    expect(linksIn(stage.lab.host)).toContain('cnm0')
    expect(await reaches(path, BEYOND4)).toBe(true)
    await stage.cnm.removeSandbox('one')
    expect(linksIn(stage.lab.host)).not.toContain('cnm0')
  })

  it('none: only loopback, and it works', async () => {
    const { path } = await stage.cnm.createSandbox({ networks: [{ network: 'none' }] })
    expect(linksIn(path)).toEqual(['lo'])
    expect(await reaches(path, '127.0.0.1')).toBe(true)
    expect(await reaches(path, '::1')).toBe(true)
    expect(await pings(path, HOST4)).toBe(false)
  })

  it('host: the links of the host', async () => {
    await stage.cnm.createSandbox({ name: 'h', networks: [{ network: 'host' }] })
    const child = await stage.cnm.spawn('h', ['ip', '-j', 'link'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    for await (const chunk of child.stdout ?? []) text += chunk
    expect((JSON.parse(text) as { ifname: string }[]).map(({ ifname }) => ifname)).toEqual(linksIn(stage.lab.host))
  })

  it('none and host do not share a sandbox', async () => {
    await stage.cnm.createNetwork({ name: 'web' })
    await stage.cnm.createSandbox({ name: 'n', networks: [{ network: 'none' }] })
    await stage.cnm.createSandbox({ name: 'h', networks: [{ network: 'host' }] })
    await stage.cnm.createSandbox({ name: 'w', networks: [{ network: 'web' }] })
    await expect(stage.cnm.connect('n', { network: 'web' })).rejects.toMatchObject({ code: 'NONE_PRIVATE' })
    await expect(stage.cnm.connect('w', { network: 'none' })).rejects.toMatchObject({ code: 'NONE_PRIVATE' })
    await expect(stage.cnm.connect('h', { network: 'web' })).rejects.toMatchObject({ code: 'HOST_SHARED' })
    await expect(stage.cnm.connect('w', { network: 'host' })).rejects.toMatchObject({ code: 'HOST_CONNECT' })
    await expect(stage.cnm.disconnect('h', 'host')).rejects.toMatchObject({ code: 'HOST_DISCONNECT' })
  })
})

describe('a sandbox on two networks', () => {
  const gatewayOf = (netns: string): string => must(['ip', 'route', 'show', 'default'], { netns }).match(/via (\S+)/)?.[1] ?? ''

  it('has both links, and the way out of the first by name', async () => {
    await stage.cnm.createNetwork({ name: 'zoo', ipam: { config: [{ subnet: '10.1.0.0/24' }] } })
    await stage.cnm.createNetwork({ name: 'ant', ipam: { config: [{ subnet: '10.2.0.0/24' }] } })
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'zoo' }] })
    expect(gatewayOf(path)).toBe('10.1.0.1')
    await stage.cnm.connect('s', { network: 'ant' })
    expect(linksIn(path)).toEqual(['lo', 'eth0', 'eth1'])
    expect(gatewayOf(path)).toBe('10.2.0.1')
    await stage.cnm.disconnect('s', 'ant')
    expect(gatewayOf(path)).toBe('10.1.0.1')
  })

  it('prefers the larger gwPriority, and a network that has a way out', async () => {
    await stage.cnm.createNetwork({ name: 'a', ipam: { config: [{ subnet: '10.1.0.0/24' }] } })
    await stage.cnm.createNetwork({ name: 'b', ipam: { config: [{ subnet: '10.2.0.0/24' }] } })
    await stage.cnm.createNetwork({ name: 'inner', internal: true, ipam: { config: [{ subnet: '10.3.0.0/24' }] } })
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'inner' }] })
    expect(gatewayOf(path)).toBe('')
    expect(await pings(path, BEYOND4)).toBe(false)
    await stage.cnm.connect('s', { network: 'a' })
    expect(gatewayOf(path)).toBe('10.1.0.1')
    await stage.cnm.connect('s', { network: 'b', gwPriority: 1 })
    expect(gatewayOf(path)).toBe('10.2.0.1')
    expect(await reaches(path, BEYOND4)).toBe(true)
  })

  it('keeps the traffic of one going while the other comes and goes; the published port moves along', async () => {
    await stage.cnm.createNetwork({ name: 'b', ipam: { config: [{ subnet: '10.1.0.0/24' }] } })
    await stage.cnm.createNetwork({ name: 'a', ipam: { config: [{ subnet: '10.2.0.0/24' }] } })
    const port = { protocol: 'tcp', hostIP: '', hostPort: 9000, port: 80 } as const
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'b', ip: '10.1.0.9' }], ports: [port] })
    const peer = await stage.cnm.createSandbox({ name: 'peer', networks: [{ network: 'b' }] })
    await using _server = await serve(path, 'tcp', '0.0.0.0', 80)
    await using held = await hold(peer.path, '10.1.0.9', 80)
    expect(await ask(stage.lab.lan, 'tcp', HOST4, 9000)).not.toBeNull()
    for (let round = 0; round < 3; round++) {
      await stage.cnm.connect('s', { network: 'a' })
      expect(await ask(stage.lab.lan, 'tcp', HOST4, 9000)).not.toBeNull()
      await stage.cnm.disconnect('s', 'a')
    }
    expect(await ask(stage.lab.lan, 'tcp', HOST4, 9000)).not.toBeNull()
    const { sent, echoed } = await held.end()
    expect(sent).toBeGreaterThan(10)
    expect(echoed).toBe(sent)
    await expect.poll(() => lost(peer.path)).toBe(0)
  })
})

describe('what was made by others', () => {
  it('a joined namespace keeps what it had', async () => {
    await stage.cnm.createNetwork({ name: 'web' })
    const had = snapshot(stage.lab.lan)
    await stage.cnm.createSandbox({
      name: 'peer',
      path: stage.lab.lan,
      networks: [{ network: 'web', options: { 'com.docker.network.endpoint.ifname': 'web7' } }],
    })
    expect(linksIn(stage.lab.lan)).toEqual(['lo', 'eth0', 'web7'])
    await stage.cnm.removeSandbox('peer')
    expect(snapshot(stage.lab.lan)).toEqual(had)
  })

  it('a link that has come in the place of ours is left alone when the network goes', async () => {
    const { pools } = await stage.cnm.createNetwork({ name: 'web', options: { 'com.docker.network.bridge.name': 'br-web' } })
    const gateway = pools[0]?.gateway ?? ''
    host('link', 'del', 'br-web')
    // Somebody's, who wants the same of it.
    host('link', 'add', 'br-web', 'type', 'bridge')
    host('link', 'set', 'br-web', 'up')
    host('addr', 'add', gateway, 'dev', 'br-web')
    const had = host('-br', 'addr', 'show', 'dev', 'br-web')
    await stage.cnm.removeNetwork('web')
    await stage.reopen()
    expect(host('-br', 'addr', 'show', 'dev', 'br-web')).toBe(had)
    expect(await reaches(stage.lab.host, gateway.replace(/\/\d+$/, ''))).toBe(true)
    host('link', 'del', 'br-web')
  })

  it('a link of the same name that is no bridge is left alone', async () => {
    must(['ip', 'link', 'add', 'mine', 'type', 'veth', 'peer', 'name', 'yours'], { netns: stage.lab.host })
    const had = snapshot(stage.lab.host)
    const options = { 'com.docker.network.bridge.name': 'mine' }
    await expect(stage.cnm.createNetwork({ name: 'web', options })).rejects.toThrow('existing interface mine is not a bridge')
    expect(snapshot(stage.lab.host)).toEqual(had)
    must(['ip', 'link', 'del', 'mine'], { netns: stage.lab.host })
  })

  it('a host that forwards already stays as it is', async () => {
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=1'], { netns: stage.lab.host })
    const had = snapshot(stage.lab.host)
    await stage.cnm.createNetwork({ name: 'web' })
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'web' }] })
    expect(await reaches(path, BEYOND4)).toBe(true)
    await stage.cnm.removeSandbox('s')
    await stage.cnm.removeNetwork('web')
    expect(snapshot(stage.lab.host)).toEqual(had)
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=0'], { netns: stage.lab.host })
  })

  it('forwarding for a network does not make the host a router', async () => {
    const dmz = stage.lab.neighbour('dmz', '203.0.113.1/24', '203.0.113.9/24')
    must(['ip', 'route', 'add', '203.0.113.0/24', 'via', HOST4], { netns: stage.lab.lan })
    const had = snapshot(stage.lab.host)
    await stage.cnm.createNetwork({ name: 'web' })
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'web' }] })
    expect(await reaches(path, '203.0.113.9')).toBe(true)
    expect(await pings(stage.lab.lan, '203.0.113.9')).toBe(false)
    expect(await pings(dmz, BEYOND4)).toBe(false)
    await stage.cnm.removeSandbox('s')
    await stage.cnm.removeNetwork('web')
    expect(snapshot(stage.lab.host)).toEqual(had)
    // The picture is right: a host that is made to forward does pass it on.
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=1'], { netns: stage.lab.host })
    expect(await reaches(stage.lab.lan, '203.0.113.9')).toBe(true)
    stage.accept()
  })
})

const at = (subnet: string) => ({ ipam: { config: [{ subnet }] } })

describe('two run directories in one namespace', () => {
  it('are refused, whoever comes first, until the first has no networks or is gone', async () => {
    const { lab } = stage
    const other = { root: `${lab.root}-2`, run: `${lab.run}-2` }
    const cnm = await lab.open(other)
    await stage.cnm.createNetwork({ name: 'web', ...at('10.9.0.0/24') })
    const rules = must(['nft', 'list', 'ruleset'], { netns: lab.host })
    const refused = { code: 'NAMESPACE_OWNED', message: expect.stringContaining(`network namespace ${lab.host}`) }
    await expect(cnm.createNetwork({ name: 'late', ...at('10.8.0.0/24') })).rejects.toMatchObject(refused)
    expect(await cnm.repair()).toMatchObject({ mended: [], left: [{ code: 'NAMESPACE_OWNED' }], errors: [] })
    await cnm.close()
    // As after kill -9: nobody holds the lock, the table stands.
    await stage.cnm.close()
    await expect(lab.open(other)).rejects.toMatchObject({ ...refused, message: expect.stringContaining(lab.run) })
    expect((await lab.examine(other)).findings).toMatchObject([{ code: 'NAMESPACE_OWNED', fix: `cnm doctor --run ${lab.run} --root ROOT` }])
    expect(must(['nft', 'list', 'ruleset'], { netns: lab.host })).toBe(rules)

    renameSync(lab.run, `${lab.run}-gone`)
    await (await lab.open(other)).close()
    renameSync(`${lab.run}-gone`, lab.run)
    stage.cnm = await lab.open()
    await stage.cnm.removeNetwork('web')
    await (await lab.open(other)).close()
  })
})

describe('a table inet cnm that is somebody else’s', () => {
  it.each([
    ['set bridges', 'set inet cnm bridges { type ipv4_addr; }'],
    ['map port4', 'map inet cnm port4 { type ipv4_addr : mark; }'],
    ['chain guard', 'chain inet cnm guard { type filter hook input priority 0; }'],
  ])('is named with what is in the way: %s', async (object, made) => {
    const nft = (...words: readonly string[]) => must(['nft', ...words], { netns: stage.lab.host })
    nft('add table inet cnm')
    nft(`add ${made}`)
    const had = nft('list', 'ruleset')
    await expect(stage.cnm.createNetwork({ name: 'web' })).rejects.toMatchObject({
      code: 'TABLE_TAKEN',
      message: `the table inet cnm is ours, and has a ${object} of somebody else's`,
      remedy: expect.stringContaining('nft delete table inet cnm'),
    })
    expect(nft('list', 'ruleset')).toBe(had)
    nft('delete table inet cnm')
  })
})
