import { parseCidr } from '../../model/address.ts'
import type { LentPool } from '../../store/store.ts'
import { beyondPlan } from '../execution/beyond-plan.ts'
import type { Hall } from '../hall.ts'

// An engine asks for a pool first and makes the network afterwards. One that is killed in between knows of neither when it is back,
// and never gives the pool back. It may as well be of a network with another driver, of which only the engine can tell.

/** What an engine's networks have, as it says. */
export interface EngineSubnets {
  /** '172.18.0.0/16' */
  readonly subnets: readonly string[]
  /** Pools, by the ids of their records, that had been lent when these were all that it had; absent: it has more. */
  readonly lent?: readonly string[]
}

/** Pools that were lent before, and that no network has, are lost; one that a network has is not. */
export async function heedSubnets(hall: Hall, { subnets, lent: asked = [] }: EngineSubnets): Promise<void> {
  await beyondPlan(hall)
  const { store, lostPools } = hall
  const has = ({ subnet }: LentPool) => subnets.some((one) => isSameSubnet(one, subnet))
  for (const id of asked) {
    const lent = store.lentPools.get(id)
    if (lent && (await mayBeLost(hall, lent))) lostPools.add(id)
  }
  for (const lent of store.lentPools.list()) if (has(lent)) lostPools.delete(lent.id)
}

/** Of a swarm, its leader has pools of networks that are not on its host; and a pool of which containers have addresses is in use. */
async function mayBeLost({ store, ipams, underWay }: Hall, { id, driver, space, subnet }: LentPool): Promise<boolean> {
  if (!ipams.has(driver) || underWay.has(id) || store.lentForBoot.with('pool', id).length > 0) return false
  const { local } = await ipams.get(driver).defaultAddressSpaces()
  const isOurs = store.networks.list().some(({ engine, pools }) => engine && pools.some((pool) => isSameSubnet(pool.subnet, subnet)))
  return space === local && !isOurs
}

function isSameSubnet(a: string, b: string): boolean {
  const [one, two] = [parseCidr(a), parseCidr(b)]
  return one !== null && two !== null && one.prefix === two.prefix && one.family === two.family && one.value === two.value
}
