import { fault } from '../../model/errors.ts'
import type { Id } from '../../model/ids.ts'
import type { Network } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { forgetNetwork, share } from '../networks/networks.ts'
import { insist } from '../swarm/insist.ts'
import { anew, Overtaken } from '../swarm/overtaken.ts'
import { withVni } from '../swarm/vnis.ts'

// What container engines have on several nodes. Their own word goes between them too late for a data path, or not at all for
// plugins; so their networks are networks of our swarm, under the id that the engine gave them, and what it has there is published.

/** Ids of an engine's swarm; those of an engine by itself have 64 digits. */
const SWARM_ID = /^[0-9a-z]{25}$/

/** The network as all nodes know it: with a VNI of its own, if it is not there yet. Throws NETWORK_NOT_SWARM, ENGINE_CHANGED, VNI_TAKEN. */
export async function shareNetwork(hall: Hall, network: Network, signal?: AbortSignal): Promise<Network> {
  const session = hall.swarm.present
  if (!SWARM_ID.test(network.id)) throw fault('NETWORK_NOT_SWARM', {})
  return anew(async () => {
    await session.catchUp()
    const known = session.view.networks.get(network.id)
    if (known) return same(known, network)
    const decided = { ...network, options: withVni(network, session.view.networks.values()) }
    await share(hall, decided, signal)
    return decided
  })
}

/** An engine tells the subnets of a network in one order to its managers, and in another to its nodes. */
function same(known: Network, asked: Network): Network {
  const subnets = ({ pools }: Network) => pools.map(({ subnet }) => subnet).sort()
  if (subnets(known).join() === subnets(asked).join()) return known
  throw fault('ENGINE_CHANGED', { what: 'network', id: asked.id })
}

/** It is no more, on any node. */
export async function freeNetwork(hall: Hall, id: Id): Promise<void> {
  const { present } = hall.swarm
  const known = present.view.networks.get(id)
  if (known && !known.engine) throw fault('NETWORK_NOT_FOUND', { name: id })
  await present.abolish(id)
  const network = hall.store.networks.get(id)
  if (network) await forgetUnshared(hall, network)
}

/** The swarm may have forgotten a network while somebody of the engine's was still on it here. */
export async function forgetUnshared(hall: Hall, network: Network): Promise<void> {
  const { view } = hall.swarm.present
  if (!hall.store.networks.get(network.id)) return
  const isBusy = hall.store.endpoints.with('networkId', network.id).length > 0
  if (view.seen > 0 && !view.networks.has(network.id) && !isBusy) await forgetNetwork(hall, network)
}

/**
 * Does what puts somebody of an engine's on a network. Where the engine has chosen the address, nothing is decided anew: if another
 * node has it, that is said.
 */
export async function together<T>(hall: Hall, network: Network, work: () => Promise<T>): Promise<T> {
  if (!network.engine || !hall.swarm.has(network)) return insist(hall, [network], work)
  const session = hall.swarm.present
  await session.catchUp([network])
  try {
    const result = await work()
    await session.settle()
    return result
  } catch (error) {
    throw error instanceof Overtaken ? error.refusal : error
  }
}
