import type { Options } from '../model/network.ts'
import { badValue } from './misuse.ts'

/** For a flag that may be given several times. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** The words Go takes for a truth value; null for any other. */
export function parseBool(text: string): boolean | null {
  if (/^(1|t|true)$/i.test(text)) return true
  return /^(0|f|false)$/i.test(text) ? false : null
}

/** The fields of one line of CSV; null when a quote is out of place. */
export function csv(line: string): readonly string[] | null {
  if (line === '') return []
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
  const fields: string[] = []
  for (let more = true; more; ) {
    const match = field.exec(line)
    if (!match) return null
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    more = match[3] === ','
  }
  return fields
}

/** A flag that may be given several times, each time with several values: `--subnet A,B --subnet C`. */
export const listed = (flag: string, texts: readonly string[] = []): readonly string[] =>
  texts.flatMap((text) => {
    const fields = csv(text)
    if (!fields) throw badValue(flag, text, 'a quote is out of place')
    return fields
  })

/** 'a=b=c' is a: 'b=c'; 'a' alone is a: ''. */
export function pair(text: string): readonly [key: string, value: string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

export const pairs = (texts: readonly string[] = []): Options => Object.fromEntries(texts.map(pair))

export function labels(texts: readonly string[] = []): Options {
  const nameless = texts.find((text) => text.trimStart().startsWith('=') || text === '')
  if (nameless !== undefined) throw badValue('--label', nameless, `invalid label '${nameless}': empty name`)
  return pairs(texts)
}

/** For the options of a driver Docker wants a value to each key, here and only here; null when one has none. */
export const driverOptions = (texts: readonly string[]): Options | null => (texts.every((text) => text.includes('=')) ? pairs(texts) : null)

/** null when `text` is not a whole number. */
export const integer = (text: string): number | null =>
  /^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null
