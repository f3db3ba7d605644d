import { describe, expect, it } from 'vitest'
import type { NetworkConfig } from '../../../lib/drivers/driver.ts'
import { overlay } from '../../../lib/drivers/overlay.ts'
import { wireguardPeers } from '../../../lib/drivers/overlay-wireguard.ts'
import { printPlan } from '../../../lib/model/print.ts'

const VNI = 'com.docker.network.driver.overlay.vxlanid_list'
const underlay = { address: '10.99.0.2', link: 'eth0', mtu: 1500, port: 4789 }
const network = (overrides: Partial<NetworkConfig> = {}): NetworkConfig => ({
  id: 'ab'.repeat(32),
  name: 'app',
  internal: false,
  enableIPv4: true,
  enableIPv6: true,
  options: { [VNI]: '4097' },
  pools: [
    { family: 4, id: 'p4', subnet: '10.0.1.0/24', aux: {} },
    { family: 4, id: 'p5', subnet: '10.0.2.0/24', aux: {} },
    { family: 6, id: 'p6', subnet: 'fd00:1::/64', aux: {} },
  ],
  underlay,
  ...overrides,
})
const endpoint = { id: 'cd'.repeat(32), address: '10.0.1.2/24', address6: 'fd00:1::2/64', ports: [], options: {} }
const PLACES = ['', '', '/run/cnm/netns/net-abababababab']
const refusal = async (config: NetworkConfig): Promise<string> => {
  try {
    await overlay.createNetwork(config, [])
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

describe('overlay driver', () => {
  it('plans a namespace with a bridge and a tunnel, whose socket stays on the host; the tunnel goes before its namespace', async () => {
    const { plan, wall } = await overlay.createNetwork(network(), [])
    expect(wall).toBeUndefined()
    expect(printPlan(plan, PLACES)).toMatchInlineSnapshot(`
      "touch /run/cnm/netns/net-abababababab && unshare --net=/run/cnm/netns/net-abababababab true
      nsenter --net=/run/cnm/netns/net-abababababab sysctl -w net.ipv6.conf.default.disable_ipv6=1
      nsenter --net=/run/cnm/netns/net-abababababab sysctl -w net.ipv6.conf.default.addr_gen_mode=1
      ip link add vxlan0 netns /run/cnm/netns/net-abababababab mtu 1450 group 6516333 type vxlan id 4097 local 10.99.0.2 dstport 4789 nolearning proxy
      nsenter --net=/run/cnm/netns/net-abababababab sysctl -w net.ipv6.conf.vxlan0.disable_ipv6=0
      nsenter --net=/run/cnm/netns/net-abababababab ip link add br0 mtu 1450 address 02:ab:ab:ab:ab:ab group 6516333 type bridge mcast_snooping 0
      nsenter --net=/run/cnm/netns/net-abababababab ip link set dev vxlan0 up master br0
      nsenter --net=/run/cnm/netns/net-abababababab bridge link set dev vxlan0 learning off
      nsenter --net=/run/cnm/netns/net-abababababab ip link set dev br0 up"
    `)
    expect(printPlan((await overlay.deleteNetwork(network())).plan, PLACES)).toMatchInlineSnapshot(`
      "nsenter --net=/run/cnm/netns/net-abababababab ip link del dev vxlan0
      umount /run/cnm/netns/net-abababababab && rm /run/cnm/netns/net-abababababab"
    `)
  })

  it('plans a veth pair with one end in the bridge, by which nobody takes the place of another', async () => {
    const { plan, mac } = await overlay.createEndpoint(network(), endpoint)
    expect(mac).toBe('02:cd:cd:cd:cd:cd')
    expect(printPlan(plan, PLACES)).toMatchInlineSnapshot(`
      "nsenter --net=/run/cnm/netns/net-abababababab ip link add vethcdcdcdc mtu 1450 group 6516333 type veth peer name vethdcdcdcd mtu 1450 address 02:cd:cd:cd:cd:cd group 6516333 netns $$
      nsenter --net=/run/cnm/netns/net-abababababab ip link set dev vethcdcdcdc up master br0
      nsenter --net=/run/cnm/netns/net-abababababab bridge link set dev vethcdcdcdc learning off flood off
      nsenter --net=/run/cnm/netns/net-abababababab bridge fdb replace 02:cd:cd:cd:cd:cd dev vethcdcdcdc master static"
    `)
  })

  it('leads to the other subnets of the network directly, and nowhere else', async () => {
    expect(await overlay.join(network(), endpoint)).toEqual({
      plan: [],
      link: { name: 'vethdcdcdcd', prefix: 'eth' },
      gateway: '',
      gateway6: '',
      routes: [{ to: '10.0.2.0/24' }],
    })
  })

  it('knows the largest packet, to the byte', () => {
    const mtu = (overrides: Partial<NetworkConfig>) => overlay.mtu?.(network(overrides))
    expect(mtu({})).toEqual({ bytes: 1450, derivation: '1500 of eth0 - 20 IPv4 - 8 UDP - 8 VXLAN - 14 Ethernet' })
    expect(mtu({ underlay: { ...underlay, address: 'fd00::2', mtu: 9000 } })).toEqual({
      bytes: 8930,
      derivation: '9000 of eth0 - 40 IPv6 - 8 UDP - 8 VXLAN - 14 Ethernet',
    })
    expect(mtu({ options: { [VNI]: '1', 'com.docker.network.driver.mtu': '1400' } })?.derivation).toBe(
      '1400 of com.docker.network.driver.mtu - 20 IPv4 - 8 UDP - 8 VXLAN - 14 Ethernet',
    )
    expect(mtu({ options: { [VNI]: '1', encrypted: '' } })).toEqual({
      bytes: 1416,
      derivation: '1500 of eth0 - 20 IPv4 - 16 ESP - 16 ICV - 2 ESP trailer - 8 UDP - 8 VXLAN - 14 Ethernet',
    })
    // 1501 and 1502 leave room for a packet of the same size only: what is encrypted comes in words of four bytes.
    for (const whole of [1501, 1502, 1503])
      expect(mtu({ underlay: { ...underlay, mtu: whole }, options: { [VNI]: '1', encrypted: '' } })?.bytes).toBe(1416)
    expect(mtu({ underlay: { ...underlay, mtu: 1504 }, options: { [VNI]: '1', encrypted: '' } })?.bytes).toBe(1420)
  })

  it('takes what keeps encrypted frames in away behind the tunnel', async () => {
    const encrypted = network({ options: { [VNI]: '4097', encrypted: '' } })
    expect(printPlan((await overlay.deleteNetwork(encrypted)).plan, PLACES)).toMatchInlineSnapshot(`
      "nsenter --net=/run/cnm/netns/net-abababababab ip link del dev vxlan0
      umount /run/cnm/netns/net-abababababab && rm /run/cnm/netns/net-abababababab
      ip xfrm policy delete src 0.0.0.0/0 dst 0.0.0.0/0 proto udp dport 4790 dir in
      ip xfrm policy delete src 0.0.0.0/0 dst 0.0.0.0/0 proto udp dport 4790 dir out"
    `)
  })

  it('plans for WireGuard a tunnel that has no other way out than its link, and what the link is told of other hosts', async () => {
    const encrypted = network({ enableIPv6: false, options: { [VNI]: '4097', encrypted: 'wireguard' } })
    const { plan } = await overlay.createNetwork(encrypted, [])
    const inside = printPlan(plan, PLACES).replaceAll(`nsenter --net=${PLACES[2]} `, '> ')
    expect(inside).toMatchInlineSnapshot(`
      "touch /run/cnm/netns/net-abababababab && unshare --net=/run/cnm/netns/net-abababababab true
      > sysctl -w net.ipv6.conf.default.disable_ipv6=1
      > sysctl -w net.ipv6.conf.default.addr_gen_mode=1
      > sysctl -w net.ipv4.ip_forward=0
      > sysctl -w net.ipv4.conf.default.rp_filter=1
      ip link add wg0 netns /run/cnm/netns/net-abababababab mtu 1440 group 6516333 type wireguard
      > ip addr add 10.99.0.2/32 dev wg0
      > ip link add vxlan0 mtu 1390 group 6516333 type vxlan id 4097 local 10.99.0.2 dstport 4789 nolearning proxy
      > ip link add br0 mtu 1390 address 02:ab:ab:ab:ab:ab group 6516333 type bridge mcast_snooping 0
      > ip link set dev vxlan0 up master br0
      > bridge link set dev vxlan0 learning off
      > ip link set dev br0 up"
    `)
    expect(overlay.mtu?.(encrypted)?.bytes).toBe(1390)
    expect(overlay.mtu?.({ ...encrypted, underlay: { ...underlay, address: 'fd00::2' } })).toEqual({
      bytes: 1350,
      derivation: '1500 of eth0 - 40 IPv6 - 8 UDP - 16 WireGuard - 16 Poly1305 - 40 IPv6 - 8 UDP - 8 VXLAN - 14 Ethernet',
    })
    const way = overlay.tunnel?.(encrypted)?.wireguard ?? expect.fail('no way')
    const key = new Uint8Array(32)
    expect(printPlan(wireguardPeers(way, key.fill(1), [{ vtep: 'fd00::3', publicKey: key.fill(7) }]), PLACES)).toMatchInlineSnapshot(`
      "wg syncconf wg0 /dev/stdin <<EOF
      [Interface]
      PrivateKey = $WIREGUARD_KEY
      ListenPort = 51820
      [Peer]
      PublicKey = BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=
      Endpoint = [fd00::3]:51820
      AllowedIPs = fd00::3/128
      EOF
      ip link set dev wg0 up
      ip route replace default dev wg0"
    `)
    await expect(async () =>
      overlay.createNetwork(encrypted, [
        { ...encrypted, id: 'cd'.repeat(32), name: 'other', options: { ...encrypted.options, [VNI]: '7' } },
      ]),
    ).rejects.toThrow('network other has the WireGuard port 51820')
    expect(await refusal(network({ options: { [VNI]: '1', 'cnm.wireguard_port': '0' } }))).toContain('not a port')
  })

  it('refuses what cannot be, in Docker’s words where there are some', async () => {
    const option = (options: NetworkConfig['options']) => refusal(network({ options }))
    expect(await option({})).toBe(`failed to parse ${VNI} value:  (no VNI provided)`)
    expect(await option({ [VNI]: '4097,x' })).toBe(`failed to parse ${VNI} value: 4097,x (invalid vxlan id value x)`)
    expect(await option({ [VNI]: '16777216' })).toContain('invalid vxlan id value 16777216')
    expect(await option({ [VNI]: '1', encryptd: '' })).toContain('did you mean encrypted?')
    expect(await refusal(network({ enableIPv4: false, enableIPv6: false }))).toContain('IPv4 or IPv6 must be enabled')
    expect(await refusal(network({ underlay: { ...underlay, mtu: 1300 } }))).toContain(
      'packets of 1280 bytes do not fit: 1250 = 1300 of eth0 - 20 IPv4 - 8 UDP - 8 VXLAN - 14 Ethernet',
    )
    expect(await refusal(network({ underlay: { ...underlay, mtu: 1300 }, enableIPv6: false }))).toBe('none')
    await expect(async () => overlay.createNetwork(network(), [network({ id: 'cd'.repeat(32), name: 'other' })])).rejects.toThrow(
      'vxlan id 4097 is in use by network other',
    )
  })
})
