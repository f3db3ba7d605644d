import { sandboxToEngine } from '../../model/engine.ts'
import { inspectAll } from '../many.ts'
import type { Verb } from '../verb.ts'

export const sandboxInspect = (noun: Verb): Verb =>
  noun
    .command('inspect')
    .description('Print all there is to know of one or more sandboxes, as JSON')
    .argument('<sandbox...>', 'Name, id, or unique beginning of an id')
    .examples('cnm sandbox inspect web', 'cnm sandbox inspect web | jq -r .[0].NetworkSettings.Networks.front.IPAddress')
    .perform((visit, names: readonly string[]) =>
      inspectAll(visit, names, (cnm, name) => {
        const sandbox = cnm.sandbox(name)
        const seats = cnm.seats(sandbox.id)
        return sandboxToEngine(sandbox, seats, cnm.openings(sandbox.id))
      }),
    )
