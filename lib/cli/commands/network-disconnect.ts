import type { Verb } from '../verb.ts'

export const networkDisconnect = (noun: Verb): Verb =>
  noun
    .command('disconnect')
    .description('Disconnect a sandbox from a network')
    .argument('<network>', 'Name, id, or unique beginning of an id')
    .argument('<sandbox>', 'Name, id, or unique beginning of an id')
    .option('-f, --force', 'Also when its namespace is gone; accepted for the sake of scripts, it makes no difference here')
    .examples('cnm network disconnect back web')
    .errand()
    .perform(async (visit, network: string, sandbox: string) => {
      await visit.open((cnm) => visit.change(cnm, (it, options) => it.disconnect(sandbox, network, options)))
    })
