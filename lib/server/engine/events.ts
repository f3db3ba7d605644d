import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
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
  reply.hijack()
  const client = reply.raw
  client.writeHead(200, { ...headersOf(release), 'Content-Type': type })
  client.flushHeaders()
  const over = new AbortController()
  const end = () => over.abort()
  for (const reason of [signal, ending]) reason.addEventListener('abort', end)
  if (ending.aborted) end()
  try {
    for await (const event of cnm.events({ ...given({ since, until }), signal: over.signal }))
      if (passes(event)) await say(client, `${FRAMES[type] ?? ''}${exactJson(eventToEngine(event))}\n`, over.signal)
  } catch (error) {
    if (!over.signal.aborted) throw error
  } finally {
    ending.removeEventListener('abort', end)
    client.end()
  }
  return undefined
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
