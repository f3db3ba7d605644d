import type { Controller } from '../controller/controller.ts'
import type { NetworkEvent } from '../model/event.ts'
import { isPredefined, type Network } from '../model/network.ts'
import { pair } from './flags.ts'
import { badValue, Contradiction } from './misuse.ts'
import { parseMoment } from './moment.ts'

type Test = (network: Network, value: string, cnm: Pick<Controller, 'guests'>) => boolean

/** What `docker network ls --filter` knows. Values of one key are alternatives, but for labels; keys add up. */
const TESTS: Readonly<Record<string, Test>> = {
  dangling: (network, value, cnm) => isDangling(network, cnm) === isYes(value),
  driver: ({ driver }, value) => driver === value,
  id: ({ id }, value) => matches(id, value),
  label: ({ labels }, value) => hasLabel(labels, value),
  name: ({ name }, value) => matches(name, value),
  scope: ({ scope }, value) => scope === value,
  type: ({ name }, value) => isPredefined(name) === (value === 'builtin'),
}

/** Nobody is on it, and somebody made it. */
export const isDangling = ({ id, name }: Network, cnm: Pick<Controller, 'guests'>): boolean =>
  !isPredefined(name) && cnm.guests(id).length === 0

const isYes = (text: string): boolean => /^(1|true)$/i.test(text)

/** A regular expression, found anywhere. */
function matches(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(text)
  } catch {
    return text.includes(pattern)
  }
}

function hasLabel(labels: Network['labels'], text: string): boolean {
  const [key, value] = pair(text)
  return text.includes('=') ? Object.hasOwn(labels, key) && labels[key] === value : Object.hasOwn(labels, key)
}

/** The values of each key, in the order given. Throws for a key that is not among `known`. */
export function readFilters(texts: readonly string[] = [], known: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const wanted = new Map<string, readonly string[]>()
  for (const text of texts.filter((other) => other !== '')) {
    if (!text.includes('=')) throw badValue('--filter', text, 'bad format of filter (expected name=value)')
    const [name, value] = pair(text).map((part) => part.trim()) as [string, string]
    const key = name.toLowerCase()
    if (!known.includes(key)) throw new Contradiction(`invalid filter '${key}'`)
    wanted.set(key, [...(wanted.get(key) ?? []), value])
  }
  return wanted
}

/** Whether a network passes all of `texts`, each KEY=VALUE. */
export function networkFilter(texts: readonly string[] = []): (network: Network, cnm: Pick<Controller, 'guests'>) => boolean {
  const wanted = readFilters(texts, Object.keys(TESTS))
  const type = wanted.get('type')?.find((value) => value !== 'builtin' && value !== 'custom')
  if (type !== undefined) throw new Contradiction(`invalid filter: 'type'='${type}'`)
  checkDangling(wanted.get('dangling') ?? [])
  return (network, cnm) =>
    Array.from(wanted).every(([key, values]) => {
      const test = (value: string) => TESTS[key]?.(network, value, cnm) ?? false
      return key === 'label' ? values.every(test) : values.some(test)
    })
}

/** Whether a network may go, by what `docker network prune --filter` knows: created before a moment, with and without labels. */
export function pruneFilter(texts: readonly string[] = [], now: number): (network: Network) => boolean {
  const wanted = readFilters(texts, ['label', 'label!', 'until'])
  const [until, ...more] = wanted.get('until') ?? []
  if (more.length > 0) throw new Contradiction('more than one until filter specified')
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

/** Docker's keys, as far as there is something to them here; `sandbox` is what we call a container. */
const EVENT_TESTS: Readonly<Record<string, EventTest>> = {
  container: ({ attributes }, value) => value !== '' && (attributes['container'] ?? '').startsWith(value),
  event: ({ action }, value) => action === value,
  network: ({ id, attributes }, value) => attributes['name'] === value || (value !== '' && id.startsWith(value)),
  sandbox: ({ attributes }, value) => value !== '' && (attributes['container'] ?? '').startsWith(value),
  scope: (_, value) => value === 'local',
  type: (_, value) => value === 'network',
}

/** Whether an event is to be shown: values of one key are alternatives, keys add up. */
export function eventFilter(texts: readonly string[] = []): (event: NetworkEvent) => boolean {
  const wanted = readFilters(texts, Object.keys(EVENT_TESTS))
  return (event) => Array.from(wanted).every(([key, values]) => values.some((value) => EVENT_TESTS[key]?.(event, value)))
}

/** A moment in ms since 1970; refused in Docker's words. */
export function momentOf(text: string, now: number): number {
  const moment = parseMoment(text, now)
  if (moment === null) throw new Contradiction(`failed to parse value as time or duration: ${JSON.stringify(text)}`)
  return moment
}

function checkDangling(values: readonly string[]): void {
  if (values.length > 1) throw new Contradiction('got more than one value for filter key "dangling"')
  if (values[0] !== undefined && !/^(0|1|false|true)$/i.test(values[0]))
    throw new Contradiction('invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")')
}
