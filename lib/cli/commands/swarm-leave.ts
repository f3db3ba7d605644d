import type { Verb } from '../verb.ts'

interface Flags {
  readonly force?: boolean
}

export const swarmLeave = (noun: Verb): Verb =>
  noun
    .command('leave')
    .description('Take this host out of its swarm')
    .option('-f, --force', 'Though sandboxes are on its networks, it is the last node, or the engine cannot be reached')
    .examples('cnm swarm leave', 'cnm swarm leave --force')
    .perform((visit, { force = false }: Flags) =>
      visit.open(async (cnm) => {
        const left = await visit.change(cnm, async (it) => {
          await it.leaveSwarm({ force })
          return true
        })
        if (left) visit.print('Node left the swarm.')
      }),
    )
