import { checkKeys, EVENT_KEYS, type Filters } from '../model/filter.ts'
import { pair } from './flags.ts'
import { badValue } from './misuse.ts'

/** The values of each key, in the order given, each once. */
export function readFilters(texts: readonly string[] = []): Filters {
  const wanted = new Map<string, readonly string[]>()
  for (const text of texts.filter((other) => other !== '')) {
    if (!text.includes('=')) throw badValue('--filter', text, 'bad format of filter (expected name=value)')
    const [name, value] = pair(text).map((part) => part.trim()) as [string, string]
    const key = name.toLowerCase()
    wanted.set(key, [...new Set([...(wanted.get(key) ?? []), value])])
  }
  return wanted
}

/** The same of events: who mistypes a key is told so, and does not wait for what never comes. */
export function readEventFilters(texts: readonly string[] = []): Filters {
  const wanted = readFilters(texts)
  checkKeys(wanted, EVENT_KEYS)
  return wanted
}
