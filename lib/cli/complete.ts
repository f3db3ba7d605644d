import type { Argument, Command, Option } from 'commander'
import type { Verbs } from '../controller/verbs.ts'
import type { Verb } from './verb.ts'

type Look = (cnm: Verbs) => readonly string[] | Promise<readonly string[]>

const networks = (cnm: Verbs) => cnm.networks().map(({ name }) => name)
const sandboxes = (cnm: Verbs) => cnm.sandboxes().map(({ name }) => name)
const nodes: Look = async (cnm) => (await cnm.nodes()).map(({ name }) => name)
const places: Look = (cnm) => [...sandboxes(cnm), ...networks(cnm), 'internet']

/** What can stand for a value, by the name of the value: 'network' in `<network>` and `--network <network>`. */
const NAMES: Readonly<Record<string, Look>> = { network: networks, sandbox: sandboxes, node: nodes, from: places, to: places }

/** What could stand where the cursor is: words that are known, and names that the controller knows. */
export interface Candidates {
  readonly words: readonly string[]
  readonly names?: Look
}

/** `words`: those behind `cnm`, up to the cursor; the last one may be begun. */
export function complete(program: Verb, words: readonly string[]): Candidates {
  let command: Command = program
  let operands = 0
  let expected: Option | undefined
  for (const word of words.slice(0, -1)) {
    const option = expected ? undefined : optionOf(command, word)
    if (expected || option) {
      expected = option?.required && !word.includes('=') ? option : undefined
      continue
    }
    const verb =
      operands === 0 ? command.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word)) : undefined
    if (verb) command = (verb as Verb).fill()
    else operands++
  }
  if (expected) return valuesOf(expected)
  return (words.at(-1) ?? '').startsWith('-') ? { words: flagsOf(command) } : operandsOf(command, operands)
}

const visible = <T extends { readonly hidden?: boolean }>(all: readonly T[]): readonly T[] => all.filter(({ hidden }) => !hidden)

const optionOf = (command: Command, word: string): Option | undefined =>
  command.options.find(({ short, long }) => [short, long].includes(word.split('=', 1)[0]))

const flagsOf = (command: Command): readonly string[] => [...visible(command.options).map(({ long }) => long ?? ''), '--help']

const valuesOf = ({ argChoices, flags }: Option): Candidates => {
  const names = NAMES[/<(\w+)/.exec(flags)?.[1] ?? '']
  return { words: argChoices ?? [], ...(names ? { names } : {}) }
}

function operandsOf(command: Command, before: number): Candidates {
  const verbs = command.createHelp().visibleCommands(command)
  const last: Argument | undefined = command.registeredArguments.at(-1)
  const argument = command.registeredArguments[before] ?? (last?.variadic ? last : undefined)
  const names = argument ? NAMES[argument.name()] : undefined
  return {
    words: [...(before === 0 ? verbs.map((verb) => verb.name()) : []), ...(argument?.argChoices ?? [])],
    ...(names ? { names } : {}),
  }
}
