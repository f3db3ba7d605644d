import type { Endpoint } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { driverOf } from '../remote/drivers.ts'

/** A link of the host that packets of an endpoint wait at, and how fast they leave it, in bits per second. */
export interface Limit {
  readonly link: string
  readonly rate: number
}

/** How fast the driver lets an endpoint receive and send. */
export async function limitsOf(hall: Hall, endpoint: Endpoint): Promise<{ readonly in?: Limit; readonly out?: Limit }> {
  const network = hall.store.networks.get(endpoint.networkId)
  if (!network) return {}
  const { plan } = await driverOf(hall, network).join(configOf(hall, network), { ...endpoint, ports: [] })
  const detours = new Set(plan.flatMap((op) => (op.op === 'filter.add' && op.redirect !== undefined ? [op.redirect] : [])))
  const limits: { in?: Limit; out?: Limit } = {}
  for (const op of plan) {
    if (op.op !== 'qdisc.add' || op.kind !== 'tbf') continue
    limits[detours.has(op.link) ? 'out' : 'in'] = { link: String(op.link), rate: op.tbf.rate }
  }
  return limits
}
