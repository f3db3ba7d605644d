import { fault } from './errors.ts'
import type { NetworkEvent } from './event.ts'
import { parseMoment } from './moment.ts'
import { isPredefined, type Network, type Options } from './network.ts'
import { type Matches, patternsIn } from './pattern.ts'

/** What is asked for, by key. Values of one key are alternatives, but for labels; keys add up. A key without a value asks for nothing. */
export type Filters = ReadonlyMap<string, readonly string[]>

/** Whether somebody is on a network. */
type IsUsed = (network: Network) => boolean
interface Around {
  readonly isUsed: IsUsed
  readonly matches: Matches
}
type Test = (network: Network, value: string, around: Around) => boolean

/** What `docker network ls --filter` knows. */
const TESTS: Readonly<Record<string, Test>> = {
  dangling: (network, value, { isUsed }) => isDangling(network, isUsed) === isYes(value),
  driver: ({ driver }, value) => driver === value,
  id: ({ id }, value, { matches }) => matches(id, value),
  label: ({ labels }, value) => hasLabel(labels, value),
  name: ({ name }, value, { matches }) => matches(name, value),
  scope: ({ scope }, value) => scope === value,
  type: ({ name }, value) => isPredefined(name) === (value === 'builtin'),
}

/** Nobody is on it, and somebody made it. */
const isDangling = (network: Network, isUsed: IsUsed): boolean => !isPredefined(network.name) && !isUsed(network)

const isYes = (text: string): boolean => /^(1|true)$/i.test(text)

/** `KEY`, or `KEY=VALUE`. */
export function hasLabel(labels: Options, text: string): boolean {
  const at = text.indexOf('=')
  const key = at < 0 ? text : text.slice(0, at)
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === text.slice(at + 1))
}

/** Refuses a key that is not among `known`. */
export function checkKeys(wanted: Filters, known: readonly string[]): void {
  const key = [...wanted.keys()].find((name) => !known.includes(name))
  if (key !== undefined) throw fault('FILTER_UNKNOWN', { key })
}

/** Whether a network passes all of them. */
export async function networkFilter(wanted: Filters): Promise<(network: Network, isUsed: IsUsed) => boolean> {
  checkKeys(wanted, Object.keys(TESTS))
  const type = wanted.get('type')?.find((value) => value !== 'builtin' && value !== 'custom')
  if (type !== undefined) throw fault('FILTER_TYPE', { value: type })
  checkDangling(wanted.get('dangling') ?? [])
  const matches = await patternsOf(wanted)
  return (network, isUsed) =>
    passesAll(wanted, (key) => {
      const test = TESTS[key]
      return test && ((value) => test(network, value, { isUsed, matches }))
    })
}

/** Of names and ids. */
export const patternsOf = (wanted: Filters): Promise<Matches> => patternsIn([...(wanted.get('name') ?? []), ...(wanted.get('id') ?? [])])

/** `testOf`: what a value of a key asks for; of a key that means nothing here, undefined. */
export const passesAll = (wanted: Filters, testOf: (key: string) => ((value: string) => boolean) | undefined): boolean =>
  Array.from(wanted).every(([key, values]) => {
    const test = testOf(key)
    if (!test || values.length === 0) return true
    return key === 'label' ? values.every(test) : values.some(test)
  })

/** Whether a network may go, by what `docker network prune --filter` knows: created before a moment, with and without labels. */
export function pruneFilter(wanted: Filters, now: number): (network: Network) => boolean {
  checkKeys(wanted, ['label', 'label!', 'until'])
  const [until, ...more] = wanted.get('until') ?? []
  if (more.length > 0) throw fault('FILTER_UNTIL', {})
  const latest = until === undefined ? Number.POSITIVE_INFINITY : momentOf(until, now)
  const bears =
    ({ labels }: Network) =>
    (text: string) =>
      hasLabel(labels, text)
  return (network) =>
    Date.parse(network.created) <= latest &&
    (wanted.get('label') ?? []).every(bears(network)) &&
    !(wanted.get('label!') ?? []).some(bears(network))
}

type EventTest = (event: NetworkEvent, value: string) => boolean

/** A beginning of an id or a name; '' is one of none. */
const begins = (text = '', value: string): boolean => value !== '' && text.startsWith(value)

/** Docker's keys, as far as there is something to them here; `sandbox` is what we call a container. */
const EVENT_TESTS: ReadonlyMap<string, EventTest> = new Map(
  Object.entries<EventTest>({
    container: ({ attributes }, value) => begins(attributes['container'], value),
    event: ({ action }, value) => action === value,
    label: ({ attributes }, value) => hasLabel(attributes, value),
    network: ({ id, attributes }, value) => begins(attributes['name'], value) || begins(id, value),
    sandbox: ({ attributes }, value) => begins(attributes['container'], value),
    scope: ({ scope }, value) => value === scope,
    type: (_, value) => value === 'network',
  }),
)

export const EVENT_KEYS: readonly string[] = [...EVENT_TESTS.keys()]

/** Of what else Docker tells of; nothing happens to it here. */
const ELSEWHERE: ReadonlySet<string> = new Set(['config', 'daemon', 'image', 'node', 'plugin', 'secret', 'service', 'volume'])

/** Whether an event is to be shown; as in Docker, a key that nobody knows asks for nothing. */
export const eventFilter = (wanted: Filters): ((event: NetworkEvent) => boolean) => {
  return (event) =>
    passesAll(wanted, (key) => {
      const test = EVENT_TESTS.get(key)
      return test ? (value) => test(event, value) : ELSEWHERE.has(key) ? () => false : undefined
    })
}

/** A moment in ms since 1970; refused in Docker's words. */
export function momentOf(text: string, now: number): number {
  const moment = parseMoment(text, now)
  if (moment === null) throw fault('MOMENT_INVALID', { text: JSON.stringify(text) })
  return moment
}

function checkDangling(values: readonly string[]): void {
  if (values.length > 1) throw fault('FILTER_TWICE', { key: 'dangling' })
  if (values[0] !== undefined && !/^(0|1|false|true)$/i.test(values[0])) throw fault('FILTER_DANGLING', {})
}
