import { networkToEngine } from '../../model/engine.ts'
import { inspectAll } from '../many.ts'
import type { Verb } from '../verb.ts'

export const networkInspect = (noun: Verb): Verb =>
  noun
    .command('inspect')
    .description('Print all there is to know of one or more networks, as JSON')
    .argument('<network...>', 'Name, id, or unique beginning of an id')
    .examples('cnm network inspect bridge', 'cnm network inspect web | jq -r .[0].IPAM.Config[].Subnet')
    .perform((visit, names: readonly string[]) =>
      inspectAll(visit, names, async (cnm, name) => {
        const network = cnm.network(name)
        return networkToEngine(network, cnm.guests(network.id), await cnm.usage(network.id))
      }),
    )
