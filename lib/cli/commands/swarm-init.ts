import { given } from '../../model/given.ts'
import { ALONE, type ArrivalFlags, arrivalOf, type FoundingFlags, founding, foundingOf, joinLine } from '../swarm.ts'
import type { Verb } from '../verb.ts'

interface Flags extends ArrivalFlags, FoundingFlags {
  readonly engine?: string
}

export const swarmInit = (noun: Verb): Verb =>
  founding(
    noun
      .command('init')
      .description('Begin a swarm with this host as its first node')
      .option('--engine <engine>', 'etcd that the swarm is kept in: etcd://HOST[:PORT],…[/PREFIX] (default: on this host, for one node)'),
  )
    .examples('cnm swarm init', 'cnm swarm init --engine etcd://10.0.0.1,10.0.0.2,10.0.0.3 --advertise-addr eth0')
    .perform((visit, flags: Flags) => {
      const request = { ...arrivalOf(flags), ...foundingOf(flags), ...given({ engine: flags.engine }) }
      return visit.open(async (cnm) => {
        const membership = await visit.change(cnm, (it) => it.initSwarm(request))
        if (!membership) return
        visit.print(`Swarm initialized: current node (${membership.node.id}) is now a manager.\n`)
        visit.print(membership.engine === '' ? ALONE : joinLine(membership, await cnm.joinToken()))
      })
    })
