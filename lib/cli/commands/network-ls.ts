import { shortId } from '../../model/ids.ts'
import { networkFilter } from '../filter.ts'
import { collect } from '../flags.ts'
import { naturalOrder } from '../natural.ts'
import { table } from '../table.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly filter?: readonly string[]
  readonly quiet?: boolean
  readonly trunc: boolean
}

export const networkLs = (noun: Verb): Verb =>
  noun
    .command('ls')
    .alias('list')
    .description('List networks')
    .option('-f, --filter <key=value>', 'driver, id, label, name, scope, type=builtin|custom (may be repeated)', collect)
    .option('--no-trunc', 'Print ids in full')
    .option('-q, --quiet', 'Print ids only')
    .examples('cnm network ls', 'cnm network ls --filter driver=bridge --filter label=app=shop', 'cnm network ls -q --no-trunc')
    .perform(async (visit, { filter, quiet, trunc }: Flags) => {
      const passes = networkFilter(filter)
      const networks = (await visit.open((cnm) => cnm.networks())).filter(passes).sort((a, b) => naturalOrder(a.name, b.name))
      const shown = (id: string) => (trunc ? shortId(id) : id)
      if (quiet) return networks.forEach(({ id }) => visit.print(shown(id)))
      const rows = networks.map(({ id, name, driver, scope }) => [shown(id), name, driver, scope])
      visit.print(table(['NETWORK ID', 'NAME', 'DRIVER', 'SCOPE'], ...rows))
    })
