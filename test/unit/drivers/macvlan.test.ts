import { describe, expect, it } from 'vitest'
import type { FoundLink, NetworkConfig, OtherNetwork } from '../../../lib/drivers/driver.ts'
import { macvlan } from '../../../lib/drivers/macvlan.ts'
import { printPlan } from '../../../lib/model/print.ts'

const eth0: FoundLink = { name: 'eth0', kind: '', mtu: 1500, mac: '02:00:00:00:00:e0', up: true, addresses: [] }

const network = (options: NetworkConfig['options'] = {}, overrides: Partial<NetworkConfig> = {}): NetworkConfig => ({
  id: 'ab'.repeat(32),
  name: 'lan',
  internal: false,
  enableIPv4: true,
  enableIPv6: true,
  options: { parent: 'eth0', ...options },
  pools: [
    { family: 4, id: 'p4', subnet: '192.0.2.0/24', gateway: '192.0.2.254/24', aux: { host: '192.0.2.250' } },
    { family: 4, id: 'q4', subnet: '198.51.100.0/24', aux: { host: '198.51.100.250' } },
    { family: 6, id: 'p6', subnet: '2001:db8::/64', gateway: '2001:db8::fe/64', aux: { host: '2001:db8::fa' } },
  ],
  found: eth0,
  ...overrides,
})
const endpoint = { id: 'cd'.repeat(32), address: '192.0.2.7/24', address6: '2001:db8::7/64', ports: [], options: {} }
const create = async (config: NetworkConfig, others: OtherNetwork[] = []) => macvlan.createNetwork(config, others)
const planOf = async (config: NetworkConfig) => printPlan((await create(config)).plan)

describe('macvlan driver', () => {
  it('makes nothing on a link that is there, and takes nothing away', async () => {
    expect(await create(network())).toEqual({ plan: [], base: 'eth0' })
    expect(await macvlan.deleteNetwork(network())).toEqual({ plan: [] })
    expect(await macvlan.adoptedLinks?.(network({ parent: 'eth0.100.200' }))).toEqual(['eth0.100.200', 'eth0.100', 'eth0'])
  })

  it('makes a VLAN, and a VLAN in a VLAN, where they are not there', async () => {
    expect(await planOf(network({ parent: 'eth0.100' }))).toMatchInlineSnapshot(`
      "ip link add link eth0 name eth0.100 group 6516333 type vlan id 100
      sysctl -w net/ipv6/conf/eth0.100/disable_ipv6=1
      ip link set dev eth0.100 up"
    `)
    expect(await planOf(network({ parent: 'eth0.100.200' }))).toMatchInlineSnapshot(`
      "ip link add link eth0 name eth0.100 group 6516333 type vlan id 100
      sysctl -w net/ipv6/conf/eth0.100/disable_ipv6=1
      ip link set dev eth0.100 up
      ip link add link eth0.100 name eth0.100.200 group 6516333 type vlan id 200
      sysctl -w net/ipv6/conf/eth0.100.200/disable_ipv6=1
      ip link set dev eth0.100.200 up"
    `)
    const theirs = network({ parent: 'eth0.100.200' }, { found: { ...eth0, name: 'eth0.100', kind: 'vlan' } })
    expect(printPlan((await macvlan.deleteNetwork(theirs)).plan)).toBe('ip link del dev eth0.100.200')
    expect(printPlan((await macvlan.deleteNetwork(network({ parent: 'eth0.100.200' }))).plan)).toBe(
      'ip link del dev eth0.100.200\nip link del dev eth0.100',
    )
    const { found: _, ...alone } = network({ parent: 'eth0.100' })
    expect(await planOf({ ...alone, found: { ...eth0, name: 'eth0.100', kind: 'vlan' } })).toBe('')
  })

  it('without a parent: one that leads nowhere', async () => {
    const { found: _, ...alone } = network()
    const isolated = { ...alone, options: {} }
    expect(await planOf(isolated)).toMatchInlineSnapshot(`
      "ip link add dm-abababababab address 02:ab:ab:ab:ab:ab group 6516333 type dummy
      sysctl -w net.ipv6.conf.dm-abababababab.disable_ipv6=1
      ip link set dev dm-abababababab up"
    `)
    expect(await macvlan.join(isolated, endpoint)).toMatchObject({ gateway: '', gateway6: '' })
    expect(await macvlan.adoptedLinks?.(isolated)).toEqual([])
  })

  it('plans a link on the parent, with a MAC address of its own', async () => {
    const { plan, mac } = await macvlan.createEndpoint(
      network({ macvlan_mode: 'private', 'com.docker.network.driver.mtu': '1400' }),
      endpoint,
    )
    expect(mac).toBe('02:cd:cd:cd:cd:cd')
    expect(printPlan(plan)).toBe(
      'ip link add link eth0 name mv-cdcdcdcdcdcd mtu 1400 address 02:cd:cd:cd:cd:cd group 6516333 type macvlan mode private',
    )
    expect(printPlan((await macvlan.deleteEndpoint(network(), endpoint)).plan)).toBe('ip link del dev mv-cdcdcdcdcdcd')
    const { plan: own } = await macvlan.createEndpoint(network(), { ...endpoint, mac: '02:42:00:00:00:07' })
    expect(printPlan(own)).toContain('address 02:42:00:00:00:07')
  })

  it('in mode passthru a sandbox takes the place of the parent, MAC address included', async () => {
    const whole = network({ macvlan_mode: 'passthru' })
    const { plan, mac } = await macvlan.createEndpoint(whole, endpoint)
    expect([printPlan(plan), mac]).toEqual([
      'ip link add link eth0 name mv-cdcdcdcdcdcd group 6516333 type macvlan mode passthru',
      '02:00:00:00:00:e0',
    ])
    expect(macvlan.maxEndpoints?.(whole)).toBe(1)
    await expect(async () => macvlan.createEndpoint(whole, { ...endpoint, mac: '02:42:00:00:00:07' })).rejects.toThrow(
      'in mode passthru a sandbox has the MAC address of the parent interface, 02:00:00:00:00:e0',
    )
    expect(await macvlan.createEndpoint(whole, { ...endpoint, mac: '02:00:00:00:00:e0' })).toEqual({ plan, mac })
  })

  it('in mode source it hears whom the endpoint names, or else the network', async () => {
    const heard = network({ macvlan_mode: 'source', 'cnm.macvlan_sources': '02:00:00:00:00:01, 02:00:00:00:00:02' })
    const planned = async (options: NetworkConfig['options']) =>
      printPlan((await macvlan.createEndpoint(heard, { ...endpoint, options })).plan).split('type ')[1]
    expect(await planned({})).toBe('macvlan mode source macaddr set 02:00:00:00:00:01 02:00:00:00:00:02')
    expect(await planned({ 'cnm.macvlan_sources': '02:00:00:00:00:03' })).toBe('macvlan mode source macaddr set 02:00:00:00:00:03')
  })

  it('offers the gateway of its subnet where there is one, and none out of an internal network', async () => {
    expect(await macvlan.join(network(), endpoint)).toMatchObject({
      gateway: '192.0.2.254',
      gateway6: '2001:db8::fe',
      link: { name: 'mv-cdcdcdcdcdcd', prefix: 'eth' },
    })
    expect(await macvlan.join(network(), { ...endpoint, address: '198.51.100.7/24' })).toMatchObject({ gateway: '' })
    expect(await macvlan.join(network({}, { internal: true }), endpoint)).toMatchObject({ gateway: '', gateway6: '' })
    expect(await macvlan.skipGateway?.(network())).toEqual({ v4: true, v6: true })
  })

  it('lets the host in by a link of its own, which answers for its own addresses only', async () => {
    const open = network({ 'cnm.host_access': 'true' })
    expect(macvlan.hostAddress?.(open)).toBe(true)
    expect(await planOf(open)).toMatchInlineSnapshot(`
      "ip link add link eth0 name hm-abababababab address 02:d8:40:96:5a:22 group 6516333 type macvlan mode bridge
      sysctl -w net.ipv4.conf.hm-abababababab.arp_ignore=1
      sysctl -w net.ipv6.conf.hm-abababababab.disable_ipv6=0
      sysctl -w net.ipv6.conf.hm-abababababab.accept_ra=0
      ip addr add 192.0.2.250/32 dev hm-abababababab
      ip addr add 198.51.100.250/32 dev hm-abababababab
      ip addr add 2001:db8::fa/128 dev hm-abababababab nodad
      ip link set dev hm-abababababab up"
    `)
    expect(printPlan((await macvlan.createEndpoint(open, endpoint)).plan)).toMatchInlineSnapshot(`
      "ip link add link eth0 name mv-cdcdcdcdcdcd address 02:cd:cd:cd:cd:cd group 6516333 type macvlan mode bridge
      ip neigh replace 192.0.2.7 dev hm-abababababab lladdr 02:cd:cd:cd:cd:cd nud permanent
      ip route add 192.0.2.7/32 dev hm-abababababab
      ip neigh replace 2001:db8::7 dev hm-abababababab lladdr 02:cd:cd:cd:cd:cd nud permanent
      ip -6 route add 2001:db8::7/128 dev hm-abababababab"
    `)
    expect(printPlan((await macvlan.deleteEndpoint(open, endpoint)).plan)).toMatchInlineSnapshot(`
      "ip link del dev mv-cdcdcdcdcdcd
      ip -6 route del 2001:db8::7/128 dev hm-abababababab
      ip neigh del 2001:db8::7 dev hm-abababababab
      ip route del 192.0.2.7/32 dev hm-abababababab
      ip neigh del 192.0.2.7 dev hm-abababababab"
    `)
    expect(printPlan((await macvlan.deleteNetwork(open)).plan)).toBe('ip link del dev hm-abababababab')
  })

  const other = (options: NetworkConfig['options'], kin?: string): OtherNetwork => ({
    ...network(options, { id: 'ee'.repeat(32), name: 'other' }),
    ...(kin ? { kin } : {}),
  })
  const named = 'e'.repeat(64)

  it.each([
    [{ macvlan_mode: 'tunnel' }, "requested macvlan mode 'tunnel' is not valid, 'bridge' mode is the macvlan driver default"],
    [{ parent: 'lo' }, 'loopback interface is not a valid macvlan parent link'],
    [{ parent: 'eth0.4095' }, 'vlan id must be between 1-4094, received: 4095'],
    [{ parent: 'eth0.0' }, 'vlan id must be between 1-4094, received: 0'],
    [{ parent: 'eth0.blue' }, 'invalid subinterface vlan name eth0.blue, example formatting is eth0.10'],
    [{ parent: '' }, 'not a link name'],
    [{ 'cnm.host_access': 'true', macvlan_mode: 'vepa' }, 'in mode vepa the links of a parent do not reach one another'],
    [{ 'cnm.macvlan_sources': '02:00:00:00:00:01' }, 'it is for macvlan_mode=source'],
    [{ macvlan_mode: 'source', 'cnm.macvlan_sources': 'eth1' }, 'expected MAC addresses, separated by commas'],
    [{ parents: 'eth0' }, 'unknown option; did you mean parent?'],
    [{ macvlan_modes: 'bridge' }, 'unknown option; did you mean macvlan_mode?'],
  ])('refuses %j', async (options, message) => {
    await expect(create(network(options))).rejects.toThrow(message)
  })

  it('refuses a parent that is not there, and one whose frames somebody else takes', async () => {
    const { found: _, ...lost } = network({ parent: 'eth7.10' })
    await expect(create(lost)).rejects.toThrow('the requested parent interface eth7 was not found on the Docker host')
    const port = network({}, { found: { ...eth0, master: 'br0' } })
    await expect(create(port)).rejects.toThrow('the parent interface eth0 is a port of br0, which takes all that it hears')
    expect((await create({ ...port, options: { parent: 'eth0.100' } })).plan).not.toEqual([])
  })

  it('shares a parent with others of its kind, but not in mode passthru, nor with ipvlan', async () => {
    expect((await create(network(), [other({ macvlan_mode: 'vepa' })])).plan).toEqual([])
    await expect(create(network({ macvlan_mode: 'passthru' }), [other({})])).rejects.toThrow(
      `cannot use mode passthru, macvlan network ${named} is already using parent interface eth0`,
    )
    await expect(create(network(), [other({ macvlan_mode: 'passthru' })])).rejects.toThrow(
      `macvlan network ${named} is already using parent interface eth0 in mode passthru`,
    )
    await expect(create(network(), [other({}, 'ipvlan')])).rejects.toThrow(
      'ipvlan network other is already using parent interface eth0, which cannot carry macvlan too',
    )
    expect((await create(network(), [other({ parent: 'eth1', macvlan_mode: 'passthru' })])).plan).toEqual([])
  })

  it('refuses a host that has no address in a subnet', async () => {
    const open = network({ 'cnm.host_access': 'true' })
    const pools = open.pools.map((pool) => ({ ...pool, aux: pool.family === 6 ? {} : pool.aux }))
    await expect(create({ ...open, pools })).rejects.toThrow('the host has no address in 2001:db8::/64: --aux-address host=ADDRESS')
  })
})
