import { type Cidr, contains, formatAddress, formatCidr, parseCidr, subnetOf, toBytes } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { type Id, isLinkName, LINK_GROUP, macOf, parseMac, shortId } from '../model/ids.ts'
import type { Op, Plan } from '../model/op.ts'
import type { Wall } from '../model/wall.ts'
import type { EndpointConfig, NetworkConfig, NetworkDriver } from './driver.ts'
import { type Reader, readBool, readMtu, readOptions, readText } from './options.ts'

const readLinkName: Reader<string> = (text) => {
  if (!isLinkName(text)) throw new Error('not a link name: 1 to 15 letters, digits, or one of _.+-')
  return text
}

const NETWORK_OPTIONS = {
  'com.docker.network.bridge.name': readLinkName,
  'com.docker.network.bridge.enable_ip_masquerade': readBool,
  'com.docker.network.bridge.enable_icc': readBool,
  'com.docker.network.bridge.default_bridge': readBool,
  'com.docker.network.driver.mtu': readMtu,
  'com.docker.network.container_iface_prefix': readLinkName,
}

/** Read by the controller, which names the link; known here so that a misspelt one is refused. */
const ENDPOINT_OPTIONS = { 'com.docker.network.endpoint.ifname': readText }

/** A network's options, read, with Docker's defaults. */
function settingsOf(network: NetworkConfig) {
  const read = readOptions(network.options, NETWORK_OPTIONS)
  return {
    link: read['com.docker.network.bridge.name'] ?? `br-${shortId(network.id)}`,
    masquerade: read['com.docker.network.bridge.enable_ip_masquerade'] ?? true,
    icc: read['com.docker.network.bridge.enable_icc'] ?? true,
    mtu: read['com.docker.network.driver.mtu'] || undefined,
    prefix: read['com.docker.network.container_iface_prefix'] ?? 'eth',
  }
}

/** The host's end and the sandbox's end of an endpoint's veth pair, as long as both are in the host's namespace. */
const endsOf = (id: Id) => ({ host: `veth${id.slice(0, 7)}`, sandbox: `veth${id.slice(7, 14)}` })

const gatewaysOf = (network: NetworkConfig): readonly Cidr[] =>
  network.pools.flatMap((pool) => (pool.gateway ? [parseCidr(pool.gateway)] : [])).filter((cidr) => cidr !== null)

/** A Linux bridge on one host; every endpoint is a veth pair with one end in it. */
export const bridge: NetworkDriver = {
  name: 'bridge',
  capabilities: { scope: 'local', connectivityScope: 'local' },

  createNetwork(network, others) {
    const settings = settingsOf(network)
    checkNetwork(network, settings.link, others)
    const ops: Op[] = [
      {
        op: 'link.add',
        kind: 'bridge',
        name: settings.link,
        mac: macBytes(network.id),
        group: LINK_GROUP,
        ...(settings.mtu ? { mtu: settings.mtu } : {}),
      },
      // A published port is reached through 127.0.0.1 too; the firewall keeps the host's own loopback services closed.
      ...(network.enableIPv4 ? [sysctl(`ipv4/conf/${settings.link}/route_localnet`, '1')] : []),
      ...(network.enableIPv6
        ? [sysctl(`ipv6/conf/${settings.link}/disable_ipv6`, '0'), sysctl(`ipv6/conf/${settings.link}/accept_ra`, '0')]
        : []),
      ...gatewaysOf(network).map((gateway) => address(settings.link, gateway)),
      { op: 'link.set', link: settings.link, up: true },
    ]
    return { plan: ops, wall: wallOf(network) }
  },

  deleteNetwork(network) {
    return { plan: [{ op: 'link.del', link: settingsOf(network).link }], wall: wallOf(network) }
  },

  createEndpoint(network, endpoint) {
    readOptions(endpoint.options, ENDPOINT_OPTIONS)
    const settings = settingsOf(network)
    const ends = endsOf(endpoint.id)
    const mac = endpoint.mac ?? macOf(endpoint.id)
    const mtu = settings.mtu ? { mtu: settings.mtu } : {}
    const macOfPeer = parseMac(mac)
    const port = portOf(settings.icc, endpoint)
    const plan: Plan = [
      {
        op: 'link.add',
        kind: 'veth',
        name: ends.host,
        group: LINK_GROUP,
        ...mtu,
        peer: { name: ends.sandbox, at: 0, group: LINK_GROUP, ...mtu, ...(macOfPeer ? { mac: macOfPeer } : {}) },
      },
      // Addresses of its own on the host's end would be one more way into the host.
      ...(network.enableIPv6 ? [sysctl(`ipv6/conf/${ends.host}/disable_ipv6`, '1')] : []),
      { op: 'link.set', link: ends.host, master: settings.link, up: true },
      ...(port ? [{ op: 'link.set', link: ends.host, port } as const] : []),
    ]
    return { plan, mac }
  },

  deleteEndpoint(_network, endpoint) {
    return { plan: [{ op: 'link.del', link: endsOf(endpoint.id).host }] }
  },

  join(network, endpoint) {
    return {
      plan: [],
      link: { name: endsOf(endpoint.id).sandbox, prefix: settingsOf(network).prefix },
      gateway: wayOut(network, endpoint.address),
      gateway6: wayOut(network, endpoint.address6),
      routes: [],
    }
  },

  leave() {
    return { plan: [] }
  },
}

/**
 * Neighbours that may not speak are isolated from one another. Where br_netfilter is on, what a sandbox sends to its own
 * published port never gets to the routing of the host: the bridge itself has to send it back where it came from.
 */
function portOf(icc: boolean, { ports }: EndpointConfig) {
  const port = { ...(icc ? {} : { isolated: true }), ...(ports.length > 0 ? { hairpin: true } : {}) }
  return Object.keys(port).length > 0 ? port : undefined
}

const sysctl = (path: string, value: string): Op => ({ op: 'sysctl', path: `net/${path}`, value })

const address = (link: string, cidr: Cidr): Op => ({ op: 'addr.add', link, address: toBytes(cidr), prefix: cidr.prefix })

const macBytes = (id: Id): Uint8Array => parseMac(macOf(id)) ?? new Uint8Array(6)

/** The gateway in the subnet of `own`, or '' for an internal network, which has no way out. */
function wayOut(network: NetworkConfig, own: EndpointConfig['address']): string {
  const cidr = own === undefined || network.internal ? null : parseCidr(own)
  const gateway = gatewaysOf(network).find((candidate) => cidr && contains(cidr, candidate))
  return gateway ? formatAddress(gateway) : ''
}

function wallOf(network: NetworkConfig): Wall {
  const settings = settingsOf(network)
  const subnets = network.pools.map((pool) => pool.subnet)
  return {
    id: network.id,
    link: settings.link,
    internal: network.internal,
    masquerade: settings.masquerade && !network.internal ? subnets : [],
  }
}

function checkNetwork(network: NetworkConfig, link: string, others: readonly NetworkConfig[]): void {
  if (!network.enableIPv4 && !network.enableIPv6) throw invalid('IPv4 or IPv6 must be enabled')
  for (const family of [4, 6] as const) {
    const subnets = network.pools.flatMap((pool) => (pool.family === family ? [parseCidr(pool.subnet)] : []))
    const wanted = family === 4 ? network.enableIPv4 : network.enableIPv6
    if (wanted && !subnets.some((subnet) => subnet && subnet.prefix > 0)) throw invalid(`ipv${family} pool is empty`)
    for (const subnet of subnets) if (subnet && family === 6) checkIPv6(subnet)
  }
  for (const other of others) {
    const otherLink = settingsOf(other).link
    if (otherLink !== link) continue
    const reason = 'networks have same bridge name'
    throw fault('NETWORK_CONFLICT', { id: network.id, link, other: other.id, otherLink, reason })
  }
}

const MULTICAST = 0xffn
const LINK_LOCAL: Cidr = { family: 6, value: 0xfe80n << 112n, prefix: 64 }

function checkIPv6(subnet: Cidr): void {
  const text = formatCidr(subnet)
  if (subnet.value >> 120n === MULTICAST) throw invalid(`multicast subnet '${text}' is not allowed`)
  if (subnetOf({ ...subnet, prefix: 64 }).value === LINK_LOCAL.value)
    throw invalid(`'${text}' clashes with the Link-Local prefix 'fe80::/64'`)
}

const invalid = (problems: string) => fault('INVALID_NETWORK_CONFIG', { problems })
