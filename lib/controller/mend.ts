import { probe, rebuild } from '../firewall/firewall.ts'
import type { Plan } from '../model/op.ts'
import type { Wall } from '../model/wall.ts'
import { apply, PlanStopped } from '../netlink/kernel.ts'
import { isGone, NetlinkError } from '../netlink/refusal.ts'
import { openingsOf, seatsOf } from './endpoints.ts'
import type { Hall } from './hall.ts'
import { configOf, uplinksOf, walledNetworks } from './raising.ts'

/** The whole firewall again, as the records have it. */
async function rebuilt(hall: Hall): Promise<Plan> {
  const networks = walledNetworks(hall)
  if (networks.length === 0) return []
  const walls: Wall[] = []
  for (const { network } of networks) {
    const { wall } = await hall.drivers.get(network.driver).deleteNetwork(configOf(hall, network))
    if (wall) walls.push(wall)
  }
  const openings = hall.store.sandboxes.list().flatMap((sandbox) => openingsOf(hall, sandbox.ports, seatsOf(hall, sandbox)))
  return rebuild(walls, uplinksOf(hall), openings)
}

export const reloadFirewall = async (hall: Hall, signal?: AbortSignal): Promise<void> =>
  hall.commit({ way: 'up', plan: await rebuilt(hall), record: () => {} }, signal)

/** Steps that bring the firewall back where somebody has flushed it; none, at the cost of one question, where it stands. */
export async function mend(hall: Hall): Promise<Plan> {
  const [first] = walledNetworks(hall)
  return first && (await isFlushed(hall, first.link)) ? rebuilt(hall) : []
}

async function isFlushed(hall: Hall, link: string): Promise<boolean> {
  try {
    await apply([hall.host], probe(link))
    return false
  } catch (stop) {
    const refusal = stop instanceof PlanStopped ? stop.cause : stop
    if (refusal instanceof NetlinkError && isGone(refusal.refusal)) return true
    throw refusal
  }
}
