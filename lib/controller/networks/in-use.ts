import { readFileSync } from 'node:fs'
import type { Reserved } from '../../ipam/driver.ts'
import { bitsOf, type Family, formatAddress, formatCidr, parseAddress } from '../../model/address.ts'
import type { Hall } from '../hall.ts'
import { ownSubnets } from './raised.ts'
import { RTPROT_KERNEL } from './surroundings.ts'

/** A route to more than one network: a VPN's to all of 10.0.0.0/8. */
export interface WideRoute extends Reserved {
  readonly width: number
}

/** What an automatic subnet should not touch. */
export interface InUse {
  /** The subnets that the host is on, its name servers, and whatever single network it has a route to. */
  readonly firm: readonly Reserved[]
  /** A subnet within one of these hides that part of what lies beyond. */
  readonly wide: readonly WideRoute[]
}

export const NOTHING_IN_USE: InUse = { firm: [], wide: [] }

/** The size of the largest predefined subnets. One must never be equal to a route, not even to an unreachable one: that wins. */
const NETWORK: Readonly<Record<Family, number>> = { 4: 16, 6: 64 }

/**
 * Docker looks at on-link IPv4 routes of the main table; here it is every route of any table, for a VPN often has one of
 * its own and a gateway, and what it leads to is as lost when a bridge takes its place.
 */
export async function inUseOnHost(hall: Hall): Promise<InUse> {
  const { routes, names } = await hall.lookout.look()
  const all = routes.map(({ to, type, link, protocol }) => ({
    prefix: formatCidr(to),
    by: type === 'unicast' ? `a route through ${names.get(link) ?? 'several links'}` : `a route of type ${type}`,
    width: to.prefix,
    isWide: protocol !== RTPROT_KERNEL && to.prefix < NETWORK[to.family],
  }))
  const own = ownSubnets(hall, new Set(all.map(({ prefix }) => prefix)))
  const foreign = all.filter(({ prefix }) => !own.has(prefix))
  return { firm: [...foreign.filter(({ isWide }) => !isWide), ...nameServers()], wide: foreign.filter(({ isWide }) => isWide) }
}

function nameServers(): readonly Reserved[] {
  let text = ''
  try {
    text = readFileSync('/etc/resolv.conf', 'utf8')
  } catch {
    return []
  }
  const servers = Array.from(text.matchAll(/^\s*nameserver\s+(\S+)/gm), (match) => parseAddress(match[1] ?? ''))
  return servers.flatMap((address) =>
    address ? [{ prefix: `${formatAddress(address)}/${bitsOf(address.family)}`, by: 'a name server' }] : [],
  )
}
