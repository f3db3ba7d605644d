import type { Verb } from '../verb.ts'

export const networkReserve = (noun: Verb): Verb =>
  noun
    .command('reserve')
    .description('Keep an address of a network for the sandbox of a name, whether it is there or not')
    .argument('<network>', 'Name, id, or unique beginning of an id')
    .argument('<sandbox>', 'Name')
    .argument('<address>', 'In place of the one that was kept in that subnet')
    .examples('cnm network reserve back db 10.10.0.5')
    .errand()
    .perform(async (visit, network: string, sandbox: string, address: string) => {
      await visit.open((cnm) => visit.change(cnm, (it, options) => it.reserve(network, sandbox, address, options)))
    })
