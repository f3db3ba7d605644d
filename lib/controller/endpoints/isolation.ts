import type { Endpoint } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { driverOf } from '../remote/drivers.ts'

/** Whether the driver makes the endpoint's port one that speaks to no other of its kind. */
export async function isIsolated(hall: Hall, { id, networkId, options }: Endpoint): Promise<boolean> {
  const network = hall.store.networks.get(networkId)
  if (!network) return false
  const { plan } = await driverOf(hall, network).createEndpoint(configOf(hall, network), { id, ports: [], options })
  return plan.some((op) => op.op === 'link.set' && 'port' in op && op.port?.isolated === true)
}
