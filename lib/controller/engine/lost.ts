import { isShared, type Network } from '../../model/network.ts'
import { NETWORK } from '../../model/op.ts'
import { namespaceAt } from '../../netlink/namespace.ts'
import { recorded } from '../endpoints/endpoints.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { homeOf } from '../networks/homes.ts'
import { linkNames } from '../networks/links.ts'
import { driverOf } from '../remote/drivers.ts'
import { ofEngine } from './alone.ts'
import { EngineDriver } from './driver.ts'

/**
 * An engine that was killed never says what has become of what it had on a network of its swarm; other nodes would go on sending
 * there, and the addresses would be held. A container's link ends with its namespace, and with the link our end of it.
 */
export async function forgetLost(hall: Hall, network: Network): Promise<void> {
  const { drivers, store } = hall
  if (!isShared(network) || !drivers.has(network.driver)) return
  // One that nobody has joined yet is on its way, and its link on the host.
  const joined = ofEngine(hall, network).filter(({ sandboxId }) => store.sandboxes.get(sandboxId)?.path !== '')
  if (joined.length === 0) return
  const there = await linksIn(homeOf(hall, network))
  for (const endpoint of joined) {
    const { plan } = await driverOf(hall, network).createEndpoint(configOf(hall, network), recorded(hall, endpoint))
    const ends = plan.flatMap((step) => (step.op === 'link.add' && step.at === NETWORK ? [step.name] : []))
    if (ends.length > 0 && ends.every((end) => !there.has(end)))
      await new EngineDriver(hall, drivers.get(network.driver)).deleteEndpoint(network.engineId ?? network.id, endpoint.id)
  }
}

/** None where the namespace is gone. */
async function linksIn(path: string): Promise<ReadonlySet<string>> {
  const netns = namespaceAt(path)
  try {
    return await linkNames(netns)
  } catch {
    return new Set()
  } finally {
    netns.close()
  }
}
