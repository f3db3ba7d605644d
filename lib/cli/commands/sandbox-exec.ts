import { launch } from '../launch.ts'
import type { Verb } from '../verb.ts'

export const sandboxExec = (noun: Verb): Verb =>
  noun
    .command('exec')
    .description('Run a command inside a sandbox, and end as it does')
    .argument('<sandbox>', 'Name, id, or unique beginning of an id')
    .argument('<command...>', 'The command and its arguments: all that follows is theirs')
    .launches()
    .examples('cnm sandbox exec web ip -br addr', 'cnm sandbox exec web bash')
    .perform(async (visit, sandbox: string, words: readonly string[]) => {
      visit.refuseDryRun('exec')
      const command = words[0] === '--' ? words.slice(1) : words
      const { exitCode } = await visit.open((cnm) => launch(visit, cnm, sandbox, command))
      return exitCode
    })
