import type { Verbs } from '../../controller/verbs.ts'
import { shortId } from '../../model/ids.ts'
import type { Sandbox } from '../../model/network.ts'
import { formatRows, type ListFlags, type Listing } from '../format/rows.ts'
import { type Row, Time } from '../format/value.ts'
import { inNaturalOrder } from '../natural.ts'
import { formatOpening } from '../port.ts'
import type { Verb } from '../verb.ts'
import { rowOf } from '../views.ts'

const SANDBOXES: Listing = {
  headers: {
    ID: 'SANDBOX ID',
    Name: 'NAME',
    Networks: 'NETWORKS',
    Addresses: 'ADDRESSES',
    Ports: 'PORTS',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
  columns: ['ID', 'Name', 'Networks', 'Addresses', 'Ports'],
  raw: 'sandbox_id: {{.ID}}\nname: {{.Name}}\nnetworks: {{.Networks}}\naddresses: {{.Addresses}}\nports: {{.Ports}}\n',
  quietRaw: 'sandbox_id: {{.ID}}',
}

interface Flags extends ListFlags {
  readonly trunc: boolean
}

export const sandboxLs = (noun: Verb): Verb =>
  noun
    .command('ls')
    .alias('list')
    .description('List sandboxes')
    .option('--format <format>', "'table', 'table TEMPLATE', 'json', 'raw', or a Go template: {{.ID}}, {{.Name}}, …")
    .option('--no-trunc', 'Print ids in full')
    .option('-q, --quiet', 'Print ids only')
    .examples('cnm sandbox ls', "cnm sandbox ls --format '{{.Name}} {{.Addresses}}'", 'cnm sandbox rm $(cnm sandbox ls -q)')
    .errand()
    .perform((visit, { trunc, ...flags }: Flags) =>
      visit.open((cnm) => {
        const sandboxes = inNaturalOrder(cnm.sandboxes(), ({ name }) => name)
        const rows = sandboxes.map((sandbox) => rowFor(cnm, sandbox, trunc))
        visit.write(formatRows(SANDBOXES, rows, flags))
      }),
    )

function rowFor(cnm: Verbs, { id, name, created, labels }: Sandbox, trunc: boolean): Row {
  const seats = inNaturalOrder(cnm.seats(id), ({ network }) => network.name)
  const addresses = seats.flatMap(({ endpoint: { address, address6 } }) => [address, address6].filter((text) => text !== undefined))
  const openings = cnm.openings(id).toSorted((a, b) => a.port - b.port)
  const fields = {
    ID: trunc ? shortId(id) : id,
    Name: name,
    Networks: seats.map(({ network }) => network.name).join(','),
    Addresses: addresses.map((text) => text.replace(/\/.*/, '')).join(','),
    // Both families lead to a port of a routed network, and read the same.
    Ports: [...new Set(openings.map(formatOpening))].join(', '),
    CreatedAt: String(new Time(created)),
  }
  return rowOf('sandbox', fields, labels)
}
