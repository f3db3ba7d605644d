import { Argument } from 'commander'
import { complete } from '../complete.ts'
import type { Verb } from '../verb.ts'

/** Each asks `cnm __complete` for what could stand at the cursor; where that knows nothing, the shell offers files. Names may be anything. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_cnm() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$(printf %q "$word")"); done \\
    < <(cnm __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _cnm cnm`,
  zsh: `#compdef cnm
_cnm() {
  local -a candidates
  candidates=("\${(@f)$(cnm __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$candidates" ]]; then compadd -a candidates; else _files; fi
}
compdef _cnm cnm`,
  fish: `complete -c cnm -a '(cnm __complete -- (commandline -opc)[2..] "$(commandline -ct)" 2>/dev/null)'`,
}

export const completion = (program: Verb): Verb =>
  program
    .command('completion')
    .description('Print what makes a shell complete verbs, flags, and names of networks and sandboxes')
    .addArgument(new Argument('<shell>', 'The shell').choices(Object.keys(SCRIPTS)))
    .examples('cnm completion fish | source', 'source <(cnm completion bash)', 'source <(cnm completion zsh)')
    .perform(async (visit, shell: string) => visit.print(SCRIPTS[shell] ?? ''))

/** For the scripts: what could stand at the end of these words, a line each. */
export const candidates = (program: Verb): Verb =>
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .errand()
    .perform(async (visit, words: readonly string[]) => {
      const { words: known, names } = complete(program, words)
      const named = names ? ((await visit.glance(names)) ?? []) : []
      const begun = words.at(-1) ?? ''
      for (const word of [...new Set([...known, ...named])].filter((one) => one.startsWith(begun)).sort()) visit.print(word)
    })
