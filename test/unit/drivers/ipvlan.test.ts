import { describe, expect, it } from 'vitest'
import type { NetworkConfig, OtherNetwork } from '../../../lib/drivers/driver.ts'
import { ipvlan } from '../../../lib/drivers/ipvlan.ts'
import { printPlan } from '../../../lib/model/print.ts'

const network = (options: NetworkConfig['options'] = {}, overrides: Partial<NetworkConfig> = {}): NetworkConfig => ({
  id: 'ab'.repeat(32),
  name: 'lan',
  internal: false,
  enableIPv4: true,
  enableIPv6: true,
  options: { parent: 'eth0', ...options },
  pools: [
    { family: 4, id: 'p4', subnet: '192.0.2.0/24', gateway: '192.0.2.254/24', aux: { host: '192.0.2.250' } },
    { family: 6, id: 'p6', subnet: '2001:db8::/64', gateway: '2001:db8::fe/64', aux: { host6: '2001:db8::fa' } },
  ],
  found: { name: 'eth0', kind: '', mtu: 1500, mac: '02:00:00:00:00:e0', up: true, addresses: [] },
  ...overrides,
})
const endpoint = { id: 'cd'.repeat(32), address: '192.0.2.7/24', address6: '2001:db8::7/64', ports: [], options: {} }
const create = async (config: NetworkConfig, others: OtherNetwork[] = []) => ipvlan.createNetwork(config, others)

describe('ipvlan driver', () => {
  it('plans a link on the parent, which keeps its MAC address', async () => {
    const { plan, mac } = await ipvlan.createEndpoint(network({ ipvlan_mode: 'l3s', ipvlan_flag: 'private' }), endpoint)
    expect([printPlan(plan), mac]).toEqual([
      'ip link add link eth0 name iv-cdcdcdcdcdcd group 6516333 type ipvlan mode l3s private',
      undefined,
    ])
    await expect(async () => ipvlan.createEndpoint(network(), { ...endpoint, mac: '02:42:00:00:00:07' })).rejects.toThrow(
      'ipvlan interfaces do not support custom mac address assignment',
    )
  })

  it.each([
    ['l2', { gateway: '192.0.2.254', gateway6: '2001:db8::fe' }],
    ['l3', { gateway: '0.0.0.0', gateway6: '::' }],
    ['l3s', { gateway: '0.0.0.0', gateway6: '::' }],
  ])('in mode %s the way out is %j', async (ipvlan_mode, way) => {
    expect(await ipvlan.join(network({ ipvlan_mode }), endpoint)).toMatchObject(way)
    const { address6: _, ...four } = endpoint
    expect(await ipvlan.join(network({ ipvlan_mode }), four)).toMatchObject({ ...way, gateway6: '' })
    expect(await ipvlan.join(network({ ipvlan_mode }, { internal: true }), endpoint)).toMatchObject({ gateway: '', gateway6: '' })
  })

  it('lets the host in by a link of its own, in the mode of the network', async () => {
    const open = network({ ipvlan_mode: 'l3', 'cnm.host_access': 'true' })
    expect(printPlan((await create(open)).plan)).toMatchInlineSnapshot(`
      "ip link add link eth0 name hi-abababababab group 6516333 type ipvlan mode l3 bridge
      sysctl -w net.ipv4.conf.hi-abababababab.arp_ignore=1
      sysctl -w net.ipv6.conf.hi-abababababab.disable_ipv6=0
      sysctl -w net.ipv6.conf.hi-abababababab.accept_ra=0
      ip addr add 192.0.2.250/32 dev hi-abababababab
      ip addr add 2001:db8::fa/128 dev hi-abababababab nodad
      ip link set dev hi-abababababab up"
    `)
    expect(printPlan((await ipvlan.createEndpoint(open, endpoint)).plan)).toMatchInlineSnapshot(`
      "ip link add link eth0 name iv-cdcdcdcdcdcd group 6516333 type ipvlan mode l3 bridge
      ip route add 192.0.2.7/32 dev hi-abababababab
      ip -6 route add 2001:db8::7/128 dev hi-abababababab"
    `)
  })

  it('shares its parent with nobody', async () => {
    const other: OtherNetwork = { ...network(), id: 'ee'.repeat(32), name: 'other' }
    await expect(create(network(), [other])).rejects.toThrow('network di-eeeeeeeeeeee is already using parent interface eth0')
    await expect(create(network(), [{ ...other, kin: 'macvlan' }])).rejects.toThrow(
      'macvlan network other is already using parent interface eth0, which cannot carry ipvlan too',
    )
  })

  it.each([
    [{ ipvlan_mode: 'l4' }, "requested ipvlan mode 'l4' is not valid, 'l2' mode is the ipvlan driver default"],
    [{ ipvlan_flag: 'hairpin' }, "requested ipvlan flag 'hairpin' is not valid, 'bridge' is the ipvlan driver default"],
    [{ parent: 'lo' }, 'loopback interface is not a valid ipvlan parent link'],
    [{ macvlan_mode: 'bridge' }, 'unknown option; did you mean ipvlan_mode?'],
    [{ 'cnm.host_access': 'true', ipvlan_flag: 'vepa' }, 'with flag vepa the links of a parent do not reach one another'],
  ])('refuses %j', async (options, message) => {
    await expect(create(network(options))).rejects.toThrow(message)
  })
})
