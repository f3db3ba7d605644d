import type { NodeStatus } from '../../controller/swarm/nodes.ts'
import type { Finding } from '../format/inspection.ts'
import { Struct, TypedMap } from '../format/value.ts'
import { inspectAll } from '../many.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly format?: string
}

export const nodeInspect = (noun: Verb): Verb =>
  noun
    .command('inspect')
    .description('Print all there is to know of one or more nodes, as JSON')
    .argument('<node...>', "Id, host name, unique beginning of an id, or 'self'")
    .option('-f, --format <format>', "'json' for one line, or a Go template for each: {{.ID}}, {{.Status.State}}, …")
    .examples('cnm node inspect self', "cnm node inspect -f '{{.Status.Addr}}' self")
    .errand()
    .perform((visit, names: readonly string[], { format }: Flags) =>
      inspectAll(visit, names, format, async (cnm, name) => nodeFinding(await cnm.node(name))),
    )

/** Docker's names, for what there is; the data path is ours. */
function nodeFinding({ id, name, status, address, dataPath, joined, endpoints }: NodeStatus): Finding {
  const json = {
    ID: id,
    CreatedAt: joined,
    Spec: { Labels: {}, Role: 'manager', Availability: 'active' },
    Description: { Hostname: name },
    Status: { State: status, Addr: address },
    DataPath: { Addr: dataPath },
    Endpoints: endpoints,
  }
  const typed = new Struct('swarm.Node', {
    ...json,
    Spec: new Struct('swarm.NodeSpec', { ...json.Spec, Labels: new TypedMap({}, '') }),
    Description: new Struct('swarm.NodeDescription', json.Description),
    Status: new Struct('swarm.NodeStatus', json.Status),
    DataPath: new Struct('swarm.NodeStatus', json.DataPath),
  })
  return { json, typed }
}
