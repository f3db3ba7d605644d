import { type Cidr, formatCidr, parseCidr, subnetOf } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import type { NetworkConfig } from './driver.ts'

/** Refuses, in Docker's sentences, a network whose families and pools do not fit. */
export function checkPools({ enableIPv4, enableIPv6, pools }: NetworkConfig): void {
  if (!enableIPv4 && !enableIPv6) throw invalid('IPv4 or IPv6 must be enabled')
  for (const family of [4, 6] as const) {
    const subnets = pools.flatMap((pool) => (pool.family === family ? [parseCidr(pool.subnet)] : []))
    const wanted = family === 4 ? enableIPv4 : enableIPv6
    if (wanted && !subnets.some((subnet) => subnet && subnet.prefix > 0)) throw invalid(`ipv${family} pool is empty`)
    for (const subnet of subnets) if (subnet && family === 6) checkIPv6(subnet)
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

export const invalid = (problems: string) => fault('INVALID_NETWORK_CONFIG', { problems })
