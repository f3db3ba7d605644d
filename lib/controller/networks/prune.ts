import { CnmError } from '../../model/errors.ts'
import type { Network } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { unusedAmong } from '../lookup.ts'
import { isOfSwarm } from '../swarm/membership.ts'
import { removeNetwork } from './networks.ts'

/** Networks that a user made, and that nobody is on; by name. */
export function unusedNetworks(hall: Hall): readonly Network[] {
  const { networks, endpoints } = hall.store
  const elsewhere = [...(hall.swarm.session?.view.endpoints.keys() ?? [])].map((networkId) => ({ networkId }))
  const candidates = networks.list().filter((network) => !isOfSwarm(hall, network))
  return unusedAmong(candidates, [...endpoints.list(), ...elsewhere])
}

/** Removes those that pass, and answers with what is gone; one that cannot be removed stays, as in Docker. */
export async function pruneNetworks(hall: Hall, passes: (network: Network) => boolean, signal?: AbortSignal): Promise<readonly Network[]> {
  const removed: Network[] = []
  for (const network of unusedNetworks(hall).filter(passes)) {
    signal?.throwIfAborted()
    try {
      removed.push(await removeNetwork(hall, network.id))
    } catch (error) {
      if (!(error instanceof CnmError)) throw error
    }
  }
  hall.tell('prune', null, { reclaimed: '0' })
  return removed
}
