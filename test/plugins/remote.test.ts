import { beforeEach, describe, expect, it } from 'vitest'
import { BEYOND4 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { reaches } from '../support/traffic.ts'
import { Stubs } from './stub.ts'

const stubs = new Stubs()
const stage = new Stage()
beforeEach(async () => {
  stubs.settle(stage.lab)
  await stage.reopen({ plugins: stubs.plugins })
})

const there = { name: 'there', driver: 'stub', ipam: { driver: 'stub' } } as const
const address = (sandbox: string): string => stage.cnm.seats(sandbox)[0]?.endpoint.address?.replace(/\/.*/, '') ?? ''

const MAKING = ['RequestAddress', 'CreateEndpoint', 'Join', 'ProgramExternalConnectivity']
const TAKING = ['RevokeExternalConnectivity', 'Leave', 'DeleteEndpoint', 'ReleaseAddress']

describe('a network of a plugin', () => {
  it('works: packets, routes, MAC, live connect, and nothing is left', async () => {
    await stubs.start('stub')
    const { cnm, lab } = stage
    await cnm.createNetwork({ ...there, enableIPv6: true })
    const one = await cnm.createSandbox({ name: 'one', networks: [{ network: 'there', mac: '02:00:5e:10:00:01' }] })
    const two = await cnm.createSandbox({ name: 'two', networks: [] })
    await cnm.connect('two', { network: 'there', ip: '10.77.0.77' })
    expect(await reaches(one.path, '10.77.0.77')).toBe(true)
    expect(await reaches(two.path, address('one'))).toBe(true)
    expect(await reaches(two.path, '10.77.0.1')).toBe(true)
    const inside = must(['ip', '-br', 'link', 'show', 'eth0'], { netns: one.path })
    expect(inside).toContain('02:00:5e:10:00:01')
    expect(must(['ip', 'route'], { netns: one.path })).toMatch(/^default via 10\.77\.0\.1 dev eth0.*^198\.18\.\d+\.0\/24 dev eth0/ms)
    expect(must(['ip', '-6', 'route', 'show', 'default'], { netns: one.path })).toContain('via fd77::1 dev eth0')
    expect(await cnm.findings()).toEqual([])
    await cnm.disconnect('two', 'there')
    expect(must(['ip', '-br', 'link'], { netns: two.path })).not.toContain('eth0')
    await cnm.removeSandbox('one')
    await cnm.removeNetwork('there')
    expect(must(['ip', '-br', 'link'], { netns: lab.host })).not.toMatch(/^(sb|h|c)[0-9a-f]{8}/m)
    expect(stubs.heard('stub').filter(({ status }) => status !== 200)).toEqual([])
  })

  it('needs a plugin that is there, has the interface, and is of one host', async () => {
    const { cnm } = stage
    await expect(cnm.createNetwork(there)).rejects.toMatchObject({ code: 'DRIVER_NOT_FOUND' })
    await expect(cnm.createNetwork({ name: 'b', ipam: { driver: 'stub' } })).rejects.toMatchObject({ code: 'IPAM_DRIVER_NOT_FOUND' })
    await stubs.start('stub', { say: { 'Plugin.Activate': { implements: ['NetworkDriver'] } }, capabilities: { scope: 'global' } })
    await expect(cnm.createNetwork(there)).rejects.toMatchObject({ code: 'NETWORK_NOT_SWARM' })
    await expect(cnm.createNetwork({ ...there, scope: 'local' })).rejects.toThrow('cannot downgrade network scope for stub networks')
    await stage.reopen({ plugins: stubs.plugins })
    stubs.twist('stub', { say: { 'Plugin.Activate': { Implements: ['NetworkDriver'] } } })
    await expect(stage.cnm.createNetwork(there)).rejects.toMatchObject({
      message: 'legacy plugin: Plugin does not implement the requested driver',
      remedy: 'stub should implement IpamDriver, and has NetworkDriver',
    })
    await stage.reopen({ plugins: stubs.plugins })
    stubs.twist('stub', { capabilities: { Scope: 'somewhere' } })
    await expect(stage.cnm.createNetwork(there)).rejects.toThrow("expecting 'local' or 'global', got somewhere")
  })
})

it('what it is able to is asked of it: gateways to leave out, nodes of a cluster', async () => {
  await stubs.start('stub', { capabilities: { Scope: 'local', ConnectivityScope: 'global', GwAllocChecker: true } })
  const { pools } = await stage.cnm.createNetwork({ ...there, options: { colour: 'blue' }, enableIPv6: true })
  expect(pools.map(({ gateway }) => gateway)).toEqual([undefined, 'fd77::1/64'])
  const heard = stubs.heard('stub')
  expect(heard.map(({ method }) => method.replace(/^.*\./, '')).slice(4)).toEqual([
    'GwAllocCheck',
    'RequestPool',
    'RequestPool',
    'RequestAddress',
    'CreateNetwork',
  ])
  const { Options: options } = heard[4]?.request ?? {}
  expect(options).toEqual(heard.at(-1)?.request?.['Options'])
  expect(options).toMatchObject({ 'com.docker.network.generic': { colour: 'blue' }, 'com.docker.network.enable_ipv6': true })
  await stage.cnm.discover({ address: '192.0.2.7', self: false }, 'new')
  await stage.cnm.discover({ address: '192.0.2.7', self: false }, 'gone')
  expect(stubs.heard('stub').map(({ method, request }) => [method, request])).toEqual(
    ['New', 'Delete'].map((what) => [
      `NetworkDriver.Discover${what}`,
      { DiscoveryType: 1, DiscoveryData: { Address: '192.0.2.7', BindAddress: '192.0.2.7', Self: false } },
    ]),
  )
})

it('a sandbox whose plugin gives no way out is given one, unless the plugin will not have that', async () => {
  const { cnm } = stage
  await stubs.start('stub', { say: { 'NetworkDriver.Join': {} } })
  await cnm.createNetwork(there)
  const start = () => cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
  const networks = () => cnm.seats('one').map(({ network }) => network.name)
  const { path } = await start()
  expect(networks().sort()).toEqual(['docker_gwbridge', 'there'])
  expect(await reaches(path, BEYOND4)).toBe(true)
  await cnm.removeSandbox('one')
  stubs.twist('stub', { say: { 'NetworkDriver.Join': { DisableGatewayService: true } } })
  const closed = await start()
  expect(networks()).toEqual(['there'])
  expect(must(['ip', 'route'], { netns: closed.path })).toBe('')
})

it('a plugin that says everything twice is understood, its refusals too', async () => {
  await stubs.start('stub', { twice: true })
  await stage.cnm.createNetwork({ ...there, options: { words: '"}{[\\' } })
  const { path } = await stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
  expect(await reaches(path, '10.77.0.1')).toBe(true)
  const words = 'no address "10.77.0.9\\" {is} free'
  stubs.twist('stub', { twice: true, say: { 'IpamDriver.RequestAddress': { Err: words } } })
  await expect(stage.cnm.createSandbox({ networks: [{ network: 'there' }] })).rejects.toMatchObject({
    code: 'PLUGIN_ERROR',
    message: expect.stringContaining(words),
  })
  stubs.twist('stub', {})
})

describe('a plugin that lies', () => {
  const lies: readonly (readonly [string, string, unknown, RegExp])[] = [
    ['a pool that is none', 'IpamDriver.RequestPool', { PoolID: 'x', Pool: 'all' }, /RequestPool: Pool should be an IPv4 subnet: "all"/],
    [
      'an address without its prefix',
      'IpamDriver.RequestAddress',
      { Address: '10.77.0.9' },
      /RequestAddress: Address should be one, with the/,
    ],
    [
      'the gateway as an address',
      'IpamDriver.RequestAddress',
      { Address: '10.77.0.1/24' },
      /gives 10.77.0.1, which is held by the gateway of network there/,
    ],
    ['text for an object', 'NetworkDriver.CreateEndpoint', { Interface: 'eth0' }, /CreateEndpoint: Interface should be an object/],
    ['another address', 'NetworkDriver.CreateEndpoint', { Interface: { Address: '10.0.0.9/24' } }, /driver modified interface address/],
    ['a link that is not there', 'NetworkDriver.Join', { InterfaceName: { SrcName: 'nowhere', DstPrefix: 'eth' } }, /nowhere is none/],
    ['a gateway that is none', 'NetworkDriver.Join', { Gateway: '10.77.0.1/24' }, /unable to parse Gateway 10.77.0.1\/24/],
    [
      'a route to nowhere',
      'NetworkDriver.Join',
      { StaticRoutes: [{ Destination: '10.0.0.0/8', RouteType: 0 }] },
      /no next hop to 10.0.0.0\/8/,
    ],
    ['a list', 'NetworkDriver.Join', [], /Join: it should be a JSON object/],
  ]

  it('is found out, named, and what it made is taken back', async () => {
    await stubs.start('stub')
    await stage.cnm.createNetwork(there)
    for (const [what, method, answer, words] of lies) {
      const request = method.startsWith('Ipam') && what.includes('pool') ? () => stage.cnm.createNetwork({ ...there, name: 'other' }) : join
      stubs.twist('stub', { say: { [method]: answer } })
      await expect(request(), what).rejects.toMatchObject({ code: 'DRIVER_BROKEN', message: expect.stringMatching(words) })
      await expect(request(), what).rejects.toThrow('driver stub does not keep to its contract')
    }
    stubs.twist('stub', {})
    stubs.heard('stub')
    await stage.cnm.createSandbox({ name: 'honest', networks: [{ network: 'there' }] })
    // Nothing is due of those before.
    expect(stubs.methods('stub')).toEqual(MAKING)
  })
  const join = () => stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
})

describe('a plugin that is away', () => {
  it('keeps no controller from opening and no network from going; it is told when it is back', async () => {
    await stubs.start('stub')
    await stage.cnm.createNetwork(there)
    await stage.cnm.createNetwork({ ...there, name: 'stays' })
    await stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
    await stubs.stop('stub')
    await stage.reopen({ plugins: { ...stubs.plugins, patience: 1500 } })
    expect(stage.cnm.networks().map(({ name }) => name)).toContain('there')
    await expect(stage.cnm.createSandbox({ networks: [{ network: 'stays' }] })).rejects.toMatchObject({ code: 'PLUGIN_UNREACHABLE' })
    await stage.cnm.removeSandbox('one')
    await stage.cnm.removeNetwork('there')
    const [left] = await stage.cnm.findings()
    expect(left).toMatchObject({
      code: 'PLUGIN_OVERDUE',
      subject: 'plugin stub',
      what: 'it has not been told yet: DeleteEndpoint, ReleaseAddress (2), ReleasePool, DeleteNetwork',
    })
    await stubs.start('stub')
    stubs.heard('stub')
    // Whoever only looks tells it nothing.
    expect((await stage.cnm.examine()).findings).toEqual([left])
    expect(stubs.methods('stub')).toEqual([])
    expect(await stage.cnm.repair()).toEqual({ mended: [left], left: [], errors: [] })
    const told = stubs.heard('stub').map(({ method }) => method.replace(/^.*\./, ''))
    expect(told.filter((method) => !/Activate|Get/.test(method))).toEqual([
      'Leave',
      'DeleteEndpoint',
      'ReleaseAddress',
      'ReleaseAddress',
      'ReleasePool',
      'DeleteNetwork',
    ])
    await stage.reopen({ plugins: stubs.plugins })
    expect(stubs.methods('stub')).toEqual([])
  })

  it('is asked again while it starts', async () => {
    await stubs.start('stub')
    await stage.cnm.createNetwork(there)
    await stubs.stop('stub')
    const joined = stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
    await stubs.start('stub')
    await joined
    expect(address('one')).toBe('10.77.0.2')
  })
})

it('a plugin that hangs is waited for no longer than it should be, and not at all after an abort', async () => {
  await stubs.start('stub')
  await stage.cnm.createNetwork(there)
  stubs.heard('stub')
  await stage.reopen({ plugins: { ...stubs.plugins, patience: 1000 } })
  stubs.twist('stub', { hang: ['NetworkDriver.Join'] })
  const request = { name: 'one', networks: [{ network: 'there' }] }
  await expect(stage.cnm.createSandbox(request)).rejects.toMatchObject({
    code: 'PLUGIN_SILENT',
    message: expect.stringMatching(/^NetworkDriver.Join: the plugin at unix:.*stub.sock has not answered in 1 s$/),
  })
  const activation = ['Activate', 'GetCapabilities', 'GetCapabilities', 'GetDefaultAddressSpaces']
  const undone = ['Leave', 'DeleteEndpoint', 'ReleaseAddress']
  expect(stubs.methods('stub')).toEqual([...activation, 'RequestAddress', 'CreateEndpoint', 'Join', ...undone])
  await stage.reopen({ plugins: { ...stubs.plugins, patience: 60_000 } })
  const abort = new AbortController()
  const attempt = stage.cnm.createSandbox(request, { signal: abort.signal })
  while (!stubs.methods('stub').includes('Join')) await new Promise((resolve) => setTimeout(resolve, 20))
  abort.abort(new Error('enough'))
  await expect(attempt).rejects.toThrow('enough')
  expect(stubs.methods('stub')).toEqual(undone)
  stubs.twist('stub', {})
  expect(stage.cnm.sandboxes()).toEqual([])
})

it('replays, MACs and pools that touch what the host has', async () => {
  await stubs.start('stub', { ipam: { RequiresMACAddress: true, RequiresRequestReplay: true } })
  // As dockerd's: the first pool is kept until there is one that fits.
  must(['ip', 'route', 'add', '10.77.0.0/23', 'via', '192.0.2.2'], { netns: stage.lab.host })
  stage.accept()
  await stage.cnm.createNetwork(there)
  const pools = stubs.heard('stub').filter(({ method }) => method.includes('Pool'))
  expect(pools.map(({ method, request }) => `${method.replace(/.*\./, '')} ${request?.['PoolID'] ?? ''}`)).toEqual([
    'RequestPool ',
    'RequestPool ',
    'RequestPool ',
    'ReleasePool stublocal/10.77.0.0/24',
    'ReleasePool stublocal/10.77.1.0/24',
  ])
  await stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
  const { mac } = stage.cnm.seats('one')[0]?.endpoint ?? expect.fail()
  const [asked, made] = stubs.heard('stub')
  expect(asked?.request).toMatchObject({ Options: { 'com.docker.network.endpoint.macaddress': mac } })
  expect(made?.request).toMatchObject({ Interface: { MacAddress: mac } })
  await stage.reopen({ plugins: stubs.plugins })
  expect(stubs.heard('stub')).toEqual([])
  await stage.cnm.createSandbox({ name: 'two', networks: [{ network: 'there' }] })
  const told = stubs.heard('stub').slice(4)
  expect(told.slice(0, 3).map(({ method, request }) => [method, request?.['Pool'] ?? request?.['Address']])).toEqual([
    ['IpamDriver.RequestPool', '10.77.2.0/24'],
    ['IpamDriver.RequestAddress', '10.77.2.1'],
    ['IpamDriver.RequestAddress', '10.77.2.2'],
  ])
  expect(address('two')).toBe('10.77.2.3')
})

it('two bridges that overlap are refused, though the IPAM of a plugin has nothing against it', async () => {
  await stubs.start('stub')
  const { cnm } = stage
  const wide = (subnet: string) => ({ enableIPv6: false, ipam: { driver: 'stub', config: [{ subnet }] } })
  const { id } = await cnm.createNetwork({ name: 'one', ...wide('10.78.1.0/24') })
  stubs.heard('stub')
  await expect(cnm.createNetwork({ name: 'two', ...wide('10.78.0.0/16') })).rejects.toMatchObject({
    code: 'NETWORK_CONFLICT',
    message: expect.stringMatching(new RegExp(`conflicts with network ${id} \\(br-\\w+\\): networks have overlapping IPv4$`)),
    remedy: 'cnm network inspect one',
  })
  expect(stubs.methods('stub')).toEqual(['RequestPool', 'RequestAddress', 'ReleaseAddress', 'ReleasePool'])
  // One that is raised with its first sandbox gives way until then.
  const [subnet = ''] = cnm.network('bridge').pools.map((pool) => pool.subnet)
  await cnm.createNetwork({ name: 'there', ...wide(subnet) })
  await expect(cnm.createSandbox({ networks: [{ network: 'bridge' }] })).rejects.toMatchObject({
    code: 'NETWORK_CONFLICT',
    remedy: 'cnm network inspect there',
  })
  // The host is on neither by a bridge that it has no address of.
  const options = { 'com.docker.network.bridge.inhibit_ipv4': 'true' }
  await cnm.createNetwork({ name: 'aside', options, ...wide('10.78.0.0/16') })
})

it('a plugin that keeps nothing is told once what is held, also by dry runs', async () => {
  await stubs.start('stub', { ipam: { RequiresRequestReplay: true } })
  await stage.cnm.createNetwork(there)
  await stage.cnm.createSandbox({ name: 'one', networks: [] })
  await stage.reopen({ plugins: stubs.plugins })
  stubs.heard('stub')
  for (let runs = 0; runs < 2; runs++) await stage.cnm.plan((cnm) => cnm.connect('one', { network: 'there' }))
  await stage.cnm.connect('one', { network: 'there' })
  expect(stubs.methods('stub').filter((method) => method === 'RequestPool')).toHaveLength(1)
})

it('a dry run asks the driver for nothing, and says what it would be asked', async () => {
  await stubs.start('stub')
  const dry = await stage.cnm.plan((cnm) => cnm.createNetwork(there))
  expect(dry.text).toMatch(/^# plugin stub: NetworkDriver\.CreateNetwork \{"NetworkID":"\w{64}","Options":/)
  await stage.cnm.createNetwork(there)
  const methods = stubs.methods('stub')
  expect(methods.filter((method) => method === 'CreateNetwork')).toHaveLength(1)
  await stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
  stubs.heard('stub')
  const { text } = await stage.cnm.plan((cnm) => cnm.removeSandbox('one'))
  expect(
    text
      .split('\n')
      .filter((line) => line.startsWith('# plugin'))
      .map((line) => /\.(\w+) /.exec(line)?.[1]),
  ).toEqual(TAKING.slice(0, 3))
  expect(stubs.heard('stub')).toEqual([])
})
