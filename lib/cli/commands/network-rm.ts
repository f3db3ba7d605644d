import { removeAll } from '../many.ts'
import type { Verb } from '../verb.ts'

export const networkRm = (noun: Verb): Verb =>
  noun
    .command('rm')
    .alias('remove')
    .description('Remove one or more networks')
    .argument('<network...>', 'Name, id, or unique beginning of an id')
    .examples('cnm network rm web', 'cnm network rm $(cnm network ls -q --filter type=custom)')
    .perform((visit, names: readonly string[]) => removeAll(visit, names, (cnm, name, options) => cnm.removeNetwork(name, options)))
