import { formatRows, type ListFlags } from '../format/rows.ts'
import { inNaturalOrder } from '../natural.ts'
import { PLUGINS, pluginRow } from '../plugin-views.ts'
import type { Verb } from '../verb.ts'

interface Flags extends ListFlags {
  readonly trunc: boolean
}

export const pluginLs = (noun: Verb): Verb =>
  noun
    .command('ls')
    .alias('list')
    .description('List the plugins of this host, and whether they answer')
    .option('--format <format>', "'table', 'table TEMPLATE', 'json', 'raw', or a Go template: {{.ID}}, {{.Name}}, {{.Address}}, …")
    .option('--no-trunc', 'Print ids in full')
    .option('-q, --quiet', 'Print ids only')
    .examples('cnm plugin ls', "cnm plugin ls --format '{{.Name}} {{.Address}}'")
    .perform(async (visit, { trunc, ...flags }: Flags) => {
      const [{ pluginNames, placesIn }, { look }] = await Promise.all([import('../../plugins/discovery.ts'), import('../plugins.ts')])
      const places = placesIn(visit.world.env)
      const looked = await Promise.allSettled(pluginNames(places).map((name) => look(name, places, visit.interrupts.signal)))
      visit.interrupts.signal.throwIfAborted()
      const seen = looked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      const rows = inNaturalOrder(seen, ({ name }) => name).map((each) => pluginRow(each, trunc))
      visit.write(formatRows(PLUGINS, rows, flags))
      // A file that cannot be read is no row.
      for (const each of looked) if (each.status === 'rejected') visit.complain(each.reason)
    })
