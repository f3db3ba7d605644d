import { ALONE, joinLine } from '../swarm.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly rotate?: boolean
  readonly quiet?: boolean
}

export const swarmJoinToken = (noun: Verb): Verb =>
  noun
    .command('join-token')
    .description('Print what another host needs to join the swarm')
    .option('--rotate', 'Make a new token; the old one admits nobody any more')
    .option('-q, --quiet', 'Print the token only')
    .examples('cnm swarm join-token', 'cnm swarm join-token -q --rotate')
    .perform((visit, { rotate = false, quiet = false }: Flags) =>
      visit.open(async (cnm) => {
        const token = await (rotate ? visit.change(cnm, (it) => it.joinToken({ rotate })) : cnm.joinToken())
        const { membership } = (await cnm.swarm()) ?? {}
        if (token === undefined || !membership) return
        if (quiet) return visit.print(token)
        if (rotate) visit.print('Successfully rotated join token.\n')
        visit.print(membership.engine === '' ? ALONE : joinLine(membership, token))
      }),
    )
