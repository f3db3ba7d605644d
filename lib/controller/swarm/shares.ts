import { type Endpoint, isShared } from '../../model/network.ts'
import { isServiceName, type Membership, MOST_SERVICES, type SwarmEndpoint } from '../../model/swarm.ts'
import type { Hall } from '../hall.ts'

/** An endpoint of this host, as its swarm knows it. */
export function shareOf({ node }: Membership, endpoint: Endpoint, sandbox: string): SwarmEndpoint {
  const { id, networkId, mac, address, address6, aliases } = endpoint
  const addresses = { ...(address ? { address } : {}), ...(address6 ? { address6 } : {}) }
  // A container engine's are not checked before.
  const services = [...new Set(aliases.filter(isServiceName))].slice(0, MOST_SERVICES)
  const named = services.length > 0 ? { services } : {}
  return { endpointId: id, networkId, nodeId: node.id, vtep: node.dataPath, mac, ...addresses, sandbox, ...named }
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
