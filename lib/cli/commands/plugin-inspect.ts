import { inspection } from '../format/inspection.ts'
import { pluginJson } from '../plugin-views.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly format?: string
}

export const pluginInspect = (noun: Verb): Verb =>
  noun
    .command('inspect')
    .description('Print where plugins are and what they say of themselves, as JSON')
    .argument('<plugin...>', 'Name')
    .option('-f, --format <format>', "'json' for one line, or a Go template for each: {{.Name}}, {{json .Capabilities}}, …")
    .examples('cnm plugin inspect weave', "cnm plugin inspect -f '{{.Capabilities.NetworkDriver.Scope}}' weave")
    .perform(async (visit, names: readonly string[], { format }: Flags) => {
      const { each, all } = inspection(format)
      const [{ placesIn }, { look }] = await Promise.all([import('../../plugins/discovery.ts'), import('../plugins.ts')])
      const looked = await Promise.allSettled(names.map((name) => look(name, placesIn(visit.world.env), visit.interrupts.signal)))
      visit.interrupts.signal.throwIfAborted()
      visit.print(all(looked.flatMap((one) => (one.status === 'fulfilled' ? [each({ json: pluginJson(one.value) })] : []))))
      const failed = looked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
      for (const error of failed) visit.complain(error)
      return failed.length > 0 ? 1 : 0
    })
