import { isPredefined, type Network } from '../model/network.ts'
import { pair } from './flags.ts'
import { badValue, Contradiction } from './misuse.ts'

type Test = (network: Network, value: string) => boolean

/** What `docker network ls --filter` knows. Values of one key are alternatives, but for labels; keys add up. */
const TESTS: Readonly<Record<string, Test>> = {
  driver: ({ driver }, value) => driver === value,
  id: ({ id }, value) => matches(id, value),
  label: ({ labels }, value) => hasLabel(labels, value),
  name: ({ name }, value) => matches(name, value),
  scope: ({ scope }, value) => scope === value,
  type: ({ name }, value) => isPredefined(name) === (value === 'builtin'),
}

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

/** Whether a network passes all of `texts`, each KEY=VALUE. */
export function networkFilter(texts: readonly string[] = []): (network: Network) => boolean {
  const wanted = new Map<string, string[]>()
  for (const text of texts.filter((other) => other !== '')) {
    if (!text.includes('=')) throw badValue('--filter', text, 'bad format of filter (expected name=value)')
    const [name, value] = pair(text).map((part) => part.trim()) as [string, string]
    const key = name.toLowerCase()
    if (!Object.hasOwn(TESTS, key)) throw new Contradiction(`invalid filter '${key}'`)
    if (key === 'type' && value !== 'builtin' && value !== 'custom') throw new Contradiction(`invalid filter: 'type'='${value}'`)
    wanted.set(key, [...(wanted.get(key) ?? []), value])
  }
  return (network) =>
    Array.from(wanted).every(([key, values]) => {
      const test = (value: string) => TESTS[key]?.(network, value) ?? false
      return key === 'label' ? values.every(test) : values.some(test)
    })
}
