import { describe, expect, it } from 'vitest'
import { BEYOND4, BEYOND6, HOST4, HOST6, LAN4, LAN6 } from '../support/lab.ts'
import { must, run } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { ask, pings, reaches, serve } from '../support/traffic.ts'

const stage = new Stage()

const BRIDGE = 'com.docker.network.bridge'
const families = [4, 6] as const
const subnets = { 4: '10.7.0.0/24', 6: 'fd00:7::/64' } as const
const gateway = { 4: '10.7.0.1', 6: 'fd00:7::1' } as const
const web = { 4: '10.7.0.10', 6: 'fd00:7::10' } as const
const peer = { 4: '10.7.0.11', 6: 'fd00:7::11' } as const
const hostOf = { 4: HOST4, 6: HOST6 } as const
const lanOf = { 4: LAN4, 6: LAN6 } as const
const beyond = { 4: BEYOND4, 6: BEYOND6 } as const

/** A network of both families with options, each key without its prefix `com.docker.network.`. */
const network = (options: Record<string, string> = {}, more: object = {}) =>
  stage.cnm.createNetwork({
    name: 'net',
    enableIPv6: true,
    ipam: { config: families.map((family) => ({ subnet: subnets[family] })) },
    options: Object.fromEntries(Object.entries(options).map(([key, value]) => [`com.docker.network.${key}`, value])),
    ...more,
  })

/** A sandbox on it that serves on port 80; `web` publishes that as 8080. */
async function sandbox(name: 'web' | 'peer', endpoint: object = {}) {
  const address = name === 'web' ? web : peer
  const ports = name === 'web' ? [{ protocol: 'tcp' as const, hostIP: '', hostPort: 8080, port: 80 }] : []
  const made = await stage.cnm.createSandbox({ name, networks: [{ network: 'net', ip: address[4], ip6: address[6], ...endpoint }], ports })
  const servers = await Promise.all([80, 81].map((port) => serve(made.path, 'tcp', '::', port)))
  return {
    path: made.path,
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}

/** The LAN knows the way to the network, as where the operator has set up routing. */
const routeFromLan = () => {
  for (const family of families) must(['ip', 'route', 'add', subnets[family], 'via', hostOf[family]], { netns: stage.lab.lan })
}

const both = <T>(question: (family: 4 | 6) => Promise<T>): Promise<readonly T[]> => Promise.all(families.map(question))
const json = (netns: string, ...argv: string[]) => JSON.parse(must(argv, { netns }))
const fromLan = (port: number) => both((family) => ask(stage.lab.lan, 'tcp', web[family], port))
const published = () => both((family) => ask(stage.lab.lan, 'tcp', hostOf[family], 8080))
const pingedFromLan = () => both((family) => pings(stage.lab.lan, web[family]))
const lans = [LAN4, LAN6]
const none = [null, null]

describe('gateway modes', () => {
  it('nat: published ports by the host, and nothing at the sandbox itself', async () => {
    await network()
    await using _web = await sandbox('web')
    routeFromLan()
    expect(await published()).toEqual(lans)
    expect(await fromLan(80)).toEqual(none)
    expect(await pingedFromLan()).toEqual([false, false])
  })

  it('nat-unprotected: published ports by the host, and all of the sandbox', async () => {
    await network({ 'bridge.gateway_mode_ipv4': 'nat-unprotected', 'bridge.gateway_mode_ipv6': 'nat-unprotected' })
    await using made = await sandbox('web')
    routeFromLan()
    await using _world = await serve(stage.lab.lan, 'tcp', '::', 7)
    expect(await published()).toEqual(lans)
    expect(await fromLan(81)).toEqual(lans)
    expect(await pingedFromLan()).toEqual([true, true])
    expect(await both((family) => ask(made.path, 'tcp', lanOf[family], 7))).toEqual([HOST4, HOST6])
  })

  it('routed: published ports and ping at the sandbox itself, which is seen by its own address', async () => {
    await network({ 'bridge.gateway_mode_ipv4': 'routed', 'bridge.gateway_mode_ipv6': 'routed' })
    await using made = await sandbox('web')
    routeFromLan()
    await using _world = await serve(stage.lab.lan, 'tcp', '::', 7)
    expect(await fromLan(80)).toEqual(lans)
    expect(await fromLan(81)).toEqual(none)
    expect(await published()).toEqual(none)
    expect(await pingedFromLan()).toEqual([true, true])
    expect(await both((family) => ask(made.path, 'tcp', lanOf[family], 7))).toEqual([web[4], web[6]])
  })

  it('each family has its own', async () => {
    await network({ 'bridge.gateway_mode_ipv6': 'routed' })
    await using _web = await sandbox('web')
    routeFromLan()
    expect(await published()).toEqual([LAN4, null])
    expect(await fromLan(80)).toEqual([null, LAN6])
  })

  it('routed: another network of the host reaches published ports, and no others', async () => {
    await network({ 'bridge.gateway_mode_ipv4': 'routed', 'bridge.gateway_mode_ipv6': 'routed' })
    await using _web = await sandbox('web')
    await stage.cnm.createNetwork({ name: 'other', enableIPv6: true })
    const { path } = await stage.cnm.createSandbox({ networks: [{ network: 'other' }] })
    expect(await both((family) => ask(path, 'tcp', web[family], 80))).not.toContain(null)
    expect(await both((family) => ask(path, 'tcp', web[family], 81))).toEqual(none)
  })

  it('isolated: the host is not there, the neighbours are', async () => {
    await network({ 'bridge.gateway_mode_ipv4': 'isolated', 'bridge.gateway_mode_ipv6': 'isolated' }, { internal: true })
    await using _web = await sandbox('web')
    await using made = await sandbox('peer')
    const link = `br-${stage.cnm.network('net').id.slice(0, 12)}`
    expect(must(['ip', '-o', 'addr', 'show', 'dev', link, 'scope', 'global'], { netns: stage.lab.host })).toBe('')
    expect(await both((family) => pings(made.path, gateway[family]))).toEqual([false, false])
    expect(await both((family) => ask(made.path, 'tcp', web[family], 80))).toEqual([peer[4], peer[6]])
  })

  it.each([
    [{ 'bridge.gateway_mode_ipv4': 'isolated' }, "gateway mode 'isolated' can only be used for an internal network"],
    [
      { 'bridge.gateway_mode_ipv6': 'open' },
      'failed to parse com.docker.network.bridge.gateway_mode_ipv6 value: open (unknown gateway mode open)',
    ],
  ])('%j is refused', async (options, sentence) => {
    await expect(network(options)).rejects.toThrow(sentence)
  })
})

describe('who may speak to whom', () => {
  const reach = async (from: string) => both((family) => ask(from, 'tcp', web[family], 80))

  it('enable_icc: neighbours reach one another', async () => {
    await network()
    await using _web = await sandbox('web')
    await using made = await sandbox('peer')
    expect(await reach(made.path)).toEqual([peer[4], peer[6]])
  })

  it('enable_icc=false: not directly, not through the host either; published ports and the world stay', async () => {
    // With br_netfilter the bridge itself turns a frame for a published port round, and from port to port it is isolated.
    must(['sysctl', '-eqw', 'net.bridge.bridge-nf-call-iptables=0', 'net.bridge.bridge-nf-call-ip6tables=0'], { netns: stage.lab.host })
    stage.accept()
    await network({ 'bridge.enable_icc': 'false' })
    await using served = await sandbox('web')
    await using made = await sandbox('peer')
    await using _world = await serve(stage.lab.lan, 'tcp', '::', 7)
    expect(await reach(made.path)).toEqual(none)
    // What a neighbour may not bridge, it must not route either.
    for (const family of families) {
      const through = (to: string) => ['ip', 'route', 'add', `${to}/${family === 4 ? 32 : 128}`, 'via', gateway[family]]
      must(through(web[family]), { netns: made.path })
      must(through(peer[family]), { netns: served.path })
    }
    expect(await reach(made.path)).toEqual(none)
    expect(await both((family) => ask(made.path, 'tcp', hostOf[family], 8080))).not.toContain(null)
    expect(await both((family) => ask(made.path, 'tcp', lanOf[family], 7))).toEqual([HOST4, HOST6])
  })

  it('internal: no way out, no way in, though the port is published; the host and the neighbours are there', async () => {
    await network({}, { internal: true })
    await using _web = await sandbox('web')
    await using made = await sandbox('peer')
    routeFromLan()
    for (const family of families) must(['ip', 'route', 'add', 'default', 'via', gateway[family]], { netns: made.path })
    expect(await both((family) => pings(made.path, lanOf[family]))).toEqual([false, false])
    expect(await published()).toEqual(none)
    expect(await fromLan(80)).toEqual(none)
    expect(await reach(made.path)).toEqual([peer[4], peer[6]])
    expect(await both((family) => pings(made.path, gateway[family]))).toEqual([true, true])
  })

  it('trusted_host_interfaces: published ports at the sandbox itself, from there alone', async () => {
    const dmz = stage.lab.neighbour('dmz', '203.0.113.1/24', '203.0.113.9/24')
    stage.accept()
    await network({ 'bridge.trusted_host_interfaces': 'lan0:absent0' })
    await using _web = await sandbox('web')
    routeFromLan()
    expect(await published()).toEqual(lans)
    expect(await fromLan(80)).toEqual(lans)
    expect(await fromLan(81)).toEqual(none)
    expect(await ask(dmz, 'tcp', web[4], 80)).toBe(null)
    expect(await ask(dmz, 'tcp', '203.0.113.1', 8080)).toBe('203.0.113.9')
  })
})

describe('what the world sees', () => {
  const seen = async (from: string) => {
    await using _world = await serve(stage.lab.lan, 'tcp', '::', 7)
    return await both((family) => ask(from, 'tcp', beyond[family], 7))
  }

  it('enable_ip_masquerade=false: the sandbox itself, where there is a way back', async () => {
    await network({ 'bridge.enable_ip_masquerade': 'false' })
    await using made = await sandbox('web')
    expect(await seen(made.path)).toEqual(none)
    routeFromLan()
    expect(await seen(made.path)).toEqual([web[4], web[6]])
  })

  it('host_ipv4, host_ipv6: that address of the host', async () => {
    must(['ip', 'addr', 'add', '192.0.2.77/24', 'dev', 'lan0'], { netns: stage.lab.host })
    must(['ip', 'addr', 'add', '2001:db8:0:1::77/64', 'dev', 'lan0', 'nodad'], { netns: stage.lab.host })
    stage.accept()
    await network({ host_ipv4: '192.0.2.77', host_ipv6: '2001:db8:0:1::77' })
    await using made = await sandbox('web')
    expect(await seen(made.path)).toEqual(['192.0.2.77', '2001:db8:0:1::77'])
    expect(await published()).toEqual(lans)
  })

  it.each(['host_ipv4', 'bridge.host_binding_ipv4'])('%s that is no address is refused', async (key) => {
    await expect(network({ [key]: 'there' })).rejects.toThrow(`failed to parse com.docker.network.${key} value: there (nil ip)`)
  })
})

describe('where ports are published', () => {
  const second = () => {
    must(['ip', 'addr', 'add', '192.0.2.77/24', 'dev', 'lan0'], { netns: stage.lab.host })
    must(['ip', 'addr', 'add', '2001:db8:0:1::77/64', 'dev', 'lan0', 'nodad'], { netns: stage.lab.host })
    stage.accept()
  }
  const at = (...addresses: readonly string[]) => Promise.all(addresses.map((address) => ask(stage.lab.lan, 'tcp', address, 8080)))

  it('host_binding_ipv4: there alone, and not by IPv6', async () => {
    second()
    await network({ 'bridge.host_binding_ipv4': '192.0.2.77' })
    await using _web = await sandbox('web')
    expect(await at('192.0.2.77', HOST4, HOST6)).toEqual([LAN4, null, null])
  })

  it('host_binding_ipv4 takes an IPv6 address, and then there is none of IPv4', async () => {
    second()
    await network({ 'bridge.host_binding_ipv4': '2001:db8:0:1::77' })
    await using _web = await sandbox('web')
    expect(await at('2001:db8:0:1::77', HOST6, HOST4)).toEqual([LAN6, null, null])
  })

  it('host_binding_ipv6 goes with IPv4', async () => {
    second()
    await network({ 'bridge.host_binding_ipv6': '2001:db8:0:1::77' })
    await using _web = await sandbox('web')
    expect(await at('2001:db8:0:1::77', HOST6, HOST4)).toEqual([LAN6, null, LAN4])
  })
})

describe('links', () => {
  it('bridge.name, driver.mtu, container_iface_prefix', async () => {
    await network({ 'bridge.name': 'br7', 'driver.mtu': '1400', container_iface_prefix: 'lan' })
    await using made = await sandbox('web')
    const mtus = json(stage.lab.host, 'ip', '-j', 'link').filter(({ ifname }: { ifname: string }) => /^(br7|veth)/.test(ifname))
    expect(mtus.map(({ mtu }: { mtu: number }) => mtu)).toEqual([1400, 1400])
    expect(json(made.path, 'ip', '-j', 'link', 'show', 'dev', 'lan0')).toMatchObject([{ mtu: 1400 }])
    const large = (size: number) => run(['ping', '-c1', '-W1', '-Mdo', `-s${size - 28}`, gateway[4]], { netns: made.path }).status
    expect([large(1400), large(1401)]).toEqual([0, 1])
  })

  it('endpoint.ifname, a static MAC, and sysctls of that link', async () => {
    await network()
    const options = {
      'com.docker.network.endpoint.ifname': 'uplink',
      'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.accept_ra=2',
    }
    await using made = await sandbox('web', { mac: '02:00:00:00:00:77', options })
    expect(json(made.path, 'ip', '-j', 'link', 'show', 'dev', 'uplink')).toMatchObject([{ address: '02:00:00:00:00:77' }])
    const values = must(['sysctl', '-n', 'net.ipv4.conf.uplink.log_martians', 'net.ipv6.conf.uplink.accept_ra'], { netns: made.path })
    expect(values).toBe('1\n2\n')
    expect(await both((family) => pings(made.path, gateway[family]))).toEqual([true, true])
  })

  it.each(['net.ipv4.conf.eth0.log_martians=1', 'kernel.IFNAME.a.b=1', 'net.ipv4.conf.IFNAME.x/../y=1', 'net.ipv4.conf.IFNAME.forwarding'])(
    'the sysctl %s is refused',
    async (text) => {
      await network()
      const options = { 'com.docker.network.endpoint.sysctls': text }
      await expect(stage.cnm.createSandbox({ networks: [{ network: 'net', options }] })).rejects.toThrow(
        `unrecognised network interface sysctl '${text}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
      )
    },
  )

  it('a sysctl that the kernel does not have leaves nothing behind', async () => {
    await network()
    const options = { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.nonsense=1' }
    await expect(stage.cnm.createSandbox({ networks: [{ network: 'net', options }] })).rejects.toThrow('ENOENT')
    expect(stage.cnm.sandboxes()).toEqual([])
  })

  it('inhibit_ipv4: the bridge has no IPv4 address, and sandboxes use another gateway of that address', async () => {
    await network({ 'bridge.name': 'br7', 'bridge.inhibit_ipv4': 'true' })
    await using made = await sandbox('web')
    expect(must(['ip', '-4', '-o', 'addr', 'show', 'dev', 'br7'], { netns: stage.lab.host })).toBe('')
    expect(must(['ip', 'route', 'show', 'default'], { netns: made.path })).toContain(`via ${gateway[4]} `)
    expect(await both((family) => pings(made.path, gateway[family]))).toEqual([false, true])
  })

  it('aux addresses DefaultGatewayIPv4, DefaultGatewayIPv6: the way out is one of the sandboxes', async () => {
    const config = families.map((family) => ({
      subnet: subnets[family],
      auxAddresses: { [`DefaultGatewayIPv${family}`]: `${subnets[family].replace(/0?\/.*/, '')}fe`.replace('.fe', '.254') },
    }))
    await network({}, { ipam: { config } })
    await using made = await sandbox('web')
    expect(must(['ip', 'route', 'show', 'default'], { netns: made.path })).toContain('via 10.7.0.254 ')
    expect(must(['ip', '-6', 'route', 'show', 'default'], { netns: made.path })).toContain('via fd00:7::fe ')
  })

  it('without IPv6 a bridge and its ports have no address of that family, not even link-local', async () => {
    await stage.cnm.createNetwork({ name: 'net', options: { [`${BRIDGE}.name`]: 'br7' } })
    await stage.cnm.createSandbox({ networks: [{ network: 'net' }] })
    expect(must(['ip', '-6', '-o', 'addr', 'show', 'dev', 'br7'], { netns: stage.lab.host })).toBe('')
    const ports = json(stage.lab.host, 'ip', '-j', 'link', 'show', 'master', 'br7') as { ifname: string }[]
    expect(ports.map(({ ifname }) => must(['ip', '-6', '-o', 'addr', 'show', 'dev', ifname], { netns: stage.lab.host }))).toEqual([''])
  })

  it('enable_ipv4, enable_ipv6 as options; an automatic subnet is a unique local one', async () => {
    await network({ enable_ipv4: 'false', enable_ipv6: 'true' }, { enableIPv6: undefined, ipam: {} })
    const { options, pools } = stage.cnm.network('net')
    expect(options).toEqual({})
    expect(pools.map(({ subnet }) => subnet)).toEqual([expect.stringMatching(/^fd.*\/64$/)])
    const { path } = await stage.cnm.createSandbox({ networks: [{ network: 'net' }] })
    expect(await reaches(path, pools[0]?.gateway?.split('/')[0] ?? '')).toBe(true)
    expect(must(['ip', '-4', 'route'], { netns: path })).toBe('')
    await expect(network({ enable_ipv6: 'perhaps' }, { name: 'two', enableIPv6: undefined })).rejects.toThrow(
      'driver-opt "com.docker.network.enable_ipv6" is not a valid bool',
    )
  })
})
