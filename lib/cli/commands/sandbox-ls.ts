import type { Controller } from '../../controller/controller.ts'
import { shortId } from '../../model/ids.ts'
import type { Sandbox } from '../../model/network.ts'
import { naturalOrder } from '../natural.ts'
import { formatOpening } from '../port.ts'
import { table } from '../table.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly quiet?: boolean
  readonly trunc: boolean
}

export const sandboxLs = (noun: Verb): Verb =>
  noun
    .command('ls')
    .alias('list')
    .description('List sandboxes')
    .option('--no-trunc', 'Print ids in full')
    .option('-q, --quiet', 'Print ids only')
    .examples('cnm sandbox ls', 'cnm sandbox rm $(cnm sandbox ls -q)')
    .perform((visit, { quiet, trunc }: Flags) =>
      visit.open((cnm) => {
        const sandboxes = cnm.sandboxes().toSorted((a, b) => naturalOrder(a.name, b.name))
        const shown = (id: string) => (trunc ? shortId(id) : id)
        if (quiet) return sandboxes.forEach(({ id }) => visit.print(shown(id)))
        const rows = sandboxes.map((sandbox) => [shown(sandbox.id), ...describe(cnm, sandbox)])
        visit.print(table(['SANDBOX ID', 'NAME', 'NETWORKS', 'ADDRESSES', 'PORTS'], ...rows))
      }),
    )

function describe(cnm: Controller, { id, name }: Sandbox): readonly string[] {
  const seats = cnm.seats(id).toSorted((a, b) => naturalOrder(a.network.name, b.network.name))
  const addresses = seats.flatMap(({ endpoint: { address, address6 } }) => [address, address6].filter((text) => text !== undefined))
  const openings = cnm.openings(id).toSorted((a, b) => a.port - b.port)
  return [
    name,
    seats.map(({ network }) => network.name).join(','),
    addresses.map((text) => text.replace(/\/.*/, '')).join(','),
    openings.map(formatOpening).join(', '),
  ]
}
