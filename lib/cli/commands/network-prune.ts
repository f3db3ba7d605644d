import type { Verbs } from '../../controller/verbs.ts'
import { pruneFilter } from '../../model/filter.ts'
import type { Network } from '../../model/network.ts'
import { readFilters } from '../filter.ts'
import { collect } from '../flags.ts'
import type { Verb } from '../verb.ts'
import type { Visit } from '../visit.ts'

const WARNING = `WARNING! This will remove all custom networks not used by at least one container.
Are you sure you want to continue? [y/N] `

interface Flags {
  readonly force?: boolean
  readonly filter?: readonly string[]
}

export const networkPrune = (noun: Verb): Verb =>
  noun
    .command('prune')
    .description('Remove all unused networks')
    .option('--filter <key=value>', 'label, label!, until=TIMESTAMP|DURATION (may be repeated)', collect)
    .option('-f, --force', 'Do not prompt for confirmation')
    .examples('cnm network prune', 'cnm network prune -f --filter until=24h --filter label!=keep')
    .perform(async (visit, { force, filter }: Flags) => {
      const passes = pruneFilter(readFilters(filter), Date.now())
      if (visit.dryRun) return visit.open((cnm) => showPlans(visit, cnm, passes))
      if (!force && !(await confirmed(visit))) return
      const removed = await visit.open((cnm) => visit.change(cnm, (it, options) => it.pruneNetworks(passes, options)))
      if (removed?.length) visit.print(['Deleted Networks:', ...removed.map(({ name }) => name), ''].join('\n'))
    })

const confirmed = async (visit: Visit): Promise<boolean> => (await visit.ask(WARNING)).trim().toLowerCase() === 'y'

async function showPlans(visit: Visit, cnm: Verbs, passes: (network: Network) => boolean): Promise<void> {
  for (const { id } of cnm.unusedNetworks().filter(passes)) await visit.change(cnm, (it, options) => it.removeNetwork(id, options))
}
