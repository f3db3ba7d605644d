import { lendUplinks } from '../../firewall/firewall.ts'
import type { Family } from '../../model/address.ts'
import type { Plan } from '../../model/op.ts'
import { readSysctl } from '../../netlink/namespace.ts'
import type { Hall } from '../hall.ts'
import { openWay, type Way } from '../networks/forwarding.ts'
import { walledLink } from '../networks/raised.ts'
import { familiesOn } from '../networks/raising.ts'
import { recordWay, uplinksOf } from '../networks/ways.ts'
import { commitOnWalls } from './mend.ts'

const FAMILIES = [4, 6] as const

/**
 * A link of the host has come that does not forward for our networks yet, or somebody has switched forwarding off. That is done for
 * all links at once, so one of ours tells of the others.
 */
export async function isWayClosed(hall: Hall): Promise<boolean> {
  for (const family of FAMILIES) {
    const [link] = openLinks(hall, family)
    if (link !== undefined && (await openedAgain(hall, [link], family))) return true
  }
  return false
}

/** Rules first: what forwards must not do so for others. */
export async function reopenWay(hall: Hall): Promise<void> {
  for (const family of FAMILIES) {
    const links = openLinks(hall, family)
    const way = links.length > 0 && (await openedAgain(hall, links, family))
    if (way) await commitOnWalls(hall, { way: 'up', plan: [...lendUplinks(way.uplinks), ...way.plan], record: () => recordWay(hall, way) })
  }
}

/** What is to be done to open the way again; null while it is open, and the firewall knows all links that forward for us. */
async function openedAgain(hall: Hall, links: readonly string[], family: Family): Promise<Way | null> {
  const way = await openWay(hall, links, [family])
  const plan = await lacking(hall, way.plan)
  const known = new Set(uplinksOf(hall).flatMap((uplink) => (uplink.family === family ? uplink.names : [])))
  const isKnown = way.uplinks.every(({ names }) => names.every((name) => known.has(name)))
  return isKnown && plan.length === 0 ? null : { ...way, plan }
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
