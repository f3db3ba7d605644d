import { DefaultIpam } from '../../ipam/default.ts'
import type { Usage } from '../../ipam/driver.ts'
import { CnmError } from '../../model/errors.ts'
import { type Finding, finding } from '../../model/findings.ts'
import type { Network, Pool } from '../../model/network.ts'
import { roomOf } from '../endpoints/endpoints.ts'
import { poolFor, replay } from '../endpoints/pools.ts'
import type { Hall } from '../hall.ts'
import { hasDriver } from '../remote/drivers.ts'

/** A tenth of a subnet that is left is few. */
const FEW = 10n

/** What is about to run out, and addresses that are held for nobody. */
export async function shortages(hall: Hall): Promise<readonly Finding[]> {
  const fresh = new DefaultIpam()
  const found: Finding[] = []
  for (const network of hall.store.networks.list().filter(({ configOnly }) => !configOnly)) {
    found.push(...crowded(hall, network))
    if (network.ipam.driver !== fresh.name) continue
    const endpoints = hall.store.endpoints.with('networkId', network.id)
    // What contradicts itself among the records was told of already (records.ts).
    if (!(await succeeds(replay(fresh, network, endpoints)))) continue
    for (const ip of hall.swarm.session?.heldElsewhere(network.id) ?? []) await succeeds(held(fresh, network, ip))
    for (const pool of network.pools) found.push(...(await scarce(hall, network, pool, fresh.usage(pool.id))))
  }
  return found
}

/** By somebody on another node. */
async function held(ipam: DefaultIpam, network: Network, ip: string): Promise<void> {
  const pool = poolFor(network, ip)
  if (pool) await ipam.requestAddress(pool.id, ip, {})
}

const succeeds = (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => true,
    (error) => {
      if (error instanceof CnmError) return false
      throw error
    },
  )

function crowded(hall: Hall, network: Network): readonly Finding[] {
  const room = hasDriver(hall, network) ? roomOf(hall, network) : null
  const count = hall.store.endpoints.with('networkId', network.id).length
  return room && count >= room.nearly ? [finding('NETWORK_NEARLY_FULL', `network ${network.name}`, { count, limit: room.limit })] : []
}

/** `known`: as it follows from the records. The IPAM driver of a controller that has run for long should say the same. */
async function scarce({ ipams }: Hall, { name, ipam }: Network, { id, subnet }: Pool, known: Usage): Promise<readonly Finding[]> {
  const subject = `network ${name}`
  const { available, inUse } = known
  const now = await usageNow(() => ipams.get(ipam.driver).usage?.(id))
  return [
    ...(available * FEW <= available + inUse
      ? [finding('SUBNET_NEARLY_FULL', subject, { available: String(available), pool: subnet })]
      : []),
    ...(now && now.inUse !== inUse
      ? [finding('LEASES_DIFFER', subject, { leases: String(now.inUse), pool: subnet, known: String(inUse) })]
      : []),
  ]
}

/** Nothing of a pool that the driver was never asked for: the controller is open for a look only. */
async function usageNow(ask: () => Usage | Promise<Usage> | undefined): Promise<Usage | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof CnmError && error.code === 'POOL_NOT_FOUND') return undefined
    throw error
  }
}
