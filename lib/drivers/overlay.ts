import { contains, LEAST_MTU, parseAddress, parseCidr, toBytes } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { type Id, LINK_GROUP, macBytes, macOf } from '../model/ids.ts'
import type { Route } from '../model/network.ts'
import { NETWORK, type Op, type Plan, undoOf } from '../model/op.ts'
import { checkedRoutes, routesOf } from './bridge-routes.ts'
import type { EndpointConfig, NetworkConfig, NetworkDriver, Underlay } from './driver.ts'
import { secretPort, shield } from './overlay-esp.ts'
import { checkOverlayEndpoint, innerMtu, type OverlaySettings, overlaySettingsOf, placesOf, wireguardMtu } from './overlay-options.ts'
import { WIREGUARD, wireguardLink } from './overlay-wireguard.ts'
import { checkPools, invalid } from './pools.ts'

/** BR_MAX_PORTS is 1024, there is no port number 0, and one is the tunnel's. */
const MAX_ENDPOINTS = 1022

const BRIDGE = 'br0'
const VXLAN = 'vxlan0'

/**
 * One network over many hosts: on each of them a bridge with a VXLAN in a namespace of the network's own, where nothing of the
 * host's (routes, rules, br_netfilter) is in the way, and nothing but frames goes in and out. Who is on other hosts is not
 * learned: the controller knows it, and the VXLAN answers for them (ARP, ND).
 */
export const overlay: NetworkDriver = {
  name: 'overlay',
  capabilities: { scope: 'global', connectivityScope: 'global', maxEndpoints: MAX_ENDPOINTS },

  tunnel(network) {
    const { vni, encrypted, wireguardPort: port } = overlaySettingsOf(network)
    const own = network.underlay?.address ?? ''
    const wireguard = encrypted === 'wireguard' ? { wireguard: { link: WIREGUARD, port, own } } : {}
    return { link: VXLAN, bridge: BRIDGE, vni, encrypted: encrypted === 'esp', ...wireguard }
  },

  mtu: (network) => innerMtu(network, overlaySettingsOf(network)),

  createNetwork(network, others) {
    const settings = overlaySettingsOf(network)
    checkPools(network)
    checkedRoutes(network, {})
    const { vni, wireguardPort: port } = placesOf(network)
    const twin = others.find((other) => placesOf(other).vni === vni)
    if (twin) throw fault('VNI_IN_USE', { vni, holder: `network ${twin.name}` })
    const neighbour = port === undefined ? undefined : others.find((other) => placesOf(other).wireguardPort === port)
    if (neighbour) throw fault('WIREGUARD_PORT', { port: settings.wireguardPort, network: neighbour.name })
    return { plan: network.underlay ? build(network, settings, network.underlay) : [] }
  },

  // The VXLAN by itself: the kernel ends a namespace a while later, and until then the VNI would be taken, and WireGuard's port.
  deleteNetwork(network) {
    const { encrypted } = overlaySettingsOf(network)
    const plan: Plan = [
      { at: NETWORK, op: 'link.del', link: VXLAN },
      ...(encrypted === 'wireguard' ? [{ at: NETWORK, op: 'link.del', link: WIREGUARD } as const] : []),
      { at: NETWORK, op: 'netns.del' },
      ...(encrypted === 'esp' && network.underlay ? undoOf(shieldOf(network.underlay)) : []),
    ]
    return { plan }
  },

  createEndpoint(network, endpoint) {
    checkOverlayEndpoint(endpoint.options)
    const ends = endsOf(endpoint.id)
    const mac = macBytes(endpoint.mac ?? macOf(endpoint.id))
    const mtu = innerMtu(network, overlaySettingsOf(network)).bytes
    const plan: Plan = [
      {
        at: NETWORK,
        op: 'link.add',
        kind: 'veth',
        name: ends.near,
        group: LINK_GROUP,
        mtu,
        peer: { name: ends.sandbox, at: 0, group: LINK_GROUP, mtu, mac },
      },
      // Nobody takes the place of another by speaking in its name, and nobody hears what is for somebody else.
      { at: NETWORK, op: 'link.set', link: ends.near, master: BRIDGE, up: true, port: { learning: false, flood: false } },
      { at: NETWORK, op: 'fdb.replace', link: ends.near, mac, master: true, state: 'static' },
    ]
    return { plan, mac: endpoint.mac ?? macOf(endpoint.id) }
  },

  deleteEndpoint: (_network, endpoint) => ({
    plan: [{ at: NETWORK, op: 'link.del', link: endsOf(endpoint.id).near, behind: true }],
  }),

  join: (network, endpoint) => ({
    plan: [],
    link: { name: endsOf(endpoint.id).sandbox, prefix: overlaySettingsOf(network).prefix },
    gateway: '',
    gateway6: '',
    routes: [...otherSubnets(network, endpoint), ...routesOf(network, endpoint)],
  }),

  leave: () => ({ plan: [] }),
}

const endsOf = (id: Id) => ({ near: `veth${id.slice(0, 7)}`, sandbox: `veth${id.slice(7, 14)}` })

function build(network: NetworkConfig, settings: OverlaySettings, underlay: Underlay): Plan {
  const { bytes: mtu, derivation } = innerMtu(network, settings)
  const least = LEAST_MTU[network.enableIPv6 ? 6 : 4]
  if (mtu < least) throw invalid(`packets of ${least} bytes do not fit: ${mtu} = ${derivation}`)
  const local = parseAddress(underlay.address)
  return [
    ...(settings.encrypted === 'esp' ? shieldOf(underlay) : []),
    { at: NETWORK, op: 'netns.add' },
    // Links here have no addresses, not even link-local ones, and nobody answers but the tunnel.
    inside('net/ipv6/conf/default/disable_ipv6', '1'),
    inside('net/ipv6/conf/default/addr_gen_mode', '1'),
    ...(settings.encrypted === 'wireguard' ? wireguardLink(underlay, wireguardMtu(mtu, underlay.address)) : []),
    // Its socket stays on the host, where the underlay is; or where the only way out is WireGuard's link.
    {
      ...(settings.encrypted === 'wireguard' ? { at: NETWORK } : { into: NETWORK }),
      op: 'link.add',
      kind: 'vxlan',
      name: VXLAN,
      mtu,
      group: LINK_GROUP,
      vxlan: {
        id: settings.vni,
        ...(local ? { local: toBytes(local) } : {}),
        dstPort: settings.encrypted === 'esp' ? secretPort(underlay.port) : underlay.port,
        learning: false,
        proxy: true,
      },
    },
    ...(network.enableIPv6 ? [inside(`net/ipv6/conf/${VXLAN}/disable_ipv6`, '0')] : []),
    {
      at: NETWORK,
      op: 'link.add',
      kind: 'bridge',
      name: BRIDGE,
      mtu,
      mac: macBytes(macOf(network.id)),
      group: LINK_GROUP,
      bridge: { mcastSnooping: false },
    },
    { at: NETWORK, op: 'link.set', link: VXLAN, master: BRIDGE, up: true, port: { learning: false } },
    { at: NETWORK, op: 'link.set', link: BRIDGE, up: true },
  ]
}

const shieldOf = ({ address, port }: Underlay): Plan => shield(parseAddress(address)?.family ?? 4, port)

const inside = (path: string, value: string): Op => ({ at: NETWORK, op: 'sysctl', path, value })

/** All subnets of a network are one segment: an endpoint reaches those of the others directly. */
const otherSubnets = ({ pools }: NetworkConfig, { address, address6 }: EndpointConfig): readonly Route[] =>
  [address, address6].flatMap((text) => {
    const own = parseCidr(text ?? '')
    if (!own) return []
    return pools.filter(({ family, subnet }) => family === own.family && !isOwn(subnet, text)).map(({ subnet }) => ({ to: subnet }))
  })

function isOwn(subnet: string, address: string | undefined): boolean {
  const [whole, own] = [parseCidr(subnet), parseCidr(address ?? '')]
  return whole !== null && own !== null && contains(whole, own)
}
