import { lendUplinks } from '../../firewall/firewall.ts'
import type { Family } from '../../model/address.ts'
import type { Plan } from '../../model/op.ts'
import { readSysctl } from '../../netlink/namespace.ts'
import type { Hall } from '../hall.ts'
import { openWay } from '../networks/forwarding.ts'
import { walledLink } from '../networks/raised.ts'
import { familiesOn } from '../networks/raising.ts'
import { recordWay } from '../networks/ways.ts'
import { commitOnWalls } from './mend.ts'

const FAMILIES = [4, 6] as const

/**
 * A link of the host has come that does not forward for our networks yet, or somebody has switched forwarding off. That is done for
 * all links at once, so one of ours tells of the others.
 */
export async function isWayClosed(hall: Hall): Promise<boolean> {
  for (const family of FAMILIES) {
    const [link] = openLinks(hall, family)
    if (link !== undefined && (await lacking(hall, (await openWay(hall, [link], [family])).plan)).length > 0) return true
  }
  return false
}

/** Rules first: what forwards must not do so for others. */
export async function reopenWay(hall: Hall): Promise<void> {
  for (const family of FAMILIES) {
    const links = openLinks(hall, family)
    const way = await openWay(hall, links, links.length > 0 ? [family] : [])
    const steps = await lacking(hall, way.plan)
    if (steps.length === 0) continue
    await commitOnWalls(hall, { way: 'up', plan: [...lendUplinks(way.uplinks), ...steps], record: () => recordWay(hall, way) })
  }
}

/** Links of networks that reach the rest of the world. */
const openLinks = (hall: Hall, family: Family): readonly string[] =>
  hall.store.networks.list().flatMap((network) => {
    const link = network.internal || !familiesOn(network).includes(family) ? undefined : walledLink(hall, network)
    return link === undefined ? [] : [link]
  })

/** Steps whose outcome is not there. A link that somebody has taken away has no sysctls, and comes back with its own steps. */
async function lacking({ host }: Hall, plan: Plan): Promise<Plan> {
  const values = await Promise.all(plan.map((op) => (op.op === 'sysctl' ? readSysctl(host, op.path) : null)))
  return plan.filter((op, at) => op.op === 'sysctl' && values[at] !== null && values[at] !== op.value)
}
