import { networkFilter } from '../../model/filter.ts'
import { readFilters } from '../filter.ts'
import { collect } from '../flags.ts'
import { formatRows, type ListFlags } from '../format/rows.ts'
import { inNaturalOrder } from '../natural.ts'
import type { Verb } from '../verb.ts'
import { NETWORKS, networkRow } from '../views.ts'

interface Flags extends ListFlags {
  readonly filter?: readonly string[]
  readonly trunc: boolean
}

export const networkLs = (noun: Verb): Verb =>
  noun
    .command('ls')
    .alias('list')
    .description('List networks')
    .option('-f, --filter <key=value>', 'dangling, driver, id, label, name, scope, type=builtin|custom (may be repeated)', collect)
    .option('--format <format>', "'table', 'table TEMPLATE', 'json', 'raw', or a Go template: {{.ID}}, {{.Name}}, …")
    .option('--no-trunc', 'Print ids in full')
    .option('-q, --quiet', 'Print ids only')
    .examples(
      'cnm network ls',
      'cnm network ls --filter driver=bridge --filter label=app=shop',
      "cnm network ls --format 'table {{.Name}}\\t{{.Internal}}\\t{{.Labels}}'",
    )
    .errand()
    .perform(async (visit, { filter, trunc, ...flags }: Flags) => {
      const passes = await networkFilter(readFilters(filter))
      return visit.open((cnm) => {
        const networks = cnm.networks().filter((network) => passes(network, ({ id }) => cnm.guests(id).length > 0))
        const rows = inNaturalOrder(networks, ({ name }) => name).map((network) => networkRow(network, trunc))
        visit.write(formatRows(NETWORKS, rows, flags))
      })
    })
