import type { Period } from '../../controller/execution/events.ts'
import { eventToEngine, type NetworkEvent } from '../../model/event.ts'
import { eventFilter, momentOf } from '../../model/filter.ts'
import { given } from '../../model/given.ts'
import { localTime } from '../clock.ts'
import { readEventFilters } from '../filter.ts'
import { collect } from '../flags.ts'
import { Template } from '../format/evaluate.ts'
import { TemplateError } from '../format/lex.ts'
import { Struct, TypedMap, toJson } from '../format/value.ts'
import { Contradiction } from '../misuse.ts'
import type { Verb } from '../verb.ts'

interface Flags {
  readonly since?: string
  readonly until?: string
  readonly filter?: readonly string[]
  readonly format?: string
}

export const events = (program: Verb): Verb =>
  program
    .command('events')
    .description('Show what happens to networks, as it happens')
    .option('-f, --filter <key=value>', 'container, event, network, sandbox, scope, type (may be repeated)', collect)
    .option('--format <format>', "'json', or a Go template: {{.Action}}, {{.Actor.ID}}, {{.Actor.Attributes.name}}, …")
    .option('--since <moment>', 'Also what has happened since: a timestamp, or a duration like 10m')
    .option('--until <moment>', 'Until then, and end')
    .examples(
      'cnm events',
      'cnm events --since 1h --until 0s --filter event=connect',
      "cnm events --format '{{.Action}} {{.Actor.Attributes.name}}'",
    )
    .perform(async (visit, { filter, format, since, until }: Flags) => {
      const passes = eventFilter(readEventFilters(filter))
      const line = lineOf(format)
      const now = Date.now()
      // A verb that only tells has nothing left to do when nobody reads it any more.
      const deaf = new AbortController()
      visit.world.signals.on('SIGPIPE', () => deaf.abort())
      const period: Period = {
        ...given({
          since: since === undefined ? undefined : momentOf(since, now),
          until: until === undefined ? undefined : momentOf(until, now),
        }),
        signal: AbortSignal.any([visit.interrupts.signal, deaf.signal]),
      }
      try {
        for await (const event of visit.events(period)) if (passes(event)) visit.print(line(event))
      } catch (end) {
        if (!deaf.signal.aborted) throw end
      }
    })

/** How one event is shown. */
function lineOf(format = ''): (event: NetworkEvent) => string {
  if (format === '') return plain
  if (format === 'json') return (event) => toJson(eventToEngine(event))
  const template = parsed(() => new Template(format))
  return (event) => parsed(() => template.execute(structOf(event)))
}

function parsed<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof TemplateError ? new Contradiction(`Error parsing format: ${error.message}`) : error
  }
}

function plain({ action, id, attributes, time }: NetworkEvent): string {
  const facts = Object.entries(attributes)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
  return `${localTime(time)} network ${action} ${id} (${facts.join(', ')})`
}

/** Docker's events.Message. The first three are of an older API, and empty for networks. */
function structOf(event: NetworkEvent): Struct {
  const engine = eventToEngine(event)
  const actor = { ID: engine.Actor.ID, Attributes: new TypedMap(engine.Actor.Attributes, '') }
  const fields = {
    Status: '',
    ID: '',
    From: '',
    Type: engine.Type,
    Action: engine.Action,
    Actor: new Struct('events.Actor', actor),
    Scope: engine.scope,
    Time: engine.time,
    TimeNano: engine.timeNano,
  }
  return new Struct('*events.Message', fields, engine)
}
