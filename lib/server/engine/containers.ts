import { type Occupied, sandboxToContainer, sandboxToSummary } from '../../model/container.ts'
import { fault } from '../../model/errors.ts'
import { checkKeys, type Filters, hasLabel, passesAll, patternsOf } from '../../model/filter.ts'
import type { Sandbox } from '../../model/network.ts'
import type { Matches } from '../../model/pattern.ts'
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

const STATES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']

/** '80', '80/udp', '8000-8010/tcp' */
function isPort(text: string, port: number, protocol: string): boolean {
  const [, first, last = first, named = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? []
  return first !== undefined && Number(first) <= port && port <= Number(last) && named === protocol
}

/** Newest first. */
async function list({ cnm, query }: Call) {
  const wanted = readFilters(query.get('filters'))
  checkKeys(wanted, [...TESTS.keys()])
  const status = wanted.get('status')?.find((value) => !STATES.includes(value))
  if (status !== undefined) throw fault('FILTER_STATUS', { value: status })
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
  return { json: found.slice(0, limitOf(query.get('limit'))).map((it) => sandboxToSummary(it, now)) }
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

/** 0, less, and what is no number: all of them. */
const limitOf = (text: string | null): number | undefined => (Number(text) > 0 ? Number(text) : undefined)
