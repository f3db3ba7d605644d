import type { Network } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import type { CreateNetwork } from '../../model/request.ts'
import type { Hall } from '../hall.ts'
import { define } from '../networks/networks.ts'
import { GATEWAY_NETWORK, raise } from '../networks/raising.ts'
import { type Claims, releasePools } from './addresses.ts'
import { type Interior, planEndpoint } from './endpoints.ts'
import type { Seat } from './gateway.ts'

/** The network by which those leave the host who are on networks of several hosts only; a user may have made it otherwise. */
export const gatewayNetwork: CreateNetwork = {
  name: GATEWAY_NETWORK,
  options: {
    // Docker's own may be on this host.
    'com.docker.network.bridge.name': 'cnm_gwbridge',
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.bridge.enable_ip_masquerade': 'true',
  },
}

/** Docker's rule: somebody is on a network that could have a way out and has none of its own, and no other network has one. */
export function lacksWayOut({ drivers }: Pick<Hall, 'drivers'>, seats: readonly Seat[]): boolean {
  const asked = seats.filter(({ endpoint }) => !endpoint.wayOut)
  const leads = ({ endpoint }: Seat): boolean => endpoint.gateway !== '' || endpoint.gateway6 !== ''
  const isGlobal = ({ driver }: Network): boolean => drivers.has(driver) && drivers.get(driver).capabilities.scope === 'global'
  // A plugin may say so itself.
  const needs = ({ endpoint, network }: Seat): boolean => !network.internal && (endpoint.answered?.gatewayService ?? isGlobal(network))
  return asked.some(needs) && !asked.some(leads)
}

/** A seat that nobody asked for, with what makes it. */
export interface WayOut {
  readonly seat: Seat
  readonly plan: Plan
  readonly record: () => void
}

/** Plans a sandbox's endpoint on the gateway network, and that network itself where there is none. */
export async function planWayOut(hall: Hall, interior: Interior, claims: Claims): Promise<WayOut> {
  const [known] = hall.store.networks.with('name', GATEWAY_NETWORK)
  const network = known ?? (await made(hall, claims))
  const raised = await raise(hall, network)
  const { seat, plan } = await planEndpoint(hall, network, raised.config, { network: network.id }, interior, claims)
  return {
    seat: { network, endpoint: { ...seat.endpoint, wayOut: true } },
    plan: [...raised.plan, ...plan],
    record: () => {
      if (!known) hall.store.networks.put(network)
      raised.record()
    },
  }
}

async function made(hall: Hall, claims: Claims): Promise<Network> {
  const network = await define(hall, gatewayNetwork, () => {})
  claims.add(() => releasePools(hall, network))
  return network
}
