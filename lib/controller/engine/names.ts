import { isDeepStrictEqual } from 'node:util'
import type { Options } from '../../model/network.ts'
import type { Store } from '../../store/store.ts'
import { beyondPlan } from '../execution/beyond-plan.ts'
import type { Hall } from '../hall.ts'

/** What a container engine calls what it has of us. It tells only ids when it asks; names come later, or never. */
export interface EngineName {
  readonly name: string
  readonly labels: Options
}

export interface EngineEndpointName extends EngineName {
  readonly aliases: readonly string[]
}

/** A name that somebody else has is not given twice: then the id has to do. */
export const freeName = (
  { with: those }: Pick<Store['networks'], 'with'> | Pick<Store['sandboxes'], 'with'>,
  id: string,
  name: string,
  now: string,
): string => (name === '' || those('name', name).some((other) => other.id !== id) ? now : name)

/** Nothing where the engine's network is not ours. */
function nameNetwork({ store }: Hall, id: string, { name, labels }: EngineName): void {
  const network = store.networks.get(id)
  if (!network?.engine) return
  const named = { ...network, name: freeName(store.networks, id, name, network.name), labels }
  if (!isDeepStrictEqual(named, network)) store.networks.put(named)
}

/** The sandbox of an endpoint is called as the container is; so is its task on a network of the swarm. */
export async function nameEndpoint({ store, swarm }: Hall, id: string, { name, labels, aliases }: EngineEndpointName): Promise<void> {
  const [endpoint, sandbox] = [store.endpoints.get(id), store.sandboxes.get(id)]
  if (!endpoint || sandbox?.kind !== 'engine') return
  const named = { ...sandbox, name: freeName(store.sandboxes, id, name, sandbox.name), labels }
  const known = { ...endpoint, aliases }
  if (isDeepStrictEqual([named, known], [sandbox, endpoint])) return
  store.transact(() => {
    store.sandboxes.put(named)
    store.endpoints.put(known)
  })
  const network = store.networks.get(endpoint.networkId)
  if (network && swarm.has(network)) await swarm.present.rename(known, named)
}

export type EngineNaming = ({ readonly network: string } & EngineName) | ({ readonly endpoint: string } & EngineEndpointName)

export async function named(hall: Hall, what: EngineNaming): Promise<void> {
  await beyondPlan(hall)
  await ('network' in what ? nameNetwork(hall, what.network, what) : nameEndpoint(hall, what.endpoint, what))
}
