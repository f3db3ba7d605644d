import { removeAll } from '../many.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly force?: boolean
}

export const nodeRm = (noun: Verb): Verb =>
  noun
    .command('rm')
    .alias('remove')
    .description('Take one or more nodes that are down from the swarm')
    .argument('<node...>', 'Id, host name, or unique beginning of an id')
    .option('-f, --force', 'Also a node that is not down')
    .examples('cnm node rm worker-3', 'cnm node rm --force worker-3')
    .errand()
    .perform((visit, names: readonly string[], { force = false }: Flags) =>
      removeAll(visit, names, (cnm, name) => cnm.removeNode(name, { force })),
    )
