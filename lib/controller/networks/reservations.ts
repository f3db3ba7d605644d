import { isSame, parseAddress } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { isShared, type Network, type Pool } from '../../model/network.ts'
import { Claims } from '../endpoints/addresses.ts'
import { keptFor, poolOf, withoutPrefix } from '../endpoints/pools.ts'
import type { Hall } from '../hall.ts'
import { ownNetwork } from '../lookup.ts'
import { ipamOf, lenderOf, settleWith } from '../remote/ipam.ts'
import { checkReservations } from './configurations.ts'

/** Keeps an address of a network for the sandbox of that name, in place of the one it had in that subnet. */
export async function reserve(hall: Hall, ref: string, sandbox: string, ip: string, signal?: AbortSignal): Promise<Network> {
  const network = reservable(hall, ref)
  const family = parseAddress(ip)?.family ?? 4
  const pool = poolOf(
    network,
    network.pools.filter((candidate) => candidate.family === family),
    family,
    ip,
  )
  const before = keptFor(pool, sandbox)
  if (before !== undefined && isSame(before, ip)) return network
  const changed = withPool(network, pool, { ...pool.reservations, [sandbox]: ip })
  if (network.configOnly) checkReservations(changed.pools)
  const claims = new Claims()
  try {
    if (isClaimed(hall, network, sandbox, ip)) {
      await settleWith(hall, [network])
      const ipam = await ipamOf(hall, network.ipam, signal ? { signal } : {})
      await ipam.requestAddress(pool.id, ip, {})
      claims.add(() => ipam.releaseAddress(pool.id, ip, true))
    }
    await hall.commit({ way: 'up', plan: [], record: () => hall.store.networks.put(changed) })
  } catch (error) {
    await claims.release()
    throw error
  }
  if (before !== undefined) await setFree(hall, network, pool, sandbox, before)
  return changed
}

/** A sandbox that is there keeps its address as long as it stays. */
export async function unreserve(hall: Hall, ref: string, sandbox: string): Promise<Network> {
  const network = reservable(hall, ref)
  const kept = network.pools.filter((pool) => keptFor(pool, sandbox) !== undefined)
  if (kept.length === 0) throw fault('RESERVATION_NOT_FOUND', { sandbox, network: network.name })
  const changed = kept.reduce((rest, pool) => withPool(rest, pool, without(pool.reservations ?? {}, sandbox)), network)
  await hall.commit({ way: 'up', plan: [], record: () => hall.store.networks.put(changed) })
  for (const pool of kept) await setFree(hall, network, pool, sandbox, keptFor(pool, sandbox) ?? '')
  return changed
}

/** What the swarm has said of a network, stays. */
function reservable(hall: Hall, ref: string): Network {
  const network = ownNetwork(hall, ref)
  if (isShared(network)) throw fault('SWARM_RESERVATION', { network: network.name })
  return network
}

const withPool = (network: Network, pool: Pool, reservations: Readonly<Record<string, string>>): Network => ({
  ...network,
  pools: network.pools.map((candidate) => (candidate.subnet === pool.subnet ? { ...pool, reservations } : candidate)),
})

const without = (map: Readonly<Record<string, string>>, key: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).filter(([name]) => name !== key))

async function setFree(hall: Hall, network: Network, pool: Pool, sandbox: string, ip: string): Promise<void> {
  if (isClaimed(hall, network, sandbox, ip)) await lenderOf(hall, network.ipam).releaseAddress(pool.id, ip)
}

/** The reservation itself has the address in the IPAM driver: not that of a configuration, nor while the sandbox has it. */
const isClaimed = (hall: Hall, network: Network, sandbox: string, ip: string): boolean =>
  !network.configOnly && !isInUse(hall, network, sandbox, ip)

/** The sandbox is on the network, with this very address. */
const isInUse = ({ store }: Hall, network: Network, sandbox: string, ip: string): boolean =>
  store.endpoints
    .with('networkId', network.id)
    .some(
      ({ sandboxId, address, address6 }) =>
        store.sandboxes.get(sandboxId)?.name === sandbox && [address, address6].some((held) => isSame(withoutPrefix(held ?? ''), ip)),
    )
