import { type Endpoint, isShared } from '../../model/network.ts'
import type { Membership, SwarmEndpoint } from '../../model/swarm.ts'
import type { Hall } from '../hall.ts'

/** An endpoint of this host, as its swarm knows it. */
export function shareOf({ node }: Membership, endpoint: Endpoint, sandbox: string): SwarmEndpoint {
  const { id, networkId, mac, address, address6 } = endpoint
  const addresses = { ...(address ? { address } : {}), ...(address6 ? { address6 } : {}) }
  return { endpointId: id, networkId, nodeId: node.id, vtep: node.dataPath, mac, ...addresses, sandbox }
}

/** All that this host has on networks of its swarm. */
export function sharesOf(
  { store: { endpoints, networks, sandboxes } }: Pick<Hall, 'store'>,
  membership: Membership,
): readonly SwarmEndpoint[] {
  return endpoints.list().flatMap((endpoint) => {
    const network = networks.get(endpoint.networkId)
    return network && isShared(network) ? [shareOf(membership, endpoint, sandboxes.get(endpoint.sandboxId)?.name ?? '')] : []
  })
}
