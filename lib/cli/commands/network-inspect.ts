import { inspectAll } from '../many.ts'
import type { Verb } from '../verb.ts'
import { networkFinding } from '../views.ts'

interface Flags {
  readonly format?: string
  readonly verbose?: true
}

export const networkInspect = (noun: Verb): Verb =>
  noun
    .command('inspect')
    .description('Print all there is to know of one or more networks, as JSON')
    .argument('<network...>', 'Name, id, or unique beginning of an id')
    .option('-f, --format <format>', "'json' for one line, or a Go template for each: {{.Name}}, {{json .IPAM}}, …")
    .option('-v, --verbose', 'Of the services of a swarm’s network too, with their tasks on all nodes')
    .examples('cnm network inspect bridge', "cnm network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}' web")
    .errand()
    .perform((visit, names: readonly string[], { format, verbose }: Flags) =>
      inspectAll(visit, names, format, async (cnm, name) => {
        const network = cnm.network(name)
        return networkFinding(
          network,
          cnm.guests(network.id),
          await cnm.usage(network.id),
          await cnm.mtu(network.id),
          await cnm.nodesOn(network.id),
          verbose ? await cnm.services(network.id) : [],
        )
      }),
    )
