import { rmSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { serve } from '../../lib/server/daemon.ts'
import { must, run } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { Engine, portMap } from './engine.ts'

const stage = new Stage()

const NETWORK = '5fca37c11bd71a96422ca3d00689858a6dc12ea151050b702192cc1a369e80d8'
const ENDPOINT = '38d71a1d9b24f5e5f844f68d594a9dc93e02b2848dae9fd47252ded0713dc667'
const ids = { NetworkID: NETWORK, EndpointID: ENDPOINT }
/** Their names; whether they have carrier may be a matter of moments. */
const links = () => must(['ip', '-br', 'link'], { netns: stage.lab.host }).replaceAll(/[@ ].*/g, '')
const rules = () => must(['nft', 'list', 'ruleset'], { netns: stage.lab.host })

describe('what is no request of an engine', () => {
  it('is refused by name, and changes nothing', async () => {
    const engine = new Engine(stage.cnm)
    const before = links()
    expect(await engine.send('NetworkDriver.Dance', '{}')).toMatchObject({
      status: 404,
      said: { Err: 'POST /NetworkDriver.Dance is not of this plugin' },
    })
    expect(await engine.send('NetworkDriver.CreateNetwork')).toMatchObject({ status: 400, said: { Err: 'body must be object' } })
    expect(await engine.send('NetworkDriver.CreateNetwork', '{')).toMatchObject({
      status: 400,
      said: { Err: expect.stringContaining('is no JSON') },
    })
    expect(await engine.ask('NetworkDriver.CreateNetwork', {})).toMatchObject({
      status: 400,
      said: { Err: "body must have required property 'NetworkID'" },
    })
    for (const id of ['', '../../etc', `${'a'.repeat(63)}'`, 'a'.repeat(65)])
      expect(await engine.ask('NetworkDriver.CreateNetwork', { NetworkID: id })).toMatchObject({
        status: 400,
        said: { Err: expect.stringContaining('body/NetworkID must match pattern') },
      })
    const Pool = '10.9.0.0/24'
    for (const [data, what] of [
      [{ Pool: 'no' }, 'Pool: "no" is no address here'],
      [{ Pool, Gateway: '10.9.0.1' }, 'Gateway: "10.9.0.1" is no address here'],
      [{ Pool, Gateway: 'fe80::1/64' }, 'Gateway: "fe80::1/64" is no address here'],
      [{ Pool, AuxAddresses: { host: 'x' } }, 'AuxAddresses.host: "x" is no address here'],
    ] as const)
      expect(await engine.ask('NetworkDriver.CreateNetwork', { NetworkID: NETWORK, IPv4Data: [data] })).toMatchObject({
        status: 400,
        said: { Err: `the engine asked for what cannot be: ${what}` },
      })
    for (const [Interface, what] of [
      [{ Address: '10.9.0.1/33' }, 'Interface.Address: "10.9.0.1/33" is no address here'],
      [{ AddressIPv6: '10.9.0.1/24' }, 'Interface.AddressIPv6: "10.9.0.1/24" is no address here'],
      [{ MacAddress: '02:00' }, 'Interface.MacAddress: "02:00" is no MAC address'],
    ] as const)
      expect(await engine.ask('NetworkDriver.CreateEndpoint', { ...ids, Interface })).toMatchObject({
        status: 400,
        said: { Err: `the engine asked for what cannot be: ${what}` },
      })
    expect(await engine.ask('IpamDriver.RequestPool', { AddressSpace: 'Mars' })).toMatchObject({
      status: 404,
      said: { Error: 'cannot find address space Mars' },
    })
    expect(links()).toBe(before)
  })

  it('is refused where it is of nothing that is here', async () => {
    const engine = new Engine(stage.cnm)
    for (const method of ['CreateEndpoint', 'Join', 'Leave', 'DeleteEndpoint', 'EndpointOperInfo', 'RevokeExternalConnectivity'])
      expect(await engine.ask(`NetworkDriver.${method}`, { ...ids, SandboxKey: '/x' })).toMatchObject({ status: 404 })
    expect(await engine.ask('NetworkDriver.DeleteNetwork', ids)).toMatchObject({ status: 404 })
    // A network of ours is none of the engine's.
    const { id } = await stage.cnm.createNetwork({ name: 'own' })
    expect(await engine.ask('NetworkDriver.DeleteNetwork', { NetworkID: id })).toMatchObject({ status: 404 })
    expect(stage.cnm.network('own').id).toBe(id)
  })
})

it('an engine is told for which family it need not ask for a gateway', async () => {
  const engine = new Engine(stage.cnm)
  const check = (generic: object, internal = true) =>
    engine.must('NetworkDriver.GwAllocCheck', {
      Options: { 'com.docker.network.generic': generic, 'com.docker.network.internal': internal, 'com.docker.network.enable_ipv6': true },
    })
  const mode = (family: 4 | 6) => `com.docker.network.bridge.gateway_mode_ipv${family}`
  expect(await check({})).toEqual({ SkipIPv4: false, SkipIPv6: false })
  expect(await check({ [mode(4)]: 'isolated' })).toEqual({ SkipIPv4: true, SkipIPv6: false })
  expect(await check({ [mode(6)]: 'isolated', 'com.docker.network.bridge.inhibit_ipv4': 'true' })).toEqual({
    SkipIPv4: true,
    SkipIPv6: true,
  })
  expect(await engine.must('NetworkDriver.GetCapabilities', {})).toMatchObject({ GwAllocChecker: true })
})

describe('a request that comes twice', () => {
  it('is answered the same, and done once', async () => {
    const engine = new Engine(stage.cnm)
    const { request, pool } = await engine.createNetwork(NETWORK)
    expect(await engine.ask('NetworkDriver.CreateNetwork', request)).toEqual({ status: 200, said: {} })
    const Address = await engine.createEndpoint(NETWORK, pool, ENDPOINT)
    const there = links()
    const again = { ...ids, Interface: { Address, AddressIPv6: '', MacAddress: '' }, Options: portMap([]) }
    const made = await engine.must('NetworkDriver.CreateEndpoint', again)
    expect(made).toEqual(await engine.must('NetworkDriver.CreateEndpoint', again))
    const joined = { ...ids, SandboxKey: '/run/docker/netns/x', Options: portMap([]) }
    expect(await engine.must('NetworkDriver.Join', joined)).toEqual(await engine.must('NetworkDriver.Join', joined))
    expect(links()).toBe(there)
    await engine.must('NetworkDriver.DeleteNetwork', ids)
    expect(await engine.ask('NetworkDriver.DeleteNetwork', ids)).toMatchObject({ status: 404 })
    await engine.must('IpamDriver.ReleasePool', { PoolID: pool })
  })

  it('and asks for something else is refused', async () => {
    const engine = new Engine(stage.cnm)
    const { request, pool } = await engine.createNetwork(NETWORK)
    const other = { ...request, Options: { 'com.docker.network.internal': true } }
    expect(await engine.ask('NetworkDriver.CreateNetwork', other)).toMatchObject({
      status: 409,
      said: { Err: expect.stringContaining(`network ${NETWORK} is there already, and was asked for otherwise`) },
    })
    await engine.must('NetworkDriver.DeleteNetwork', ids)
    await engine.must('IpamDriver.ReleasePool', { PoolID: pool })
  })
})

it('a pool is lent once, whether anything was asked of it or not', async () => {
  const request = { AddressSpace: 'LocalDefault', Pool: '10.43.0.0/24', SubPool: '', Options: {}, V6: false }
  const engine = new Engine(stage.cnm)
  // Two networks at the same time; their drivers need no gateway.
  const both = await Promise.all([engine.ask('IpamDriver.RequestPool', request), engine.ask('IpamDriver.RequestPool', request)])
  expect(both.map(({ status }) => status)).toEqual([200, 403])
  const refused = { status: 403, said: { Error: expect.stringContaining('Pool overlaps with other one on this address space') } }
  expect(await engine.ask('IpamDriver.RequestPool', request)).toMatchObject(refused)
  await stage.reopen()
  const later = new Engine(stage.cnm)
  expect(await later.ask('IpamDriver.RequestPool', request)).toMatchObject(refused)
  await later.must('IpamDriver.ReleasePool', { PoolID: both[0].said['PoolID'] })
  await later.must('IpamDriver.RequestPool', request)
  await later.must('IpamDriver.ReleasePool', { PoolID: both[0].said['PoolID'] })
})

describe('what an engine has', () => {
  it('is shown by our verbs, and not touched by them', async () => {
    const engine = new Engine(stage.cnm)
    const { pool } = await engine.createNetwork(NETWORK)
    await engine.createEndpoint(NETWORK, pool, ENDPOINT)
    const { cnm } = stage
    expect(cnm.network(NETWORK)).toMatchObject({ name: '5fca37c11bd7', driver: 'bridge', engine: true })
    expect(await cnm.pruneNetworks(() => true)).toEqual([])
    expect(await cnm.findings()).toEqual([])
    await cnm.createSandbox({ name: 'own', networks: [] })
    const ofNetwork = {
      code: 'NETWORK_OF_ENGINE',
      message: 'network 5fca37c11bd7 belongs to a container engine, which drives cnm as its plugin',
    }
    await expect(cnm.removeNetwork(NETWORK)).rejects.toMatchObject(ofNetwork)
    await expect(cnm.connect('own', { network: NETWORK })).rejects.toMatchObject(ofNetwork)
    await expect(cnm.createSandbox({ networks: [{ network: NETWORK }] })).rejects.toMatchObject(ofNetwork)
    await expect(cnm.reserve(NETWORK, 'own', '172.18.0.9')).rejects.toMatchObject(ofNetwork)
    await expect(cnm.removeSandbox(ENDPOINT)).rejects.toMatchObject({ code: 'SANDBOX_OF_ENGINE' })
    await expect(cnm.connect(ENDPOINT, { network: 'bridge' })).rejects.toMatchObject({ code: 'SANDBOX_OF_ENGINE' })
    await engine.must('NetworkDriver.DeleteNetwork', ids)
    await engine.must('IpamDriver.ReleasePool', { PoolID: pool })
  })

  it('outlives our process: addresses are lent once, endpoints are still known', async () => {
    const engine = new Engine(stage.cnm)
    const { pool } = await engine.createNetwork(NETWORK, '10.40.0.0/29')
    const first = await engine.createEndpoint(NETWORK, pool, ENDPOINT)
    await stage.reopen()
    const later = new Engine(stage.cnm)
    const held = new Set([first])
    for (let i = 0; i < 4; i++) held.add(String((await later.must('IpamDriver.RequestAddress', { PoolID: pool, Address: '' }))['Address']))
    expect([...held].sort()).toEqual([2, 3, 4, 5, 6].map((n) => `10.40.0.${n}/29`))
    expect(await later.ask('IpamDriver.RequestAddress', { PoolID: pool, Address: '' })).toMatchObject({
      status: 500,
      said: { Error: 'no available addresses on this pool' },
    })
    expect(await later.ask('IpamDriver.RequestAddress', { PoolID: pool, Address: '10.40.0.1' })).toMatchObject({ status: 403 })
    // Nor does a network of ours get the pool.
    await expect(stage.cnm.createNetwork({ name: 'x', ipam: { config: [{ subnet: '10.40.0.0/24' }] } })).rejects.toMatchObject({
      code: 'POOL_OVERLAP',
      remedy: expect.stringContaining('a container engine'),
    })
    expect(await later.ask('NetworkDriver.EndpointOperInfo', ids)).toEqual({ status: 200, said: { Value: {} } })
    await later.must('NetworkDriver.Leave', ids)
    await later.must('NetworkDriver.DeleteEndpoint', ids)
    await later.must('NetworkDriver.DeleteNetwork', ids)
    await later.must('IpamDriver.ReleasePool', { PoolID: pool })
    await later.must('IpamDriver.RequestPool', { AddressSpace: 'LocalDefault', Pool: '10.40.0.0/29' })
    await later.must('IpamDriver.ReleasePool', { PoolID: pool })
  })

  it('outlives a boot: networks, pools, and addresses that somebody named; the bridge comes with the first endpoint', async () => {
    const before = new Engine(stage.cnm)
    const { pool } = await before.createNetwork(NETWORK, '10.40.0.0/24')
    const address = async (engine: Engine, Address = '') => {
      const { status, said } = await engine.ask('IpamDriver.RequestAddress', { PoolID: pool, Address })
      return status === 200 ? said['Address'] : said['Error']
    }
    expect([await address(before), await address(before, '10.40.0.9')]).toEqual(['10.40.0.2/24', '10.40.0.9/24'])
    await stage.cnm.close()
    run(['ip', 'link', 'del', `br-${NETWORK.slice(0, 12)}`], { netns: stage.lab.host })
    run(['nft', 'flush', 'ruleset'], { netns: stage.lab.host })
    must(['sysctl', '-qw', 'net.ipv4.conf.lan0.forwarding=0'], { netns: stage.lab.host })
    rmSync(stage.lab.run, { recursive: true })
    stage.cnm = await stage.lab.open()
    const engine = new Engine(stage.cnm)
    expect(links()).not.toContain('br-')
    expect(await engine.ask('NetworkDriver.DeleteEndpoint', ids)).toMatchObject({ status: 404 })
    // It gives back what its containers had: what is free again already, too.
    expect([await address(engine, '10.40.0.1'), await address(engine, '10.40.0.9'), await address(engine, '10.40.0.2')]).toEqual([
      expect.stringContaining('already in use'),
      expect.stringContaining('already in use'),
      '10.40.0.2/24',
    ])
    for (const Address of ['10.40.0.2', '10.40.0.2', '10.40.0.9']) await engine.must('IpamDriver.ReleaseAddress', { PoolID: pool, Address })
    await engine.createEndpoint(NETWORK, pool, ENDPOINT)
    expect(links()).toContain(`br-${NETWORK.slice(0, 12)}`)
    // Nobody is on guard here: the next endpoint finds out that somebody has deleted it.
    run(['ip', 'link', 'del', `br-${NETWORK.slice(0, 12)}`], { netns: stage.lab.host })
    await engine.createEndpoint(NETWORK, pool, '0123456789abcdef'.repeat(4))
    const ports = must(['ip', '-br', 'link', 'show', 'master', `br-${NETWORK.slice(0, 12)}`], { netns: stage.lab.host })
    expect(ports).toMatch(/^veth0123456@/m)
    expect(ports).toContain(`veth${ENDPOINT.slice(0, 7)}@`)
    await engine.must('NetworkDriver.DeleteNetwork', ids)
    await engine.must('IpamDriver.ReleasePool', { PoolID: pool })
  })
})

describe('ports', () => {
  const PORT = { Proto: 6, IP: '', Port: 80, HostIP: '', HostPort: 8080, HostPortEnd: 8080 }

  it('lead in from when the engine says so, until it says otherwise', async () => {
    const engine = new Engine(stage.cnm)
    const { pool } = await engine.createNetwork(NETWORK)
    await engine.createEndpoint(NETWORK, pool, ENDPOINT, [PORT])
    expect(rules()).not.toContain('8080')
    await engine.must('NetworkDriver.ProgramExternalConnectivity', { ...ids, Options: portMap([PORT]) })
    expect(rules()).toContain('tcp . 8080')
    expect(await engine.must('NetworkDriver.EndpointOperInfo', ids)).toMatchObject({
      Value: { 'com.docker.network.portmap': [{ Proto: 'tcp', Port: 80, HostPort: 8080 }] },
    })
    await engine.must('NetworkDriver.RevokeExternalConnectivity', ids)
    expect(rules()).not.toContain('8080')
    await engine.must('NetworkDriver.ProgramExternalConnectivity', { ...ids, Options: portMap([PORT]) })
    // An engine that was killed does not revoke.
    await engine.must('NetworkDriver.DeleteEndpoint', ids)
    expect(rules()).not.toContain('8080')
    await engine.must('NetworkDriver.DeleteNetwork', ids)
    await engine.must('IpamDriver.ReleasePool', { PoolID: pool })
  })

  it('that were chosen stay, when the engine says so once more', async () => {
    const engine = new Engine(stage.cnm)
    const { pool } = await engine.createNetwork(NETWORK)
    const ports = [
      { ...PORT, HostPort: 0, HostPortEnd: 0 },
      { ...PORT, Port: 81, HostPort: 8090, HostPortEnd: 8095 },
    ]
    await engine.createEndpoint(NETWORK, pool, ENDPOINT, ports)
    const program = async () => {
      await engine.must('NetworkDriver.ProgramExternalConnectivity', { ...ids, Options: portMap(ports) })
      return engine.must('NetworkDriver.EndpointOperInfo', ids)
    }
    const first = await program()
    // It does when another network becomes the way out for one of two families.
    expect(await program()).toEqual(first)
    await engine.must('NetworkDriver.DeleteNetwork', ids)
    await engine.must('IpamDriver.ReleasePool', { PoolID: pool })
  })

  it('that somebody has are refused, and the holder is named', async () => {
    await stage.cnm.createSandbox({ name: 'web', ports: [{ protocol: 'tcp', hostIP: '', hostPort: 8080, port: 80 }] })
    const engine = new Engine(stage.cnm)
    const { pool } = await engine.createNetwork(NETWORK)
    await engine.createEndpoint(NETWORK, pool, ENDPOINT, [PORT])
    expect(await engine.ask('NetworkDriver.ProgramExternalConnectivity', { ...ids, Options: portMap([PORT]) })).toMatchObject({
      status: 500,
      said: { Err: 'Bind for 0.0.0.0:8080 failed: port is already allocated (held by sandbox web)' },
    })
    expect(
      await engine.ask('NetworkDriver.ProgramExternalConnectivity', { ...ids, Options: portMap([{ ...PORT, Proto: 7 }]) }),
    ).toMatchObject({
      status: 400,
    })
    await engine.must('NetworkDriver.DeleteNetwork', ids)
    await engine.must('IpamDriver.ReleasePool', { PoolID: pool })
  })
})

it('an engine does not wait for ever, and what comes too late is not done', async () => {
  let done = () => {}
  const busy = stage.cnm.asIpamPlugin('default', () => new Promise<void>((resolve) => (done = resolve)))
  const engine = new Engine(stage.cnm, { network: 'bridge', ipam: 'default', patience: 200 })
  const request = { NetworkID: NETWORK, IPv4Data: [{ Pool: '10.41.0.0/24', Gateway: '10.41.0.1/24' }] }
  expect(await engine.ask('NetworkDriver.CreateNetwork', request)).toEqual({
    status: 503,
    said: {
      Err: 'NetworkDriver.CreateNetwork is not done after 0.2 s: the kernel is busy, or another verb is (try again; what it makes is taken back)',
    },
  })
  done()
  await busy
  expect(await engine.ask('NetworkDriver.DeleteNetwork', ids)).toMatchObject({ status: 404 })
})

it('what is to go goes, though the engine does not wait for it: it does not say so twice', async () => {
  const port = { Proto: 6, IP: '', Port: 80, HostIP: '', HostPort: 8080, HostPortEnd: 8080 }
  const engine = new Engine(stage.cnm)
  const { pool } = await engine.createNetwork(NETWORK, '10.41.0.0/24')
  const address = await engine.createEndpoint(NETWORK, pool, ENDPOINT, [port])
  await engine.must('NetworkDriver.ProgramExternalConnectivity', { ...ids, Options: portMap([port]) })
  const hasty = new Engine(stage.cnm, { network: 'bridge', ipam: 'default', patience: 50 })
  const late = async (...calls: readonly (readonly [string, object])[]) => {
    let done = () => {}
    const busy = stage.cnm.asIpamPlugin('default', () => new Promise<void>((resolve) => (done = resolve)))
    for (const [method, body] of calls) expect((await hasty.ask(method, body)).status, method).toBe(503)
    done()
    await busy
    // Behind all that.
    await stage.cnm.findings()
  }
  await late(['NetworkDriver.RevokeExternalConnectivity', ids], ['NetworkDriver.Leave', ids], ['NetworkDriver.DeleteEndpoint', ids])
  expect(stage.cnm.sandboxes()).toEqual([])
  expect(rules()).not.toContain('8080')
  await late(['IpamDriver.ReleaseAddress', { PoolID: pool, Address: address.replace(/\/.*/, '') }])
  await engine.must('IpamDriver.RequestAddress', { PoolID: pool, Address: address.replace(/\/.*/, '') })
  await late(['NetworkDriver.DeleteNetwork', ids], ['IpamDriver.ReleasePool', { PoolID: pool }])
  expect(stage.cnm.networks().map(({ id }) => id)).not.toContain(NETWORK)
  await stage.cnm.createNetwork({ name: 'own', ipam: { config: [{ subnet: '10.41.0.0/24' }] } })
})

it('an engine that is killed while it asks leaves nothing of that behind', async () => {
  const folder = join(stage.lab.run, '..')
  await using _ = await serve(stage.cnm, { release: '1.2.3', hosts: [], plugins: folder, engine: join(folder, 'none.sock') })
  const engine = new Engine(stage.cnm)
  const { pool } = await engine.createNetwork(NETWORK, '10.41.0.0/24')
  const socketPath = join(folder, 'cnm.sock')
  const ask = (method: string, body: object) => {
    const asked = request({ socketPath, method: 'POST', path: `/${method}` }).on('error', () => {})
    return { asked, sent: new Promise<void>((resolve) => asked.end(JSON.stringify(body), resolve)) }
  }
  const activate = async () => {
    const { asked } = ask('Plugin.Activate', {})
    await new Promise<void>((resolve) => asked.once('response', (reply) => reply.resume().once('end', resolve)))
  }
  let free = () => {}
  const busy = stage.cnm.asIpamPlugin('default', () => new Promise<void>((resolve) => (free = resolve)))
  const lost = [
    ask('IpamDriver.RequestAddress', { PoolID: pool, Address: '10.41.0.7' }),
    ask('NetworkDriver.CreateEndpoint', { ...ids, Interface: { Address: '10.41.0.7/24' } }),
  ]
  await Promise.all(lost.map(({ sent }) => sent))
  // What others ask meanwhile gives it time to get there, and then to be seen to go.
  for (let others = 0; others < 3; others++) await activate()
  for (const { asked } of lost) asked.destroy()
  for (let others = 0; others < 3; others++) await activate()
  free()
  await busy
  await stage.cnm.findings()
  expect(stage.cnm.sandboxes()).toEqual([])
  await engine.must('IpamDriver.RequestAddress', { PoolID: pool, Address: '10.41.0.7' })
  await engine.must('NetworkDriver.DeleteNetwork', ids)
  await engine.must('IpamDriver.ReleasePool', { PoolID: pool })
})

it('an engine that tells a name with the address has it on the sandbox; other names are learned later, and change no answer', async () => {
  const engine = new Engine(stage.cnm)
  const { cnm } = stage
  const { request, pool } = await engine.createNetwork(NETWORK)
  await cnm.createNetwork({ name: 'front' })
  const Options = { 'com.docker.network.endpoint.name': 'web' }
  const { Address } = await engine.must('IpamDriver.RequestAddress', { PoolID: pool, Address: '', Options })
  const endpoint = { ...ids, Interface: { Address }, Options: {} }
  await engine.must('NetworkDriver.CreateEndpoint', endpoint)
  expect(cnm.sandboxes().map(({ name }) => name)).toEqual(['web'])
  await cnm.nameOfEngine({ network: NETWORK, name: 'front', labels: { tier: 'one' } })
  expect(cnm.networks().find(({ id }) => id === NETWORK)).toMatchObject({ name: NETWORK.slice(0, 12), labels: { tier: 'one' } })
  await cnm.nameOfEngine({ network: NETWORK, name: 'shop', labels: {} })
  await cnm.nameOfEngine({ endpoint: ENDPOINT, name: 'api', labels: { app: 'shop' }, aliases: ['backend'] })
  expect(cnm.guests('shop')).toMatchObject([{ sandbox: { name: 'api', labels: { app: 'shop' } }, endpoint: { aliases: ['backend'] } }])
  await cnm.nameOfEngine({ network: cnm.network('front').id, name: 'theirs', labels: {} })
  expect(cnm.networks().map(({ name }) => name)).not.toContain('theirs')
  await engine.must('NetworkDriver.CreateNetwork', request)
  await engine.must('NetworkDriver.CreateEndpoint', endpoint)
  expect(cnm.network('shop').id).toBe(NETWORK)
  await engine.must('NetworkDriver.DeleteEndpoint', ids)
  await engine.must('NetworkDriver.DeleteNetwork', ids)
  await engine.must('IpamDriver.ReleasePool', { PoolID: pool })
})
