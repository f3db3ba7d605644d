import { type Cidr, type Family, formatAddress, formatCidr, parseAddress, parseCidr, toBytes } from '../model/address.ts'
import { type Id, LINK_GROUP, macBytes, macOf } from '../model/ids.ts'
import type { Pool } from '../model/network.ts'
import { oncePer } from '../model/once-per.ts'
import { type Op, type Plan, undoOf } from '../model/op.ts'
import type { Wall } from '../model/wall.ts'
import { checkNetwork, spanOf } from './bridge-checks.ts'
import { limiting, limitsOf } from './bridge-limits.ts'
import { checkEndpointOptions, type Settings, settingsOf } from './bridge-options.ts'
import { checkedRoutes, routesOf } from './bridge-routes.ts'
import type { EndpointConfig, Neighbour, NetworkConfig, NetworkDriver } from './driver.ts'
import { checkMtu, poolOf } from './pools.ts'

/** BR_MAX_PORTS is 1024, and there is no port number 0. */
const MAX_PORTS = 1023

/** A Linux bridge on one host; every endpoint is a veth pair with one end in it. */
export const bridge: NetworkDriver = {
  name: 'bridge',
  capabilities: { scope: 'local', connectivityScope: 'local', maxEndpoints: MAX_PORTS },

  skipGateway({ options, internal }) {
    const { modes, inhibitIPv4 } = settingsOf({ options })
    return { v4: modes[4] === 'isolated' || (inhibitIPv4 && internal), v6: modes[6] === 'isolated' }
  },

  adoptedLinks(network) {
    const { link, named } = settingsOf(network)
    return named ? [link] : []
  },

  publishing(network) {
    const { modes, hostIP, trusted } = settingsOf(network)
    return { modes, hostIP, trusted: trusted.length > 0 }
  },

  createNetwork(network, others) {
    const settings = settingsOf(network)
    checkNetwork(network, settings, others, spansOf)
    checkMtu(network, settings.mtu ?? network.found?.mtu, settings.mtu ? 'com.docker.network.driver.mtu' : settings.link)
    limitsOf(network.options, {}, settings.mtu)
    checkedRoutes(network, {})
    return { plan: network.found ? adopt(network, settings) : build(network, settings), wall: wallOf(network, settings) }
  },

  deleteNetwork(network) {
    const settings = settingsOf(network)
    const plan: Plan = network.found ? giveBack(network, settings) : tearDown(network, settings)
    return { plan, wall: wallOf(network, settings) }
  },

  createEndpoint(network, endpoint) {
    checkEndpointOptions(endpoint.options)
    const settings = settingsOf(network)
    const ends = endsOf(endpoint.id)
    const mac = endpoint.mac ?? macOf(endpoint.id)
    const mtu = settings.mtu ? { mtu: settings.mtu } : {}
    const port = portOf(settings.icc, endpoint)
    const plan: Plan = [
      {
        op: 'link.add',
        kind: 'veth',
        name: ends.host,
        group: LINK_GROUP,
        ...mtu,
        peer: { name: ends.sandbox, at: 0, group: LINK_GROUP, ...mtu, mac: macBytes(mac) },
      },
      // Addresses of its own on the host's end would be one more way into the host.
      sysctl(`ipv6/conf/${ends.host}/disable_ipv6`, '1'),
      { op: 'link.set', link: ends.host, master: settings.link, up: true },
      ...(port ? [{ op: 'link.set', link: ends.host, port } as const] : []),
      ...neighboursOf(network, settings, endpoint, mac),
    ]
    return { plan, mac }
  },

  deleteEndpoint(network, endpoint) {
    const settings = settingsOf(network)
    const forgotten = neighboursOf(network, settings, endpoint, endpoint.mac ?? macOf(endpoint.id)).flatMap(({ undo }) => undo)
    return { plan: [{ op: 'link.del', link: endsOf(endpoint.id).host, behind: true }, ...forgotten] }
  },

  join(network, endpoint) {
    const settings = settingsOf(network)
    const ways = [endpoint.address, endpoint.address6].map((own) => wayOut(network, own))
    return {
      plan: limitingOf(network, settings, endpoint),
      link: { name: endsOf(endpoint.id).sandbox, prefix: settings.prefix },
      gateway: ways[0] ?? '',
      gateway6: ways[1] ?? '',
      routes: routesOf(network, endpoint),
      neighbours: ways.flatMap((gateway) => ownNeighbour(network, gateway)),
    }
  },

  leave(network, endpoint) {
    return { plan: undoOf(limitingOf(network, settingsOf(network), endpoint)) }
  },
}

/** The host's end and the sandbox's end of an endpoint's veth pair, as long as both are in the host's namespace. */
const endsOf = (id: Id) => ({ host: `veth${id.slice(0, 7)}`, sandbox: `veth${id.slice(7, 14)}` })

const limitingOf = ({ options }: NetworkConfig, { mtu }: Settings, endpoint: EndpointConfig): Plan =>
  limiting(endsOf(endpoint.id).host, `ifb${endpoint.id.slice(0, 7)}`, limitsOf(options, endpoint.options, mtu))

/** A bridge of our own. */
function build(network: NetworkConfig, settings: Settings): Plan {
  const { link, mtu } = settings
  return [
    { op: 'link.add', kind: 'bridge', name: link, mac: macBytes(macOf(network.id)), group: LINK_GROUP, ...(mtu ? { mtu } : {}) },
    ...routeLocalnet(network, link),
    // Without IPv6, not even the link-local address that the kernel would give it.
    sysctl(`ipv6/conf/${link}/disable_ipv6`, network.enableIPv6 ? '0' : '1'),
    ...(network.enableIPv6 ? [sysctl(`ipv6/conf/${link}/accept_ra`, '0')] : []),
    ...addressesOf(network).map((cidr) => address('addr.add', link, cidr)),
    { op: 'link.set', link, up: true },
  ]
}

/** The host has the addresses of a link that is down, too. */
const tearDown = (network: NetworkConfig, settings: Settings): Plan => [
  ...addressesOf(network).map((cidr) => address('addr.del', settings.link, cidr)),
  { op: 'link.del', link: settings.link, behind: true },
]

/** A bridge that somebody else made: it gets what it lacks. */
function adopt(network: NetworkConfig, settings: Settings): Plan {
  const { link, mtu } = settings
  return [
    ...(mtu && mtu !== network.found?.mtu ? [{ op: 'link.set', link, mtu } as const] : []),
    ...routeLocalnet(network, link),
    ...(network.enableIPv6 ? [sysctl(`ipv6/conf/${link}/disable_ipv6`, '0')] : []),
    ...lacking(network).map((cidr) => address('addr.add', link, cidr)),
    ...(network.found?.up ? [] : [{ op: 'link.set', link, up: true } as const]),
  ]
}

/** And loses what it got. */
function giveBack(network: NetworkConfig, settings: Settings): Plan {
  const { link, mtu } = settings
  const had = network.found?.mtu
  return [
    ...lacking(network).map((cidr) => address('addr.del', link, cidr)),
    ...(mtu && had && mtu !== had ? [{ op: 'link.set', link, mtu: had } as const] : []),
    ...(network.found?.up ? [] : [{ op: 'link.set', link, up: false } as const]),
  ]
}

const lacking = (network: NetworkConfig): readonly Cidr[] =>
  addressesOf(network).filter((cidr) => !network.found?.addresses.includes(formatCidr(cidr)))

/** A published port is reached through 127.0.0.1 too; the firewall keeps the host's own loopback services closed. */
const routeLocalnet = ({ enableIPv4 }: NetworkConfig, link: string): Plan =>
  enableIPv4 ? [sysctl(`ipv4/conf/${link}/route_localnet`, '1')] : []

/**
 * Neighbours that may not speak are isolated from one another. Where br_netfilter is on, what a sandbox sends to its own
 * published port never gets to the routing of the host: the bridge itself has to send it back where it came from.
 */
function portOf(icc: boolean, { ports }: EndpointConfig) {
  const port = { ...(icc ? {} : { isolated: true }), ...(ports.length > 0 ? { hairpin: true } : {}) }
  return Object.keys(port).length > 0 ? port : undefined
}

/** The host knows its sandboxes by heart: a full bridge would overflow the neighbour table, where permanent entries do not count. */
function neighboursOf(network: NetworkConfig, settings: Settings, endpoint: EndpointConfig, mac: string) {
  const reachable = new Set(addressesOf(network).map(({ family }) => family))
  return [endpoint.address, endpoint.address6].flatMap((text) => {
    const own = parseCidr(text ?? '')
    if (!own || !reachable.has(own.family)) return []
    const entry = { link: settings.link, address: toBytes(own) }
    return [{ op: 'neigh.replace', ...entry, mac: macBytes(mac), undo: [{ op: 'neigh.del', ...entry }] } as const]
  })
}

/** The gateway, where it is our bridge: the MAC of one that was found changes with its ports. */
function ownNeighbour(network: NetworkConfig, gateway: string): readonly Neighbour[] {
  const ours = addressesOf(network).some((cidr) => formatAddress(cidr) === gateway)
  return ours && !network.found ? [{ address: gateway, mac: macOf(network.id) }] : []
}

const sysctl = (path: string, value: string): Op => ({ op: 'sysctl', path: `net/${path}`, value })

const address = (op: 'addr.add' | 'addr.del', link: string, cidr: Cidr): Op => ({ op, link, address: toBytes(cidr), prefix: cidr.prefix })

/** What the bridge is called by. */
const addressesOf = oncePer((network: NetworkConfig): readonly Cidr[] => {
  const { modes, inhibitIPv4 } = settingsOf(network)
  return network.pools.flatMap(({ family, gateway }) => {
    const cidr = parseCidr(gateway ?? '')
    return cidr && modes[family] !== 'isolated' && !(family === 4 && inhibitIPv4) ? [cidr] : []
  })
})

const spansOf = oncePer((network: NetworkConfig) => addressesOf(network).map(spanOf))

/** The gateway that sandboxes are told of: the bridge, or an auxiliary address that the user calls so. */
const GATEWAY_AUX = { 4: 'DefaultGatewayIPv4', 6: 'DefaultGatewayIPv6' } as const

function gatewayOf({ family, gateway, aux }: Pool): string {
  const cidr = parseAddress(aux[GATEWAY_AUX[family]] ?? '') ?? parseCidr(gateway ?? '')
  return cidr ? formatAddress(cidr) : ''
}

/** The gateway in the subnet of `own`, or '' for an internal network, which has no way out. */
function wayOut(network: NetworkConfig, own: EndpointConfig['address']): string {
  const pool = network.internal ? undefined : poolOf(network, own)
  return pool ? gatewayOf(pool) : ''
}

function wallOf(network: NetworkConfig, { link, icc, masquerade, modes, source, trusted }: Settings): Wall {
  const hides = (family: Family) => masquerade && !network.internal && modes[family] !== 'routed'
  const leaving = new Set(network.pools.map(({ family }) => family).filter(hides))
  return {
    link,
    internal: network.internal,
    icc,
    modes,
    subnets: network.pools.map(({ subnet }) => subnet),
    masquerade: Object.fromEntries([...leaving].map((family) => [family, source[family] ? { source: source[family] } : {}])),
    trusted,
  }
}
