import { describe, expect, it } from 'vitest'
import { bridge } from '../../../lib/drivers/bridge.ts'
import type { NetworkConfig } from '../../../lib/drivers/driver.ts'
import { printPlan } from '../../../lib/model/print.ts'

const network = (overrides: Partial<NetworkConfig> = {}): NetworkConfig => ({
  id: 'ab'.repeat(32),
  name: 'web',
  internal: false,
  enableIPv4: true,
  enableIPv6: true,
  options: {},
  pools: [
    { family: 4, id: 'p4', subnet: '172.18.0.0/16', gateway: '172.18.0.1/16', aux: {} },
    { family: 6, id: 'p6', subnet: 'fd00:1::/64', gateway: 'fd00:1::1/64', aux: {} },
  ],
  ...overrides,
})
const endpoint = { id: 'cd'.repeat(32), address: '172.18.0.2/16', address6: 'fd00:1::2/64', ports: [], options: {} }
const create = async (config: NetworkConfig, others: NetworkConfig[] = []) => bridge.createNetwork(config, others)

describe('bridge driver', () => {
  it('plans the bridge of a network', async () => {
    const { plan, wall } = await create(network())
    expect(printPlan(plan)).toMatchInlineSnapshot(`
      "ip link add br-abababababab address 02:ab:ab:ab:ab:ab group 6516333 type bridge
      sysctl -w net.ipv4.conf.br-abababababab.route_localnet=1
      sysctl -w net.ipv6.conf.br-abababababab.disable_ipv6=0
      sysctl -w net.ipv6.conf.br-abababababab.accept_ra=0
      ip addr add 172.18.0.1/16 dev br-abababababab
      ip addr add fd00:1::1/64 dev br-abababababab nodad
      ip link set dev br-abababababab up"
    `)
    expect(wall).toEqual({
      link: 'br-abababababab',
      internal: false,
      icc: true,
      modes: { 4: 'nat', 6: 'nat' },
      subnets: ['172.18.0.0/16', 'fd00:1::/64'],
      masquerade: { 4: {}, 6: {} },
      trusted: [],
    })
  })

  it('plans a veth pair, one end in the bridge', async () => {
    const { plan, mac } = await bridge.createEndpoint(network({ options: { 'com.docker.network.bridge.enable_icc': 'false' } }), endpoint)
    expect(mac).toBe('02:cd:cd:cd:cd:cd')
    expect(printPlan(plan)).toMatchInlineSnapshot(`
      "ip link add vethcdcdcdc group 6516333 type veth peer name vethdcdcdcd address 02:cd:cd:cd:cd:cd group 6516333
      sysctl -w net.ipv6.conf.vethcdcdcdc.disable_ipv6=1
      ip link set dev vethcdcdcdc up master br-abababababab
      bridge link set dev vethcdcdcdc isolated on
      ip neigh replace 172.18.0.2 dev br-abababababab lladdr 02:cd:cd:cd:cd:cd nud permanent
      ip neigh replace fd00:1::2 dev br-abababababab lladdr 02:cd:cd:cd:cd:cd nud permanent"
    `)
  })

  it('plans limits: what goes in waits on the host, what comes out takes a detour; both are taken back', async () => {
    const limited = { ...endpoint, options: { 'cnm.rate.in': '100mbit', 'cnm.rate.out': '1mbit' } }
    expect(printPlan((await bridge.join(network(), limited)).plan)).toMatchInlineSnapshot(`
      "tc qdisc add dev vethcdcdcdc root tbf rate 100000000bit burst 125000 latency 100000us
      ip link add ifbcdcdcdc group 6516333 type ifb
      tc qdisc add dev ifbcdcdcdc root tbf rate 1000000bit burst 3028 latency 100000us
      sysctl -w net.ipv6.conf.ifbcdcdcdc.disable_ipv6=1
      ip link set dev ifbcdcdcdc up
      tc qdisc add dev vethcdcdcdc ingress
      tc filter add dev vethcdcdcdc ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev ifbcdcdcdc"
    `)
    expect(printPlan((await bridge.leave(network(), limited)).plan)).toMatchInlineSnapshot(`
      "tc filter del dev vethcdcdcdc ingress protocol all prio 1 u32
      tc qdisc del dev vethcdcdcdc ingress
      tc qdisc del dev ifbcdcdcdc root
      ip link del dev ifbcdcdcdc
      tc qdisc del dev vethcdcdcdc root"
    `)
  })

  it('offers its gateways, but none out of an internal network', async () => {
    expect(await bridge.join(network(), endpoint)).toMatchObject({ gateway: '172.18.0.1', gateway6: 'fd00:1::1', link: { prefix: 'eth' } })
    expect(await bridge.join(network({ internal: true }), endpoint)).toMatchObject({ gateway: '', gateway6: '' })
  })

  it('answers the same when asked again', async () => {
    expect(await create(network())).toEqual(await create(network()))
    expect(await bridge.createEndpoint(network(), endpoint)).toEqual(await bridge.createEndpoint(network(), endpoint))
  })

  it.each([
    ['com.docker.network.driver.mtu', '-1', 'failed to parse com.docker.network.driver.mtu value: -1 (invalid MTU number: -1)'],
    [
      'com.docker.network.bridge.enable_icc',
      'maybe',
      'failed to parse com.docker.network.bridge.enable_icc value: maybe (expected true or false)',
    ],
    ['com.docker.network.driver.mtu', '4294967297', /\(invalid MTU number: 4294967297\)/],
    ['com.docker.network.bridge.name', 'a/b', /not a link name/],
    ['com.docker.network.bridge.name', 'default', /not a link name/],
    ['com.docker.network.container_iface_prefix', 'fifteen-letters', /no link name begins so/],
    ['com.docker.network.container_iface_prefix', '', /no link name begins so/],
    ['com.docker.network.bridge.host_binding_ipv6', '::1', /no kernel lets an answer come back to ::1; publish on 127\.0\.0\.1$/],
    ['com.docker.network.bridge.host_binding_ipv4', '::ffff:10.0.0.1', /is an IPv4 address: write it as one$/],
    ['com.docker.network.host_ipv4', '0.0.0.0', /0\.0\.0\.0 cannot be the source address of packets to the world$/],
    ['com.docker.network.host_ipv4', '127.0.0.1', /127\.0\.0\.1 cannot be the source address of packets to the world$/],
    ['com.docker.network.host_ipv4', '224.0.0.1', /224\.0\.0\.1 cannot be the source address of packets to the world$/],
    ['com.docker.network.host_ipv4', '255.255.255.255', /255\.255\.255\.255 cannot be the source address of packets to the world$/],
    ['com.docker.network.host_ipv6', '::', /:: cannot be the source address of packets to the world$/],
    ['com.docker.network.host_ipv6', '::1', /::1 cannot be the source address of packets to the world$/],
    ['com.docker.network.host_ipv6', 'ff02::1', /ff02::1 cannot be the source address of packets to the world$/],
    ['constructor', '1', /unknown option/],
    ['__proto__', '1', /unknown option/],
    ['com.docker.network.brigde.name', 'x', /unknown option; did you mean com\.docker\.network\.bridge\.name\?/],
  ])('refuses %s=%s', async (key, value, message) => {
    await expect(async () => create(network({ options: { [key]: value } }))).rejects.toThrow(message)
  })

  it.each([
    [{ enableIPv4: false, enableIPv6: false }, 'IPv4 or IPv6 must be enabled'],
    [{ pools: [] }, 'ipv4 pool is empty'],
    [
      { enableIPv4: false, pools: [{ family: 6 as const, id: '', subnet: 'ff02::/64', aux: {} }] },
      "multicast subnet 'ff02::/64' is not allowed",
    ],
    [{ pools: [{ family: 4 as const, id: '', subnet: '224.0.1.0/24', aux: {} }] }, "multicast subnet '224.0.1.0/24' is not allowed"],
    [{ pools: [{ family: 4 as const, id: '', subnet: '64.0.0.0/2', aux: {} }] }, "loopback subnet '64.0.0.0/2' is not allowed"],
    [
      { enableIPv4: false, pools: [{ family: 6 as const, id: '', subnet: '::1/128', aux: {} }] },
      "loopback subnet '::1/128' is not allowed",
    ],
    [
      { enableIPv4: false, pools: [{ family: 6 as const, id: '', subnet: '::ffff:10.0.0.0/120', aux: {} }] },
      "IPv4-mapped subnet '::ffff:10.0.0.0/120' is not allowed",
    ],
    [
      { enableIPv4: false, pools: [{ family: 6 as const, id: '', subnet: 'fe80::/64', aux: {} }] },
      "'fe80::/64' clashes with the Link-Local prefix",
    ],
  ])('refuses %j', async (wrong, message) => {
    await expect(async () => create(network(wrong))).rejects.toThrow(message)
  })

  it('refuses two networks on one bridge', async () => {
    const options = { 'com.docker.network.bridge.name': 'br7' }
    const other = network({ id: 'ee'.repeat(32), options })
    await expect(async () => create(network({ options }), [other])).rejects.toThrow('networks have same bridge name')
  })
})
