import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Engine, portMap, type Reply } from '../server/engine.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { eventually } from '../support/eventually.ts'
import { Hosts } from '../support/hosts.ts'
import { must, run } from '../support/run.ts'

// What dockerds ask of the overlay driver, call by call, on two nodes of a swarm: for what they cannot be brought to ask.

const APP = 'tpsrb6qv43t73irgaqp6comuo'
const VNIS = 'com.docker.network.driver.overlay.vxlanid_list'
const MTU = 'com.docker.network.driver.mtu'
const data = (subnet: string, gateway: string) => ({ AddressSpace: '', Pool: subnet, Gateway: gateway })
const POOL = data('10.44.0.0/24', '10.44.0.1/24')
const POOL6 = data('fd44::/64', 'fd44::1/64')

let hosts: Hosts
let etcd: EtcdCluster
let engines: readonly [Engine, Engine]
let count = 0

const cnm = (n: number) => hosts.at(n).cnm
/** 64 digits, of which names of links and MAC addresses are made. */
function newId(): string {
  const number = (++count).toString(16)
  return [number.padStart(7, 'a'), number.padStart(7, 'b'), number.padStart(50, '7')].join('')
}

/** A manager says that there is to be a network; what nodes are to create it with. */
async function allocate(
  engine: Engine,
  NetworkID: string,
  Options: object = {},
  IPv4Data: readonly object[] = [POOL],
): Promise<Reply['said']> {
  return (await engine.must('NetworkDriver.AllocateNetwork', { NetworkID, Options, IPv4Data, IPv6Data: null }))['Options'] as Reply['said']
}

const create = (engine: Engine, NetworkID: string, options: object, pools: readonly object[] = [POOL], pools6: readonly object[] = []) =>
  engine.ask('NetworkDriver.CreateNetwork', {
    NetworkID,
    Options: { 'com.docker.network.enable_ipv6': pools6.length > 0, 'com.docker.network.generic': options },
    IPv4Data: pools,
    IPv6Data: pools6,
  })

const endpoint = (engine: Engine, NetworkID: string, EndpointID: string, Address = '', AddressIPv6 = '') =>
  engine.ask('NetworkDriver.CreateEndpoint', {
    NetworkID,
    EndpointID,
    Interface: { Address, AddressIPv6, MacAddress: '' },
    Options: portMap([]),
  })

/** What an engine does then: a namespace with the link and its addresses. */
async function seat(n: 1 | 2, NetworkID: string, EndpointID: string, addresses: readonly string[]): Promise<string> {
  const netns = hosts.space(`c${++count}`)
  const { InterfaceName } = await engines[(n - 1) as 0 | 1].must('NetworkDriver.Join', { NetworkID, EndpointID, SandboxKey: netns })
  const { SrcName: link } = InterfaceName as Reply['said']
  must(['ip', 'link', 'set', String(link), 'netns', netns, 'name', 'eth0'], { netns: hosts.at(n).netns })
  for (const address of addresses)
    must(['ip', 'addr', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : [])], { netns })
  must(['ip', 'link', 'set', 'eth0', 'up'], { netns })
  return netns
}

const pings = (netns: string, address: string) => run(['ping', '-c', '1', '-w', '2', '-n', address], { netns }).status === 0

beforeAll(async () => {
  hosts = await Hosts.open(2)
  for (const n of [1, 2]) await hosts.reopen(n, { guard: true, auditEvery: 100 })
  etcd = await EtcdCluster.start()
  // Both at once: one of them founds it.
  await Promise.all([1, 2].map((n) => cnm(n).enterSwarm({ engine: etcd.engine(), advertise: hosts.at(n).vtep[4], heartbeat: 1 })))
  engines = [new Engine(cnm(1), { network: 'overlay' }), new Engine(cnm(2), { network: 'overlay' })]
})
afterAll(async () => {
  await hosts?.[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

describe('an engine in a swarm of its own', () => {
  it('has its networks on all nodes under its own id, each with a VNI', async () => {
    const [first, second] = engines
    expect(await first.must('NetworkDriver.GetCapabilities', {})).toMatchObject({ Scope: 'global', ConnectivityScope: 'global' })
    // An engine of 20.10 tells all pools as if they were IPv4.
    const options = await allocate(first, APP, { [MTU]: '1400' }, [POOL6, POOL])
    expect(options).toEqual({ [MTU]: '1400', [VNIS]: expect.stringMatching(/^\d+$/) })
    expect(await allocate(second, APP, options, [POOL6, POOL])).toEqual(options)
    const other = await allocate(second, `b${APP.slice(1)}`)
    expect(other[VNIS]).not.toBe(options[VNIS])
    expect(
      await first.ask('NetworkDriver.AllocateNetwork', { NetworkID: `c${APP.slice(1)}`, Options: other, IPv4Data: [POOL], IPv6Data: null }),
    ).toMatchObject({ status: 403, said: { Err: expect.stringContaining(`could not assign vxlan id ${other[VNIS]}`) } })
    for (const id of [APP, `b${APP.slice(1)}`])
      expect(await first.ask('NetworkDriver.FreeNetwork', { NetworkID: id })).toMatchObject({ status: 200 })
    for (const n of [1, 2])
      await expect
        .poll(() =>
          cnm(n)
            .networks()
            .filter(({ engine }) => engine),
        )
        .toEqual([])
  })

  it('is refused outside of one, and for what is ours', async () => {
    const [first] = engines
    expect(await create(first, newId(), {})).toMatchObject({ status: 403, said: { Err: expect.stringContaining('not a swarm manager') } })
    const { id } = await cnm(1).createNetwork({ name: 'own', driver: 'overlay' })
    expect(await first.ask('NetworkDriver.FreeNetwork', { NetworkID: id })).toMatchObject({ status: 404 })
    await cnm(1).removeNetwork('own')
  })

  it('has addresses that no other node has; what is on one node is reached from the other', async () => {
    const [first, second] = engines
    const options = await allocate(first, APP, {}, [POOL6, POOL])
    const ids = [newId(), newId()] as const
    for (const [index, engine] of engines.entries()) {
      expect(await create(engine, APP, options, [POOL], [POOL6])).toMatchObject({ status: 200 })
      const made = await endpoint(engine, APP, ids[index] ?? '', `10.44.0.${index + 2}/24`, `fd44::${index + 2}/64`)
      expect(made).toEqual({ status: 200, said: { Interface: { MacAddress: expect.any(String) } } })
    }
    expect(await endpoint(second, APP, newId(), '10.44.0.2/24')).toMatchObject({
      status: 403,
      said: { Err: expect.stringMatching(/^Address already in use \(10\.44\.0\.2 is held by sandbox \w+ of node /) },
    })
    const spaces = await Promise.all(
      ([1, 2] as const).map((n) => seat(n, APP, ids[n - 1] ?? '', [`10.44.0.${n + 1}/24`, `fd44::${n + 1}/64`])),
    )
    for (const [from, to] of [
      [0, 3],
      [1, 2],
    ] as const)
      for (const address of [`10.44.0.${to}`, `fd44::${to}`]) await expect.poll(() => pings(spaces[from] ?? '', address)).toBe(true)
    // A node's last one leaves, and comes back: the managers have not said that the network is no more.
    const there = { NetworkID: APP, EndpointID: ids[1] }
    for (const method of ['Leave', 'DeleteEndpoint', 'DeleteNetwork']) await second.must(`NetworkDriver.${method}`, there)
    await expect.poll(() => cnm(1).peers(APP)).toEqual([])
    expect(run(['test', '-e', hosts.home(2, APP)]).status).toBe(1)
    expect(await create(second, APP, options, [POOL], [POOL6])).toMatchObject({ status: 200 })
    expect(await endpoint(second, APP, ids[1], '10.44.0.3/24')).toMatchObject({ status: 200 })
    const back = await seat(2, APP, ids[1], ['10.44.0.3/24'])
    await expect.poll(() => pings(back, '10.44.0.2')).toBe(true)
    // Killed, an engine says nothing of a container that is no more.
    must(['ip', 'netns', 'del', back.replace('/run/netns/', '')])
    await expect.poll(() => cnm(1).peers(APP)).toEqual([])
    // Nor of what it had, when it comes to the network anew.
    for (const address of ['10.44.0.3/24', '10.44.0.4/24']) {
      expect(await endpoint(second, APP, newId(), address)).toMatchObject({ status: 200 })
      if (address === '10.44.0.3/24') expect(await create(second, APP, options, [POOL], [POOL6])).toMatchObject({ status: 200 })
    }
    await expect.poll(() => cnm(1).peers(APP)).toMatchObject([{ address: '10.44.0.4/24' }])
  })

  it('goes on without etcd, and is heard afterwards', async () => {
    const [first, second] = engines
    await etcd.kill(0)
    expect(await endpoint(first, APP, newId(), '10.44.0.9/24')).toMatchObject({ status: 503 })
    const [left] = cnm(2).guests(APP)
    await second.must('NetworkDriver.DeleteEndpoint', { NetworkID: APP, EndpointID: left?.endpoint.id })
    await second.must('NetworkDriver.FreeNetwork', { NetworkID: APP })
    expect(cnm(1).peers(APP)).toHaveLength(1)
    etcd.run(0)
    await etcd.ready(0)
    await expect
      .poll(() =>
        cnm(2)
          .networks()
          .some(({ id }) => id === APP),
      )
      .toBe(false)
    // Somebody is still on it here, as long as this engine says so.
    await expect.poll(() => cnm(1).peers(APP)).toEqual([])
    await first.must('NetworkDriver.DeleteNetwork', { NetworkID: APP })
    expect(
      cnm(1)
        .networks()
        .some(({ id }) => id === APP),
    ).toBe(false)
  })
})

describe('an engine by itself', () => {
  it('borrows a network of the swarm, with addresses of the swarm', async () => {
    const alone = [1, 2].map((n) => new Engine(cnm(n), { network: 'overlay', alone: true })) as [Engine, Engine]
    const [first, second] = alone
    expect(await first.must('NetworkDriver.GetCapabilities', {})).toMatchObject({ Scope: 'local', ConnectivityScope: 'global' })
    await cnm(1).createNetwork({ name: 'back', driver: 'overlay', attachable: true, ipam: { config: [{ subnet: '10.45.0.0/24' }] } })
    await cnm(1).createNetwork({ name: 'closed', driver: 'overlay' })
    const ids = [newId(), newId()] as const
    const nothing = [data('0.0.0.0/0', '')]
    for (const [options, status] of [
      [{}, 400],
      [{ 'cnm.network': 'nowhere' }, 404],
      [{ 'cnm.network': 'bridge' }, 400],
      [{ 'cnm.network': 'closed' }, 403],
      [{ 'cnm.network': 'back', encrypted: '' }, 400],
    ] as const)
      expect(await create(first, ids[0], options, nothing)).toMatchObject({ status })
    expect(await create(first, ids[0], { 'cnm.network': 'back' }, [POOL])).toMatchObject({
      status: 400,
      said: { Err: expect.stringContaining('no subnet 10.44.0.0/24; leave addresses to it: --ipam-driver null') },
    })
    for (const [index, engine] of alone.entries())
      expect(await create(engine, ids[index] ?? '', { 'cnm.network': 'back' }, nothing)).toMatchObject({ status: 200 })
    const seats = [newId(), newId()] as const
    const given: string[] = []
    for (const [index, engine] of alone.entries()) {
      const { said } = await endpoint(engine, ids[index] ?? '', seats[index] ?? '')
      given.push(String((said['Interface'] as Reply['said'])['Address']))
      // Asked again, it is the same one.
      expect((await endpoint(engine, ids[index] ?? '', seats[index] ?? '')).said).toEqual(said)
    }
    expect(new Set(given).size).toBe(2)
    for (const address of given) expect(address).toMatch(/^10\.45\.0\.\d+\/24$/)
    // An address that the engine has chosen is one that nobody else has.
    const [ip = ''] = given
    expect(await endpoint(second, ids[1], newId(), ip)).toMatchObject({ status: 403, said: { Err: expect.stringContaining('is held by') } })
    const a = await seat(1, ids[0], seats[0], [ip])
    const b = await seat(2, ids[1], seats[1], [given[1] ?? ''])
    await expect.poll(() => pings(a, (given[1] ?? '').replace(/\/.*/, ''))).toBe(true)
    await expect.poll(() => pings(b, ip.replace(/\/.*/, ''))).toBe(true)
    // What it calls its containers it tells later; what no node could be told as a name is left out.
    await cnm(1).nameOfEngine({ endpoint: seats[0], name: 'web', labels: {}, aliases: ['www', 'not a name'] })
    await expect
      .poll(() =>
        cnm(2)
          .services('back')
          .map(({ name, tasks }) => [name, tasks.map(({ sandbox, vtep }) => `${sandbox} ${vtep}`)]),
      )
      .toEqual([
        ['', [`${seats[1].slice(0, 12)} 10.99.0.2`]],
        ['www', ['web 10.99.0.1']],
      ])
    expect((await cnm(1).findings()).map(({ code }) => code)).not.toContain('SWARM_DRIFT')
    await expect(cnm(1).removeNetwork('back')).rejects.toMatchObject({ code: 'NETWORK_IN_USE' })
    for (const [index, engine] of alone.entries()) await engine.must('NetworkDriver.DeleteNetwork', { NetworkID: ids[index] })
    expect(await first.ask('NetworkDriver.DeleteNetwork', { NetworkID: ids[0] })).toMatchObject({ status: 404 })
    for (const n of [1, 2]) expect(cnm(n).guests('back')).toEqual([])
    expect(await cnm(1).usage('back')).toMatchObject({ '10.45.0.0/24': { inUse: 3n } })
    await cnm(1).removeNetwork('back')
  })
})

it('a host that has lost its state takes the place of the node that it was, once that is down', async () => {
  const { cnm: before, root, run: directory, vtep } = hosts.at(2)
  const { membership } = before.swarm() ?? {}
  await before.close()
  rmSync(root, { recursive: true })
  for (const name of readdirSync(directory)) if (name !== 'netns') rmSync(join(directory, name), { recursive: true })
  await hosts.reopen(2)
  const enter = () => cnm(2).enterSwarm({ engine: etcd.engine(), advertise: vtep[4] })
  await expect(enter()).rejects.toMatchObject({ code: 'NODE_ADDRESS' })
  await eventually(enter)
  expect(cnm(2).swarm()?.membership.node.id).not.toBe(membership?.node.id)
  await expect
    .poll(() =>
      cnm(1)
        .nodes()
        .map(({ address, status }) => `${address} ${status}`)
        .sort(),
    )
    .toEqual(['10.99.0.1 ready', '10.99.0.2 ready'])
  // Asked once more, it is what it is; of another swarm it cannot be at the same time.
  expect(await enter()).toMatchObject({ node: { address: '10.99.0.2' } })
  await expect(cnm(2).enterSwarm({ engine: etcd.engine('/other') })).rejects.toMatchObject({ code: 'SWARM_MEMBER' })
})
