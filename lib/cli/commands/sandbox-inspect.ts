import { sandboxToEngine } from '../../model/engine.ts'
import { inspectAll } from '../many.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly format?: string
}

export const sandboxInspect = (noun: Verb): Verb =>
  noun
    .command('inspect')
    .description('Print all there is to know of one or more sandboxes, as JSON')
    .argument('<sandbox...>', 'Name, id, or unique beginning of an id')
    .option('-f, --format <format>', "'json' for one line, or a Go template for each: {{.Name}}, {{json .NetworkSettings}}, …")
    .examples('cnm sandbox inspect web', "cnm sandbox inspect -f '{{.NetworkSettings.Networks.front.IPAddress}}' web")
    .errand()
    .perform((visit, names: readonly string[], { format }: Flags) =>
      inspectAll(visit, names, format, (cnm, name) => {
        const sandbox = cnm.sandbox(name)
        return { json: sandboxToEngine(sandbox, cnm.seats(sandbox.id), cnm.openings(sandbox.id)) }
      }),
    )
