import { type Occupied, sandboxToContainer, sandboxToSummary } from '../../model/container.ts'
import { fault } from '../../model/errors.ts'
import { checkKeys, type Filters, hasLabel, passesAll, patternsOf } from '../../model/filter.ts'
import type { Sandbox } from '../../model/network.ts'
import type { Matches } from '../../model/pattern.ts'
import { checkValues, portsIn } from './container-values.ts'
import { readFilters } from './filters.ts'
import { type Call, type Route, route } from './route.ts'
import { isBefore } from './versions.ts'

/** A sandbox stands where Docker has a container. All of them run. */
export const containerRoutes: readonly Route[] = [
  route('GET /containers/json', list),
  route('GET /containers/(.*)/json', ({ cnm, version, names: [name = ''] }) => {
    const sandbox = cnm.sandbox(name.replace(/^\//, ''))
    const occupied = { sandbox, seats: cnm.seats(sandbox.id), openings: cnm.openings(sandbox.id) }
    return { json: sandboxToContainer(occupied, { legacy: isBefore(version, '1.52') }) }
  }),
  route('DELETE /containers/(.*)', async ({ cnm, query, names: [name = ''], signal }) => {
    const sandbox = cnm.sandbox(name.replace(/^\//, ''))
    if (!isTrue(query.get('force'))) throw fault('SANDBOX_RUNS', { name: sandbox.name })
    await cnm.removeSandbox(sandbox.id, { signal })
    return { status: 204 }
  }),
]

/** As Docker reads it. */
const isTrue = (text: string | null): boolean => !/^\s*(|0|no|false|none)\s*$/i.test(text ?? '')

type Test = (it: Occupied, value: string, matches: Matches) => boolean

/** What `docker ps --filter` knows; undefined is what takes more than one sandbox to tell. */
const TESTS: ReadonlyMap<string, Test | undefined> = new Map(
  Object.entries({
    // There are no images, no volumes, and nothing that has ended or is a task.
    ancestor: () => false,
    exited: () => false,
    volume: () => false,
    'is-task': (_: Occupied, value: string) => /^(0|false)$/i.test(value),
    isolation: () => true,
    health: (_: Occupied, value: string) => value === 'none',
    before: undefined,
    since: undefined,
    id: ({ sandbox }: Occupied, value: string, matches: Matches) => matches(sandbox.id, value),
    label: ({ sandbox }: Occupied, value: string) => hasLabel(sandbox.labels, value),
    name: ({ sandbox }: Occupied, value: string, matches: Matches) => matches(sandbox.name, value) || matches(`/${sandbox.name}`, value),
    network: ({ seats }: Occupied, value: string) =>
      seats.some(({ network }) => network.name === value || (value !== '' && network.id.startsWith(value))),
    status: (_: Occupied, value: string) => value === 'running',
    publish: ({ openings }: Occupied, value: string) => openings.some(({ hostPort, protocol }) => isPort(value, hostPort, protocol)),
    expose: ({ sandbox }: Occupied, value: string) => sandbox.ports.some(({ port, protocol }) => isPort(value, port, protocol)),
  }),
)

function isPort(text: string, port: number, protocol: string): boolean {
  const ports = portsIn(text)
  return ports !== undefined && ports.first <= port && port <= ports.last && ports.protocol === protocol
}

/** Newest first. */
async function list({ cnm, query }: Call) {
  const wanted = readFilters(query.get('filters'))
  checkKeys(wanted, [...TESTS.keys()])
  checkValues(wanted)
  const limit = limitOf(query.get('limit'))
  const matches = await patternsOf(wanted)
  const sandboxes = between(cnm.sandboxes().toSorted(later), {
    since: pick(wanted, 'since') ?? query.get('since'),
    before: pick(wanted, 'before') ?? query.get('before'),
    find: (name) => cnm.sandbox(name),
  })
  const found = sandboxes
    .map((sandbox) => ({ sandbox, seats: cnm.seats(sandbox.id), openings: cnm.openings(sandbox.id) }))
    .filter((it) =>
      passesAll(wanted, (key) => {
        const test = TESTS.get(key)
        return test && ((value) => test(it, value, matches))
      }),
    )
  const now = Date.now()
  return { json: found.slice(0, limit).map((it) => sandboxToSummary(it, now)) }
}

const later = (a: Sandbox, b: Sandbox): number => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0)

const pick = (wanted: Filters, key: string): string | undefined => wanted.get(key)?.[0]

/** Those made after one, and before another. */
function between(
  newestFirst: readonly Sandbox[],
  { since, before, find }: { readonly since: string | null; readonly before: string | null; readonly find: (name: string) => Sandbox },
): readonly Sandbox[] {
  const at = (name: string) => newestFirst.findIndex(({ id }) => id === find(name).id)
  return newestFirst.slice(before ? at(before) + 1 : 0, since ? at(since) : undefined)
}

/** 0 and less: all of them. */
function limitOf(text: string | null): number | undefined {
  if (text && !/^[+-]?\d+$/.test(text)) throw fault('QUERY_INVALID', { name: 'limit', value: text })
  return Number(text) > 0 ? Number(text) : undefined
}
