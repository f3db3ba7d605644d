import { type Cidr, contains, type Family, formatAddress, formatCidr, LEAST_MTU, overlaps, parseCidr, subnetOf } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import type { Pool } from '../model/network.ts'
import type { NetworkConfig } from './driver.ts'

/** Refuses, in Docker's sentences, a network without addresses, or with such as no sandbox can have. */
export function checkPools(network: NetworkConfig): void {
  if (!network.enableIPv4 && !network.enableIPv6) throw invalid('IPv4 or IPv6 must be enabled')
  for (const family of [4, 6] as const) {
    const subnets = network.pools.flatMap((pool) => (pool.family === family ? [parseCidr(pool.subnet)] : []))
    if (isOn(network, family) && !subnets.some((subnet) => subnet && subnet.prefix > 0)) throw invalid(`ipv${family} pool is empty`)
    for (const subnet of subnets) if (subnet) checkKind(subnet)
  }
}

/** Refuses a network with IPv6 on links that are too small for it. `source`: whose MTU that is. */
export function checkMtu({ enableIPv6 }: NetworkConfig, mtu: number | undefined, source: string): void {
  if (enableIPv6 && mtu !== undefined && mtu < LEAST_MTU[6])
    throw invalid(`IPv6 needs an MTU of ${LEAST_MTU[6]}, and has ${mtu} of ${source}`)
}

const isOn = ({ enableIPv4, enableIPv6 }: NetworkConfig, family: Family): boolean => (family === 4 ? enableIPv4 : enableIPv6)

/** Addresses that no sandbox can have, or can use on a link, and of what kind they are. */
const OTHERS = [
  ['224.0.0.0/4', 'multicast'],
  ['ff00::/8', 'multicast'],
  ['127.0.0.0/8', 'loopback'],
  ['::1/128', 'loopback'],
  ['::ffff:0.0.0.0/96', 'IPv4-mapped'],
].flatMap(([text = '', kind = '']) => {
  const block = parseCidr(text)
  return block ? [{ block, kind }] : []
})
const LINK_LOCAL: Cidr = { family: 6, value: 0xfe80n << 112n, prefix: 64 }

function checkKind(subnet: Cidr): void {
  const text = formatCidr(subnet)
  const other = subnet.prefix > 0 && OTHERS.find(({ block }) => overlaps(block, subnet))
  if (other) throw invalid(`${other.kind} subnet '${text}' is not allowed`)
  if (subnet.family === 6 && subnetOf({ ...subnet, prefix: 64 }).value === LINK_LOCAL.value)
    throw invalid(`'${text}' clashes with the Link-Local prefix 'fe80::/64'`)
}

export const invalid = (problems: string) => fault('INVALID_NETWORK_CONFIG', { problems })

/** The pool that an address of the network, 'IP/PREFIX', is from. */
export function poolOf({ pools }: NetworkConfig, address: string | undefined): Pool | undefined {
  const own = parseCidr(address ?? '')
  return own ? pools.find(({ subnet }) => isWithin(subnet, own)) : undefined
}

function isWithin(subnet: string, address: Cidr): boolean {
  const cidr = parseCidr(subnet)
  return cidr !== null && contains(cidr, address)
}

/** The gateway, 'IP', of the subnet that an address is from; '' when that has none. */
export function gatewayFor(network: NetworkConfig, address: string): string {
  const gateway = parseCidr(poolOf(network, address)?.gateway ?? '')
  return gateway ? formatAddress(gateway) : ''
}
