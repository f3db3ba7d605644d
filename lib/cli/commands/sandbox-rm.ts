import { removeAll, removeTogether } from '../many.ts'
import type { Verb } from '../verb.ts'

export const sandboxRm = (noun: Verb): Verb =>
  noun
    .command('rm')
    .alias('remove')
    .description('Remove one or more sandboxes; a namespace that was there before stays')
    .argument('<sandbox...>', 'Name, id, or unique beginning of an id')
    .examples('cnm sandbox rm web db')
    .errand()
    .perform((visit, names: readonly string[]) =>
      // A plan is shown for each.
      visit.dryRun
        ? removeAll(visit, names, (cnm, name, options) => cnm.removeSandbox(name, options))
        : removeTogether(visit, names, (cnm, all, options) => cnm.removeSandboxes(all, options)),
    )
