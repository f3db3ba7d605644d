import { readFileSync } from 'node:fs'
import type { Reserved } from '../../ipam/driver.ts'
import { bitsOf, type Family, formatAddress, formatCidr, parseAddress } from '../../model/address.ts'
import { dumpColumns } from '../../netlink/kernel.ts'
import { routesTo } from '../../netlink/tables.ts'
import type { Hall } from '../hall.ts'
import { linksAt } from './links.ts'

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

const RTPROT_KERNEL = 2

/** Of other types are the host's own addresses, several routes for each network, and what leads to no one place. */
const IN_USE = ['unicast', 'unreachable', 'blackhole', 'prohibit', 'throw'] as const

/**
 * Docker looks at on-link IPv4 routes of the main table; here it is every route of any table, for a VPN often has one of
 * its own and a gateway, and what it leads to is as lost when a bridge takes its place.
 */
export async function inUseOnHost({ host, store }: Hall): Promise<InUse> {
  const own = new Set<string>()
  for (const { configOnly, pools } of store.networks.list()) if (!configOnly) for (const { subnet } of pools) own.add(subnet)
  const tables = await Promise.all(IN_USE.map((type) => dumpColumns(host, 'route', { type })))
  const foreign = tables.flatMap((columns, index) => routesTo(columns, IN_USE[index], (to) => !to.endsWith('/0') && !own.has(to)))
  const links = await linksAt(host, foreign.map(({ link }) => link).filter(Boolean))
  const names = new Map(links.map(({ index, name }) => [index, name]))
  const routes = foreign.map(({ to, type, link, protocol }) => ({
    prefix: formatCidr(to),
    by: type === 'unicast' ? `a route through ${names.get(link) ?? 'several links'}` : `a route of type ${type}`,
    width: to.prefix,
    isWide: protocol !== RTPROT_KERNEL && to.prefix < NETWORK[to.family],
  }))
  return { firm: [...routes.filter(({ isWide }) => !isWide), ...nameServers()], wide: routes.filter(({ isWide }) => isWide) }
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
