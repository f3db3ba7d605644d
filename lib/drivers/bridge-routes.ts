import { contains, formatCidr, parseAddress, parseCidr, subnetOf } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import type { Options, Route } from '../model/network.ts'
import type { EndpointConfig, NetworkConfig } from './driver.ts'
import type { Reader } from './options.ts'

const KEY = 'cnm.routes'

/** '10.1.0.0/16 via 172.18.0.9, 10.2.0.0/16' */
const readRoutes: Reader<readonly Route[]> = (text) => text.split(',').map((route) => readRoute(route.trim()))

export const ROUTE_OPTIONS = { [KEY]: readRoutes }

function readRoute(text: string): Route {
  const [, to = '', via] = /^(\S+)(?: via (\S+))?$/.exec(text) ?? []
  const cidr = parseCidr(to)
  if (!cidr) throw new Error(`expected routes such as '10.1.0.0/16 via 172.18.0.9', separated by commas`)
  if (cidr.prefix === 0) throw new Error('the default route is that of the endpoint with the largest gw-priority')
  const subnet = subnetOf(cidr)
  if (subnet.value !== cidr.value) throw new Error(`${to} is not a subnet: ${formatCidr(subnet)} is`)
  if (via === undefined) return { to }
  if (parseAddress(via)?.family !== cidr.family) throw new Error(`${via} is not an IPv${cidr.family} address`)
  return { to, via }
}

/**
 * The routes of an endpoint: its own, or else those of its network. Not of a family that it lacks, nor through itself: one of a
 * network is the router of the others.
 */
export function routesOf(network: NetworkConfig, { options, address, address6 }: EndpointConfig): readonly Route[] {
  const own = [address, address6].flatMap((text) => parseCidr(text ?? '') ?? [])
  return checkedRoutes(network, options).filter(({ to, via }) => {
    const mine = own.find(({ family }) => family === parseCidr(to)?.family)
    return mine !== undefined && parseAddress(via ?? '')?.value !== mine.value
  })
}

/** Who is to pass packets on has to be on the network. `own`: what an endpoint says. */
export function checkedRoutes({ name, options, pools }: NetworkConfig, own: Options): readonly Route[] {
  const value = own[KEY] ?? options[KEY]
  if (value === undefined) return []
  const routes = readRoutes(value)
  for (const { via } of routes) {
    const next = parseAddress(via ?? '')
    const near = pools.map(({ subnet }) => parseCidr(subnet)).some((subnet) => next && subnet && contains(subnet, next))
    if (next && !near) throw fault('INVALID_OPTION', { key: KEY, value, reason: `${via} is not on network ${name}` })
  }
  return routes
}
