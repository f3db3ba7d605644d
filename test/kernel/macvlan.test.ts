import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Controller, eventsOf } from '../../lib/index.ts'
import type { IpamConfig } from '../../lib/model/request.ts'
import { BEYOND4, BEYOND6, HOST4, HOST6, LAN4, LAN6 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { type Party, ROUTER_MAC, reach, Segment } from '../support/segment.ts'
import { Stage } from '../support/stage.ts'
import { ask, pings, serve } from '../support/traffic.ts'

const stage = new Stage()
const host = (...argv: string[]) => must(argv, { netns: stage.lab.host })
const lan = (...argv: string[]) => must(argv, { netns: stage.lab.lan })
const macOf = (netns: string, link: string): string => JSON.parse(must(['ip', '-j', 'link', 'show', link], { netns }))[0].address

let segment: Segment
beforeEach(() => {
  segment = new Segment(stage.lab)
})
afterEach(() => segment[Symbol.dispose]())

const SUBNETS: readonly IpamConfig[] = [
  { subnet: '192.0.2.0/24', ipRange: '192.0.2.64/26', gateway: LAN4 },
  { subnet: '2001:db8:0:1::/64', ipRange: '2001:db8:0:1:a::/80', gateway: LAN6 },
]
type Options = Readonly<Record<string, string>>
const create = (options: Options = {}, cnm = stage.cnm, config = SUBNETS, name = 'lan') =>
  cnm.createNetwork({ name, driver: 'macvlan', enableIPv6: true, options: { parent: 'lan0', ...options }, ipam: { config } })

async function join(name: string, cnm: Controller = stage.cnm, attachment = {}): Promise<Party> {
  const { path } = await cnm.createSandbox({ name, networks: [{ network: 'lan', ...attachment }] })
  return partyOf(name, path, cnm)
}
function partyOf(name: string, netns: string, cnm: Controller = stage.cnm): Party {
  const { address = '', address6 = '' } = cnm.seats(name)[0]?.endpoint ?? {}
  return { name, netns, addresses: [address, address6].filter(Boolean).map((cidr) => cidr.replace(/\/\d+$/, '')) }
}
const hostParty = (): Party => ({ name: 'host', netns: stage.lab.host, addresses: [HOST4, HOST6] })
const router = (): Party => ({ name: 'router', netns: stage.lab.lan, addresses: [LAN4, LAN6] })
const both = (...pairs: string[]) => pairs.flatMap((pair) => [`${pair} v4`, `${pair} v6`])

async function expectReach(pairs: readonly (readonly [Party, Party])[], expected: readonly string[]): Promise<void> {
  expect((await reach(pairs, expected)).toSorted()).toEqual(expected.toSorted())
}

describe('two machines on a LAN', () => {
  let second: Controller
  let peer: Party
  let c: Party

  beforeEach(async () => {
    peer = segment.machine('peer', ['192.0.2.3/24', '2001:db8:0:1::3/64'])
    const folder = `${stage.lab.root}-peer`
    second = await stage.lab.open({ root: folder, run: `${folder}-run`, netns: peer.netns })
    await create({ parent: 'eth0' }, second, [
      { subnet: '192.0.2.0/24', ipRange: '192.0.2.128/26', gateway: LAN4 },
      { subnet: '2001:db8:0:1::/64', ipRange: '2001:db8:0:1:b::/80', gateway: LAN6 },
    ])
    c = await join('c', second)
  })
  afterEach(async () => {
    await second.removeSandbox('c')
    await second.removeNetwork('lan')
    await second.close()
  })

  const pairsOf = (a: Party, b: Party): readonly (readonly [Party, Party])[] => [
    [a, b],
    [b, a],
    [a, c],
    [c, b],
    [a, peer],
    [peer, b],
    [a, router()],
    [a, hostParty()],
    [hostParty(), a],
    [hostParty(), router()],
  ]

  const outside = both('a → c', 'c → b', 'a → peer', 'peer → b', 'a → router')
  const inside = both('a → b', 'b → a')
  const own = both('host → router')

  it.each([
    ['bridge', {}, [...inside, ...outside, ...own]],
    ['private', { macvlan_mode: 'private' }, [...outside, ...own]],
    ['vepa', { macvlan_mode: 'vepa' }, [...outside, ...own]],
    ['source', { macvlan_mode: 'source', 'cnm.macvlan_sources': ROUTER_MAC }, [...both('a → router'), ...own]],
  ])('mode %s: who reaches whom', async (mode, options, expected) => {
    await create(options)
    const [a, b] = [await join('a'), await join('b')]
    await expectReach(pairsOf(a, b), expected)
    expect(await Promise.all([pings(a.netns, BEYOND4), pings(a.netns, BEYOND6)])).toEqual([true, true])
    if (mode !== 'vepa') return
    // A switch that sends back what came by the same port is what this mode is for.
    lan('bridge', 'link', 'set', 'dev', 'eth0', 'hairpin', 'on')
    await expectReach([[a, b]], both('a → b'))
  })

  it('mode passthru: the sandbox has the place of the host, and is alone there', async () => {
    await create({ macvlan_mode: 'passthru' })
    const mac = macOf(stage.lab.host, 'lan0')
    const a = await join('a')
    expect([stage.cnm.seats('a')[0]?.endpoint.mac, macOf(a.netns, 'eth0')]).toEqual([mac, mac])
    await expect(stage.cnm.createSandbox({ name: 'b', networks: [{ network: 'lan' }] })).rejects.toThrow(
      'network lan is full: a macvlan takes 1 endpoints',
    )
    await expectReach(
      [
        [a, c],
        [a, peer],
        [a, router()],
        [hostParty(), router()],
      ],
      both('a → c', 'a → peer', 'a → router'),
    )
    await stage.cnm.removeSandbox('a')
    // The place is free as soon as the verb has ended.
    const next = await join('next', stage.cnm)
    await expectReach([[next, peer]], both('next → peer'))
    await stage.cnm.disconnect('next', 'lan')
    await expectReach([[hostParty(), router()]], own)
  })
})

describe('a network on a parent', () => {
  it('has a gateway only where the user names one, static addresses and MACs, several subnets, its parent’s MTU', async () => {
    host('ip', 'link', 'set', 'lan0', 'mtu', '1400')
    stage.accept()
    await create({}, stage.cnm, [
      { subnet: '192.0.2.0/24', ipRange: '192.0.2.64/26', auxAddresses: { nas: '192.0.2.64' } },
      { subnet: '203.0.113.0/24', gateway: '203.0.113.1' },
      { subnet: '2001:db8:0:1::/64', gateway: LAN6 },
    ])
    const a = await join('a')
    expect(a.addresses).toEqual(['192.0.2.65', expect.stringMatching(/^2001:db8:0:1::/)])
    const routes = (party: Party) => must(['ip', 'route', 'show', 'default'], { netns: party.netns }).trim()
    expect(routes(a)).toBe('')
    expect(must(['ip', '-6', 'route', 'show', 'default'], { netns: a.netns })).toContain(`via ${LAN6} dev eth0`)
    const b = await join('b', stage.cnm, { ip: '203.0.113.7', ip6: '2001:db8:0:1::77', mac: '02:42:00:00:00:77' })
    expect(b.addresses).toEqual(['203.0.113.7', '2001:db8:0:1::77'])
    expect(macOf(b.netns, 'eth0')).toBe('02:42:00:00:00:77')
    expect(routes(b)).toBe('default via 203.0.113.1 dev eth0')
    expect(JSON.parse(must(['ip', '-j', 'link', 'show', 'eth0'], { netns: a.netns }))[0].mtu).toBe(1400)
    await expectReach([[a, router()]], both('a → router'))
  })

  it('that is internal has no way out, and publishes nothing; a port is warned of', async () => {
    const { cnm } = stage
    await cnm.createNetwork({
      name: 'inner',
      driver: 'macvlan',
      internal: true,
      options: { parent: 'lan0' },
      ipam: { config: SUBNETS.slice(0, 1) },
    })
    await cnm.createSandbox({ name: 'a', networks: [{ network: 'inner' }] })
    const [seat] = cnm.seats('a')
    expect([seat?.endpoint.gateway, await pings(cnm.sandbox('a').path, BEYOND4)]).toEqual(['', false])
    await cnm.removeSandbox('a')
    await cnm.removeNetwork('inner')
    await create()
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue()
    const ports = [{ protocol: 'tcp' as const, hostIP: '', hostPort: 8080, port: 80 }]
    await cnm.createSandbox({ name: 'web', networks: [{ network: 'lan' }], ports })
    expect(warned.mock.calls).toEqual([
      ['network lan publishes no ports: a macvlan sandbox (web) is reached at its own address', { code: 'CNM_PORTS_IGNORED' }],
    ])
    warned.mockRestore()
    expect(cnm.openings('web')).toEqual([])
    expect(await cnm.findings()).toEqual([])
  })

  it('without a parent reaches nobody outside, whatever stands in for the link that leads nowhere', async () => {
    const { cnm } = stage
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue()
    await cnm.createNetwork({ name: 'lan', driver: 'macvlan', enableIPv6: true, ipam: { config: SUBNETS } })
    const told = warned.mock.calls.map(([words]) => words)
    warned.mockRestore()
    const [a, b] = [await join('a'), await join('b')]
    await expectReach(
      [
        [a, b],
        [a, router()],
        [a, hostParty()],
        [hostParty(), b],
      ],
      both('a → b'),
    )
    const kind = JSON.parse(host('ip', '-d', '-j', 'link', 'show', `dm-${cnm.network('lan').id.slice(0, 12)}`))[0].linkinfo.info_kind
    expect(told).toEqual(kind === 'dummy' ? [] : ['this kernel has no dummy links: network lan stands on an ifb, which does the same'])
    expect(await cnm.findings()).toEqual([])
  })

  it('comes back whole after a move from one controller to the next, and is what the doctor expects', async () => {
    await create()
    const a = await join('a')
    await stage.cnm.connect('a', { network: 'bridge' })
    await stage.reopen()
    const { cnm } = stage
    expect(await cnm.findings()).toEqual([])
    must(['ip', 'link', 'del', 'eth0'], { netns: a.netns })
    expect((await cnm.findings()).map(({ code, what }) => [code, what])).toEqual([
      ['SANDBOX_DRIFT', expect.stringContaining('it is not there')],
    ])
    expect(await cnm.repair()).toMatchObject({ left: [], errors: [] })
    await expectReach([[partyOf('a', a.netns), router()]], both('a → router'))
    await cnm.disconnect('a', 'lan')
    await cnm.connect('a', { network: 'lan' })
    await expectReach([[partyOf('a', a.netns), router()]], both('a → router'))
  })

  it('leaves nothing when a step is refused', async () => {
    await create()
    const sysctls = 'net.ipv4.conf.IFNAME.no_such=1'
    const options = { 'com.docker.network.endpoint.sysctls': sysctls }
    await expect(join('a', stage.cnm, { options })).rejects.toThrow('no_such')
    expect(stage.cnm.sandboxes()).toEqual([])
    expect(await stage.cnm.findings()).toEqual([])
  })
})

describe('the parent of a network', () => {
  it('goes down and comes up: its sandboxes go on', async () => {
    await create()
    const a = await join('a')
    host('ip', 'link', 'set', 'lan0', 'down')
    const b = await join('b')
    await expectReach([[a, router()]], [])
    host('ip', 'link', 'set', 'lan0', 'up')
    host('ip', 'addr', 'replace', `${HOST6}/64`, 'dev', 'lan0', 'nodad')
    await expectReach(
      [
        [a, router()],
        [b, router()],
      ],
      both('a → router', 'b → router'),
    )
    host('ip', 'route', 'replace', 'default', 'via', LAN4)
    host('ip', 'route', 'replace', 'default', 'via', LAN6)
    expect(await stage.cnm.findings()).toEqual([])
  })

  it('is renamed, or gone: it is named, and there is a way back', async () => {
    await create()
    const a = await join('a')
    const absent = 'the requested parent interface lan0 was not found on the Docker host'
    host('ip', 'link', 'set', 'lan0', 'down')
    host('ip', 'link', 'set', 'lan0', 'name', 'wan7', 'up')
    await expect(join('b')).rejects.toThrow(absent)
    await expectReach([[a, router()]], both('a → router'))
    expect((await stage.cnm.findings()).map(({ code, what }) => [code, what])).toEqual([['NETWORK_UNFIT', absent]])
    host('ip', 'link', 'set', 'wan7', 'down')
    host('ip', 'link', 'del', 'wan7')
    expect((await stage.cnm.findings()).map(({ code, what }) => [code, what])).toEqual([
      ['NETWORK_UNFIT', absent],
      ['SANDBOX_DRIFT', expect.stringContaining('it is not there')],
    ])
    // Another card in its place: what was on the first is put on this one.
    host('ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', stage.lab.lan)
    lan('ip', 'link', 'set', 'eth0', 'master', 'lan', 'up')
    host('ip', 'link', 'set', 'lan0', 'up')
    expect(await stage.cnm.repair()).toMatchObject({ left: [], errors: [] })
    await expectReach([[a, router()]], both('a → router'))
    await stage.cnm.removeSandbox('a')
    stage.accept()
  })

  it('is back while a controller is on guard: its sandboxes are on it again as they were, as soon as it can carry them', async () => {
    await stage.reopen({ guard: true })
    await create({ 'cnm.host_access': 'true' })
    const [a, b] = [await join('a'), await join('b')]
    const macs = () => [a, b].map(({ netns }) => macOf(netns, 'eth0'))
    const before = macs()
    host('ip', 'link', 'set', 'lan0', 'down')
    host('ip', 'link', 'set', 'lan0', 'name', 'wan7')
    host('ip', 'link', 'set', 'wan7', 'name', 'lan0')
    host('ip', 'link', 'set', 'lan0', 'up')
    host('ip', 'link', 'del', 'lan0')
    // Another card, which somebody has made the port of a bridge.
    host('ip', 'link', 'add', 'theirs', 'type', 'bridge')
    host('ip', 'link', 'add', 'wan7', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', stage.lab.lan)
    lan('ip', 'link', 'set', 'eth0', 'master', 'lan', 'up')
    host('ip', 'link', 'set', 'wan7', 'master', 'theirs')
    host('ip', 'link', 'set', 'wan7', 'name', 'lan0')
    const told: object[] = []
    const once = ['theirs']
    for await (const { action, attributes } of eventsOf(stage.lab.run, { since: 0 })) {
      if (action !== 'damage' && action !== 'heal') continue
      told.push([action, attributes['what'], attributes['healing']])
      if (attributes['by']?.includes('is a port of theirs')) for (const name of once.splice(0)) host('ip', 'link', 'del', name)
      if (action === 'heal') break
    }
    expect(told[0]).toEqual(['damage', 'lan0', 'when it is back'])
    expect(told.at(-1)).toEqual(['heal', 'lan0', undefined])
    expect(macs()).toEqual(before)
    host('ip', 'link', 'set', 'lan0', 'up')
    await expectReach(
      [
        [a, router()],
        [a, b],
        [hostParty(), b],
      ],
      both('a → router', 'a → b', 'host → b'),
    )
    expect(await stage.cnm.findings()).toEqual([])
    for (const name of ['a', 'b']) await stage.cnm.removeSandbox(name)
    await stage.cnm.removeNetwork('lan')
    stage.accept()
  })

  it('is the port of a bridge: refused, and so is an endpoint when it has become one', async () => {
    host('ip', 'link', 'add', 'theirs', 'type', 'bridge')
    host('ip', 'link', 'set', 'lan0', 'master', 'theirs')
    await expect(create()).rejects.toThrow('the parent interface lan0 is a port of theirs, which takes all that it hears')
    host('ip', 'link', 'set', 'lan0', 'nomaster')
    await create()
    host('ip', 'link', 'set', 'lan0', 'master', 'theirs')
    await expect(join('a')).rejects.toMatchObject({ code: 'KERNEL_REFUSED', remedy: expect.stringContaining('a port of a bridge') })
    expect((await stage.cnm.findings()).map(({ code }) => code)).toEqual(['NETWORK_UNFIT'])
    host('ip', 'link', 'del', 'theirs')
    await join('a')
  })
})

describe('host access', () => {
  /** How it ends. */
  const explained = async (from: string, to: string) => {
    const { where, what } = (await stage.cnm.explain({ from, to })).at(-1) ?? expect.fail('nothing')
    return `${where}: ${what}`
  }
  const way = (...flags: string[]) => host('ip', ...flags, 'route', 'show', 'table', 'main')

  it('the host and its endpoints reach one another by an address of the network; its other links stay as they are', async () => {
    const lone = await create({}, stage.cnm, [{ subnet: '203.0.113.0/24' }, { subnet: 'fd00:113::/64' }], 'without')
    expect(lone.pools.map(({ aux }) => aux)).toEqual([{}, {}])
    await stage.cnm.removeNetwork('without')
    const { pools } = await create({ 'cnm.host_access': 'true' })
    const own: Party = { ...hostParty(), addresses: pools.flatMap(({ aux }) => aux['host'] ?? []) }
    expect(own.addresses).toEqual(['192.0.2.64', '2001:db8:0:1:a::'])
    const parent = { ...hostParty(), name: 'parent' }
    const [a, b] = [await join('a'), await join('b')]
    const before = macs()
    const pairs: readonly (readonly [Party, Party])[] = [
      [own, a],
      [own, b],
      [a, own],
      [b, own],
      [a, b],
      [a, router()],
      [a, parent],
      [own, router()],
      [router(), parent],
    ]
    await expectReach(
      pairs,
      both('host → a', 'host → b', 'a → host', 'b → host', 'a → b', 'a → router', 'host → router', 'router → parent'),
    )
    expect(macs()).toEqual(before)
    await using _ = await serve(a.netns, 'tcp', '::', 80)
    for (const [index, address] of a.addresses.entries()) expect(await ask(stage.lab.host, 'tcp', address, 80)).toBe(own.addresses[index])
    const [to4 = ''] = own.addresses
    expect([await explained('a', 'b'), await explained('a', to4), await explained('host', 'a'), await explained('a', LAN4)]).toEqual([
      'sandbox b: by eth0',
      expect.stringMatching(/^link hm-\w+: 192\.0\.2\.64 is the host's$/),
      'sandbox a: by eth0',
      `link lan0: to ${LAN4}: it leaves the host, and what becomes of it there is not known here`,
    ])
    expect(await explained('a', HOST4)).toBe(
      `link lan0: ${HOST4} is the host's, which does not hear its macvlan links: -o cnm.host_access=true`,
    )
    await stage.cnm.removeSandbox('b')
    expect([way('-4'), way('-6')].join()).not.toContain(b.addresses[0])
    expect(await stage.cnm.findings()).toEqual([])
  })

  /** Who the router takes the host for. */
  const macs = () => {
    for (const address of [HOST4, HOST6]) must(['ping', '-c', '1', '-w', '10', '-n', address], { netns: stage.lab.lan })
    return [HOST4, HOST6].map((address) =>
      JSON.parse(lan('ip', '-j', 'neigh', 'show', address)).map(({ lladdr }: { lladdr: string }) => lladdr),
    )
  }

  it('survives its parent’s fall, a reopened controller, and the loss of its link', async () => {
    await create({ 'cnm.host_access': 'true' })
    const a = await join('a')
    host('ip', 'link', 'set', 'lan0', 'down')
    host('ip', 'link', 'set', 'lan0', 'up')
    host('ip', 'addr', 'replace', `${HOST6}/64`, 'dev', 'lan0', 'nodad')
    host('ip', 'route', 'replace', 'default', 'via', LAN4)
    host('ip', 'route', 'replace', 'default', 'via', LAN6)
    await expectReach([[hostParty(), a]], both('host → a'))
    await stage.reopen()
    host('ip', 'link', 'del', `hm-${stage.cnm.network('lan').id.slice(0, 12)}`)
    expect((await stage.cnm.findings()).map(({ code }) => code).toSorted()).toEqual(['NETWORK_DRIFT', 'SANDBOX_DRIFT'])
    expect(await stage.cnm.repair()).toMatchObject({ left: [], errors: [] })
    await expectReach([[hostParty(), a]], both('host → a'))
  })
})
