import { fault } from '../../model/errors.ts'
import type { Network } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { findNetwork } from '../lookup.ts'
import { askForUnheard } from '../swarm/unheard.ts'
import type { EngineNetwork } from './driver.ts'

// An engine that is in no swarm of its own knows networks of its host only. It makes one with the name of a network of our swarm,
// and has that under another id, as has every other engine. Addresses are the swarm's.

/** Names the network of the swarm. */
export const NETWORK_OPTION = 'cnm.network'

/** An engine has a network of the swarm under its own id from now on. Throws INVALID_OPTION, NETWORK_NOT_FOUND, NETWORK_NOT_ATTACHABLE, ENGINE_CHANGED. */
export async function borrowNetwork(hall: Hall, driver: string, { id, options, pools }: EngineNetwork): Promise<void> {
  const { [NETWORK_OPTION]: name = '', ...others } = options
  const refused = (key: string, reason: string) => fault('INVALID_OPTION', { key, value: options[key] ?? '', reason })
  const [other] = Object.keys(others)
  if (other !== undefined) throw refused(other, 'the network of the swarm has its options from when it was made')
  if (name === '') throw refused(NETWORK_OPTION, 'it names a network of the swarm: cnm network ls')
  await hall.swarm.present.catchUp()
  await askForUnheard(hall, [name])
  const network = findNetwork(hall, name)
  if (network.engine || network.driver !== driver || !hall.swarm.has(network))
    throw refused(NETWORK_OPTION, `not a network of the swarm, of the driver ${driver}`)
  if (!network.attachable) throw fault('NETWORK_NOT_ATTACHABLE', { name })
  const foreign = pools.find(({ subnet }) => network.pools.every((pool) => pool.subnet !== subnet))
  if (foreign) throw refused(NETWORK_OPTION, `it has no subnet ${foreign.subnet}; leave addresses to it: --ipam-driver null`)
  const { engineId = id } = network
  if (engineId !== id && ofEngine(hall, network).length > 0) throw fault('ENGINE_CHANGED', { what: 'network', id: engineId })
  hall.store.networks.put({ ...network, engineId: id })
}

/** The engine has it no more. */
export function returnNetwork({ store }: Hall, { engineId: _, ...network }: Network): void {
  store.networks.put(network)
}

/** What the engine has on a network here. */
export const ofEngine = ({ store }: Hall, { id }: Network) =>
  store.endpoints.with('networkId', id).filter(({ sandboxId }) => store.sandboxes.get(sandboxId)?.kind === 'engine')
