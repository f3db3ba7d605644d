import type { Verb } from '../verb.ts'

export const networkUnreserve = (noun: Verb): Verb =>
  noun
    .command('unreserve')
    .description('No longer keep addresses of a network for the sandbox of a name')
    .argument('<network>', 'Name, id, or unique beginning of an id')
    .argument('<sandbox>', 'Name')
    .examples('cnm network unreserve back db')
    .errand()
    .perform(async (visit, network: string, sandbox: string) => {
      await visit.open((cnm) => visit.change(cnm, (it, options) => it.unreserve(network, sandbox, options)))
    })
