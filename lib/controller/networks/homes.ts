import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { shortId } from '../../model/ids.ts'
import type { Network } from '../../model/network.ts'
import { inNamespace, NETWORK, type Plan } from '../../model/op.ts'
import type { Hall } from '../hall.ts'

const PREFIX = 'net-'

/** The path of the namespace that a network has for itself, should its driver make it one. */
export const homeOf = ({ run }: Pick<Hall, 'run'>, { id }: Pick<Network, 'id'>): string => join(run, 'netns', `${PREFIX}${shortId(id)}`)

/** Those that are there. */
export const homes = ({ run }: Pick<Hall, 'run'>): readonly string[] =>
  readdirSync(join(run, 'netns'))
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(run, 'netns', name))

/** Numbers the namespaces of networks whose plans become one. */
export class Homes {
  readonly #hall: Pick<Hall, 'run'>
  readonly paths: string[] = []

  constructor(hall: Pick<Hall, 'run'>) {
    this.#hall = hall
  }

  /** The plan of a network, with its namespace under the number that it has here. */
  settle(network: Network, plan: Plan): Plan {
    const path = homeOf(this.#hall, network)
    const known = this.paths.indexOf(path)
    const index = known < 0 ? this.paths.push(path) - 1 : known
    return inNamespace(plan, NETWORK + index)
  }
}
