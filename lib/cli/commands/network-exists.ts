import { CnmError } from '../../model/errors.ts'
import type { Verb } from '../verb.ts'

export const networkExists = (noun: Verb): Verb =>
  noun
    .command('exists')
    .description('End with 0 when there is such a network, with 1 when there is none; print nothing')
    .argument('<network>', 'Name, id, or unique beginning of an id')
    .examples('cnm network exists web || cnm network create web')
    .errand()
    .perform((visit, name: string) =>
      visit.open((cnm) => {
        try {
          cnm.network(name)
          return 0
        } catch (error) {
          if (error instanceof CnmError && error.code === 'NETWORK_NOT_FOUND') return 1
          throw error
        }
      }),
    )
