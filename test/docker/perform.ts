import { readFileSync } from 'node:fs'
import type { Ran } from '../support/run.ts'
import { type Facts, factsOf } from './facts.ts'
import { Places } from './places.ts'
import type { Docker, Player } from './players.ts'

/** The lines of a script, without what is said about them. */
export const linesIn = (script: string): readonly string[] =>
  readFileSync(new URL(script, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

/** As a shell takes them apart. */
const wordsOf = (line: string): readonly string[] => (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", ''))

const SETTINGS = '{{json .NetworkSettings}}'
const SHOWN = '{"Networks":{{json .NetworkSettings.Networks}},"Ports":{{json .NetworkSettings.Ports}}}'

/** Performs each line of a script, and tells what came of it. */
export async function perform(player: Player, lines: readonly string[]): Promise<readonly Facts[]> {
  await using places = await Places.on(player.island)
  const told: Facts[] = []
  for (const line of lines) told.push(await act(line, player, places))
  return told
}

/** The same of a script that has only words for docker(1) itself, but for `start` and `stop`. */
export async function tell(player: Docker, lines: readonly string[]): Promise<readonly Facts[]> {
  const told: Facts[] = []
  for (const line of lines) {
    const [verb = '', name = '', ...flags] = wordsOf(line)
    const ran = verb === 'start' ? player.start(name, flags) : verb === 'stop' ? player.stop(name) : player.docker(wordsOf(line))
    told.push(factsOf(line, await ran))
  }
  return told
}

async function act(line: string, player: Player, places: Places): Promise<Facts> {
  const [verb = '', ...rest] = wordsOf(line)
  const [name = '', ...flags] = rest
  switch (verb) {
    case 'network':
      return factsOf(line, await player.network(rest))
    case 'start':
      return factsOf(line, await player.start(name, flags))
    case 'stop':
      await places.leave(name)
      return factsOf(line, await player.stop(name))
    case 'show':
      return factsOf(line, await player.inspect(name, SHOWN))
    case 'reach':
      return reach(player, places, rest)
    default:
      throw new Error(`${line}: no such verb`)
  }
}

/** Everybody calls everybody; `names`: sandboxes that are new there, or on other networks than before. */
async function reach(player: Player, places: Places, names: readonly string[]): Promise<Facts> {
  for (const name of names) await places.settle(name, JSON.parse(must(await player.inspect(name, SETTINGS))))
  return places.reach()
}

function must({ status, stdout, stderr }: Ran): string {
  if (status !== 0) throw new Error(stderr)
  return stdout
}
