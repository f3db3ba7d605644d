import { contains, type Family, formatCidr, parseCidr } from '../../model/address.ts'
import { type Finding, finding } from '../../model/findings.ts'
import { MAIN, type RouteRow } from '../../netlink/tables.ts'
import type { Hall } from '../hall.ts'
import { walledLink } from '../networks/raised.ts'

/** Of routes that come with an address. */
const METRIC: Readonly<Record<Family, number>> = { 4: 0, 6: 256 }

/** Routes of the host, as a VPN brings them, that lead elsewhere what is for a network's sandboxes: they came after it. */
export async function hidingRoutes(hall: Hall): Promise<readonly Finding[]> {
  const { routes, names } = await hall.lookout.look()
  const main = routes.filter(({ table }) => table === MAIN)
  return hall.store.networks.list().flatMap((network) => {
    const link = walledLink(hall, network)
    if (link === undefined) return []
    return network.pools.flatMap(({ subnet }) => {
      const hiding = main.find((route) => names.get(route.link) !== link && hides(route, subnet))
      if (!hiding) return []
      const by = hiding.type === 'unicast' ? `through ${names.get(hiding.link) ?? 'several links'}` : `of type ${hiding.type}`
      return [finding('ROUTE_HIDES', `network ${network.name}`, { route: formatCidr(hiding.to), by, subnet })]
    })
  })
}

function hides({ to, metric }: RouteRow, subnet: string): boolean {
  const cidr = parseCidr(subnet)
  if (!cidr || to.prefix < cidr.prefix || !contains(cidr, to)) return false
  return to.prefix > cidr.prefix || metric < METRIC[cidr.family]
}
