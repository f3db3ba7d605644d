import { readFileSync } from 'node:fs'
import type { Reserved } from '../ipam/driver.ts'
import { bitsOf, formatAddress, formatCidr, parseAddress } from '../model/address.ts'
import { dump } from '../netlink/kernel.ts'
import type { Hall } from './hall.ts'

/** A route of the host that leads further than to a link it is on. */
export interface RouteInUse extends Reserved {
  readonly width: number
}

/** What an automatic subnet should not touch. */
export interface InUse {
  /** The subnets that the host is on, and its name servers. */
  readonly firm: readonly Reserved[]
  /** What lies beyond: a subnet in it hides that part of it. */
  readonly routes: readonly RouteInUse[]
}

export const NOTHING_IN_USE: InUse = { firm: [], routes: [] }

const RTPROT_KERNEL = 2

/**
 * Docker looks at on-link IPv4 routes of the main table; here it is every route of any table, for a VPN often has one of
 * its own and a gateway, and what it leads to is as lost when a bridge takes its place.
 */
export async function inUseOnHost({ host, store }: Hall): Promise<InUse> {
  const [rows, links] = await Promise.all([dump(host, 'route'), dump(host, 'link')])
  const names = new Map(links.map(({ index, name }) => [index, name]))
  const own = new Set(store.networks.list().flatMap(({ pools }) => pools.map(({ subnet }) => subnet)))
  const routes = rows
    .filter(({ type, to }) => type === 'unicast' && to.prefix > 0 && !own.has(formatCidr(to)))
    .map(({ to, link, protocol }) => {
      const by = names.has(link) ? `a route through ${names.get(link)}` : 'a route'
      return { prefix: formatCidr(to), by, width: to.prefix, firm: protocol === RTPROT_KERNEL }
    })
  return { firm: [...routes.filter(({ firm }) => firm), ...nameServers()], routes: routes.filter(({ firm }) => !firm) }
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
