import { type Cidr, formatCidr, parseCidr, subnetOf } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { linkOf, type Settings } from './bridge-options.ts'
import type { FoundLink, NetworkConfig } from './driver.ts'

/** Refuses, in Docker's sentences, a network that no bridge can be. */
export function checkNetwork(network: NetworkConfig, settings: Settings, others: readonly NetworkConfig[]): void {
  if (!network.enableIPv4 && !network.enableIPv6) throw invalid('IPv4 or IPv6 must be enabled')
  for (const family of [4, 6] as const) {
    const subnets = network.pools.flatMap((pool) => (pool.family === family ? [parseCidr(pool.subnet)] : []))
    const wanted = family === 4 ? network.enableIPv4 : network.enableIPv6
    if (wanted && !subnets.some((subnet) => subnet && subnet.prefix > 0)) throw invalid(`ipv${family} pool is empty`)
    for (const subnet of subnets) if (subnet && family === 6) checkIPv6(subnet)
    if (settings.modes[family] === 'isolated' && !network.internal)
      throw invalid("gateway mode 'isolated' can only be used for an internal network")
  }
  checkLink(network.found, settings.link)
  for (const other of others) {
    const otherLink = linkOf(other)
    if (otherLink !== settings.link) continue
    const reason = 'networks have same bridge name'
    throw fault('NETWORK_CONFLICT', { id: network.id, link: settings.link, other: other.id, otherLink, reason })
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

function checkLink(found: FoundLink | undefined, link: string): void {
  if (found && found.kind !== 'bridge') throw invalid(`existing interface ${link} is not a bridge`)
}

const invalid = (problems: string) => fault('INVALID_NETWORK_CONFIG', { problems })
