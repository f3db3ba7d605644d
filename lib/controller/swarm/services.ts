import type { Network } from '../../model/network.ts'
import type { Service, SwarmEndpoint } from '../../model/swarm.ts'
import type { Hall } from '../hall.ts'

/** Those of a network of the swarm, as this node knows them; a task of several is in each. */
export function servicesOn({ swarm }: Pick<Hall, 'swarm'>, { id }: Pick<Network, 'id'>): readonly Service[] {
  const tasks = new Map<string, SwarmEndpoint[]>()
  for (const endpoint of swarm.session?.view.endpointsOn(id).values() ?? [])
    for (const name of endpoint.services ?? NAMELESS) tasks.set(name, [...(tasks.get(name) ?? []), endpoint])
  return Array.from(tasks, ([name, those]) => ({ name, tasks: those.sort(byName) })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

const NAMELESS = ['']

const byName = (a: SwarmEndpoint, b: SwarmEndpoint): number =>
  a.sandbox === b.sandbox ? (a.endpointId < b.endpointId ? -1 : 1) : a.sandbox < b.sandbox ? -1 : 1
