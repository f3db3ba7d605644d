import { discover, type Node } from '../../plugins/network.ts'
import { beyondPlan } from '../execution/beyond-plan.ts'
import type { Hall } from '../hall.ts'

/** DiscoverNew and DiscoverDelete, to the plugins of networks here that reach beyond this host. */
export async function tellOfNode(hall: Hall, node: Node, what: 'DiscoverNew' | 'DiscoverDelete', signal?: AbortSignal): Promise<void> {
  await beyondPlan(hall)
  const { store, envoy } = hall
  const names = new Set(store.networks.list().flatMap(({ driver, plugin }) => (plugin ? [driver] : [])))
  for (const name of names) {
    const { network } = await envoy.plugins.get(name, { expected: true, ...(signal ? { signal } : {}) })
    if (network?.connectivityScope === 'global') await envoy.tell(discover(name, node, what))
  }
}
