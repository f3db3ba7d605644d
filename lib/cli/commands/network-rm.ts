import { CnmError } from '../../model/errors.ts'
import { removeAll } from '../many.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly force?: boolean
}

export const networkRm = (noun: Verb): Verb =>
  noun
    .command('rm')
    .alias('remove')
    .description('Remove one or more networks')
    .argument('<network...>', 'Name, id, or unique beginning of an id')
    .option('-f, --force', 'Do not error if the network does not exist')
    .examples('cnm network rm web', 'cnm network rm $(cnm network ls -q --filter type=custom)')
    .errand()
    .perform((visit, names: readonly string[], { force = false }: Flags) =>
      removeAll(
        visit,
        names,
        (cnm, name, options) => cnm.removeNetwork(name, options),
        (error) => force && isMissing(error),
      ),
    )

const isMissing = (error: unknown): boolean => error instanceof CnmError && error.code === 'NETWORK_NOT_FOUND'
