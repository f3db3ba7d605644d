import { CnmError } from '../model/errors.ts'
import { isPredefined, type Network } from '../model/network.ts'
import type { Hall } from './hall.ts'
import { removeNetwork } from './networks.ts'
import { isOfSwarm } from './swarm/membership.ts'

/** Networks that a user made, and that nobody is on; by name. */
export function unusedNetworks(hall: Hall): readonly Network[] {
  const { store } = hall
  const elsewhere = hall.swarm.session?.view.endpoints.keys() ?? []
  const used = new Set([...store.endpoints.list().map(({ networkId }) => networkId), ...elsewhere])
  const unused = store.networks
    .list()
    .filter(({ id, name, configOnly, engine }) => !configOnly && !engine && !isPredefined(name) && !used.has(id))
    .filter((network) => !isOfSwarm(hall, network))
  return unused.sort((a, b) => (a.name < b.name ? -1 : 1))
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
