import type { Verb } from '../verb.ts'

export const swarmRotateKeys = (noun: Verb): Verb =>
  noun
    .command('rotate-keys')
    .description('Change what encrypted networks are encrypted with, now and not when it is time')
    .examples('cnm swarm rotate-keys')
    .perform((visit) =>
      visit.open(async (cnm) => {
        const tag = await visit.change(cnm, (it) => it.rotateKeys())
        if (tag !== undefined) visit.print(`Key ${tag} goes round; it is sent with as soon as all nodes have it.`)
      }),
    )
