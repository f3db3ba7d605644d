import type { NodeStatus } from '../../controller/swarm/nodes.ts'
import { formatRows, type ListFlags, type Listing } from '../format/rows.ts'
import { Row } from '../format/value.ts'
import type { Verb } from '../verb.ts'

const NODES: Listing = {
  headers: {
    ID: 'ID',
    Self: 'SELF',
    Hostname: 'HOSTNAME',
    Status: 'STATUS',
    Address: 'ADDRESS',
    DataPath: 'DATA PATH',
    Endpoints: 'ENDPOINTS',
  },
  columns: ['ID', 'Hostname', 'Status', 'Address', 'DataPath', 'Endpoints'],
  raw: 'node_id: {{.ID}}\nhostname: {{.Hostname}}\nstatus: {{.Status}}\naddress: {{.Address}}\n',
  quietRaw: 'node_id: {{.ID}}',
}

export const nodeLs = (noun: Verb): Verb =>
  noun
    .command('ls')
    .alias('list')
    .description('List the nodes of the swarm; this one has a star')
    .option('--format <format>', "'table', 'table TEMPLATE', 'json', 'raw', or a Go template: {{.ID}}, {{.Hostname}}, …")
    .option('-q, --quiet', 'Print ids only')
    .examples('cnm node ls', "cnm node ls --format '{{.Hostname}} {{.Status}}'")
    .errand()
    .perform((visit, flags: ListFlags) =>
      visit.open(async (cnm) => {
        const nodes = await cnm.nodes()
        const star = !flags.quiet && (flags.format === undefined || flags.format === 'table')
        visit.write(
          formatRows(
            NODES,
            nodes.map((node) => rowFor(node, star)),
            flags,
          ),
        )
      }),
    )

const rowFor = ({ id, name, status, self, address, dataPath, endpoints }: NodeStatus, star: boolean): Row =>
  new Row('node', {
    ID: star ? `${id} ${self ? '*' : ' '}` : id,
    Self: String(self),
    Hostname: name,
    Status: status === 'ready' ? 'Ready' : 'Down',
    Address: address,
    DataPath: dataPath,
    Endpoints: String(endpoints),
  })
