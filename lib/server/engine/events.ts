import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { fault } from '../../model/errors.ts'
import { eventToEngine } from '../../model/event.ts'
import { eventFilter, momentOf } from '../../model/filter.ts'
import { given } from '../../model/given.ts'
import { exactJson } from '../../model/json.ts'
import { readFilters } from './filters.ts'
import { type Call, type Route, route } from './route.ts'
import { headersOf } from './system.ts'
import { isBefore } from './versions.ts'

export const eventRoutes: readonly Route[] = [route('GET /events', stream)]

/** A line each, as they happen; ends at `until`, with the client, or with us. */
async function stream({ cnm, version, query, accept, signal, ending, reply, release }: Call): Promise<undefined> {
  const now = Date.now()
  const until = timeIn(query.get('until'), now)
  // Who names only an end wants all that was before it.
  const since = timeIn(query.get('since'), now) ?? (until === undefined ? undefined : 0)
  if (since !== undefined && until !== undefined && until < since)
    throw fault('PERIOD_INVALID', { since: query.get('since') ?? '', until: query.get('until') ?? '' })
  const passes = eventFilter(readFilters(query.get('filters')))
  const type = isBefore(version, '1.52') ? 'application/json' : typeOf(accept)
  const over = new AbortController()
  const end = () => over.abort()
  for (const reason of [signal, ending]) reason.addEventListener('abort', end)
  if (ending.aborted) end()
  const events = cnm.events({ ...given({ since, until }), signal: over.signal })
  const first = events.next()
  try {
    // Where nothing can be heard, it says so at once, and there still is a status to say it with.
    await Promise.race([first, setImmediate()]).catch((error) => over.signal.aborted || Promise.reject(error))
    reply.hijack()
    const client = reply.raw
    client.writeHead(200, { ...headersOf(release), 'Content-Type': type })
    client.flushHeaders()
    await tell(client, over.signal, async () => {
      for (let next = await first; !next.done; next = await events.next())
        if (passes(next.value)) await say(client, `${FRAMES[type] ?? ''}${exactJson(eventToEngine(next.value))}\n`, over.signal)
    })
  } finally {
    ending.removeEventListener('abort', end)
    await events.return(undefined)
  }
  return undefined
}

/** An answer that was begun ends, or breaks off: then the client knows that there was more, and the operator why it got none of it. */
async function tell(client: ServerResponse, signal: AbortSignal, all: () => Promise<void>): Promise<void> {
  try {
    await all()
  } catch (error) {
    if (!signal.aborted) {
      process.emitWarning(`a client of /events is told no more: ${(error as Error).message}`, { code: 'CNM_EVENTS_BROKEN' })
      client.destroy()
    }
  }
  client.end()
}

/** What goes before each event. */
const FRAMES: Readonly<Record<string, string>> = { 'application/json-seq': '\x1e' }

const TYPES = ['application/x-ndjson', 'application/jsonl', 'application/json-seq']

/** Of several that the client takes, its first. */
const typeOf = (accept: string): string =>
  accept
    .split(',')
    .map((text) => text.split(';')[0]?.trim() ?? '')
    .find((type) => TYPES.includes(type)) ?? 'application/json'

const timeIn = (text: string | null, now: number): number | undefined => (text ? momentOf(text, now) : undefined)

/** A reader that is behind is waited for: what it has not read yet is on disk, not in memory. */
async function say(client: ServerResponse, line: string, signal: AbortSignal): Promise<void> {
  if (!client.write(line)) await once(client, 'drain', { signal })
}
