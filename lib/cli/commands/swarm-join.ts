import { type ArrivalFlags, arrival, arrivalOf } from '../swarm.ts'
import type { Verb } from '../verb.ts'

interface Flags extends ArrivalFlags {
  readonly token: string
}

export const swarmJoin = (noun: Verb): Verb =>
  arrival(noun.command('join').description('Make this host a node of a swarm'))
    .argument('<engine>', 'etcd that the swarm is kept in: etcd://HOST[:PORT],…[/PREFIX]')
    .requiredOption('--token <token>', 'Token for entry into the swarm, from cnm swarm join-token')
    .examples('cnm swarm join --token SWMTKN-1-… etcd://10.0.0.1,10.0.0.2,10.0.0.3')
    .perform((visit, engine: string, { token, ...flags }: Flags) =>
      visit.open(async (cnm) => {
        const membership = await visit.change(cnm, (it) => it.joinSwarm({ ...arrivalOf(flags), engine, token }))
        if (membership) visit.print('This node joined a swarm as a manager.')
      }),
    )
