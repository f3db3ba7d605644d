import { setTimeout as pause } from 'node:timers/promises'
import { must } from '../support/run.ts'
import { differences } from './differences.ts'
import { perform } from './perform.ts'
import type { Player } from './players.ts'

/** Where what came of a line was not the same: with a driver of Docker's own, and with ours. */
export type Departure = readonly [line: string, at: string, docker: string | undefined, cnm: string | undefined]

/** Performs a script under one dockerd, on a driver of its own and then on ours of that name, both of which leave no link behind. */
export async function rehearse(
  dockerd: Player,
  driver: string,
  script: (driver: string) => readonly string[],
): Promise<readonly Departure[]> {
  const { island } = dockerd
  const links = () => must(island.there(['ip', '-br', 'link']))
  const before = links()
  const theirs = await perform(dockerd, script(driver))
  // Nobody knows the first ones' MAC addresses any more.
  for (const family of ['-4', '-6']) must(island.there(['nsenter', `--net=${island.lan}`, 'ip', family, 'neigh', 'flush', 'dev', 'eth0']))
  const ours = await perform(dockerd, script(`cnm-${driver}`))
  // What ours deletes behind is gone a moment later.
  for (let patience = 100; links() !== before; patience--) {
    if (patience === 0) throw new Error(`links are left:\n${links()}`)
    await pause(100)
  }
  const found = script(driver).flatMap((line, index) => differences(line, theirs[index] ?? {}, ours[index] ?? {}))
  return found.map(({ line, at, docker, cnm }) => [line.replace(/^network create .* -o /, ''), at, docker, unframed(cnm)])
}

/** Without the method of the plugin, and the way out. */
const unframed = (text: string | undefined) => text?.replace(/NetworkDriver\.\w+: /, '').replace(/ \(.*\)$/, '')
