import type { Json, Said } from '../model/call.ts'
import { fault } from '../model/errors.ts'
import { Mismatch, type Shape } from '../model/shape.ts'
import type { Answer } from './client.ts'

/** Whom we asked, and for what: an error names both. */
export interface Asked {
  readonly plugin: string
  readonly method: string
}

/**
 * An answer as dockerd takes it: any status but 200, and an error field in a 200, is a refusal. Throws PLUGIN_REFUSED,
 * PLUGIN_ERROR, PLUGIN_LACKS_METHOD, DRIVER_BROKEN.
 */
export function understand({ plugin, method }: Asked, { status, text }: Answer): Said {
  const said = parse(text)
  const words = wordsOf(said)
  if (status !== 200) {
    const all = { plugin, method, words: words || text.trim() || `it answers ${status}` }
    throw status === 404 ? fault('PLUGIN_LACKS_METHOD', all) : fault('PLUGIN_REFUSED', all)
  }
  if (words) throw fault('PLUGIN_ERROR', { plugin, method, words })
  // Go takes null for an object with nothing in it.
  if (said === null) return {}
  if (isObject(said)) return said
  throw fault('DRIVER_BROKEN', { name: plugin, method, reason: `it should be a JSON object: ${text.slice(0, 80)}` })
}

/** What a shape makes of it. Throws DRIVER_BROKEN, as does `shape` by a Mismatch. */
export function read<T>({ plugin, method }: Asked, shape: Shape<T>, said: Json): T {
  try {
    return shape(said, '')
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error
    throw fault('DRIVER_BROKEN', { name: plugin, method, reason: error.message }, error)
  }
}

/** Fields by the names they have in Go, which does not mind their case, and takes null for one that is not there. */
export const named =
  <T>(names: readonly string[], shape: Shape<T>): Shape<T> =>
  (value, at) =>
    shape(isObject(value) ? rename(value, names) : value, at)

function rename(said: Said, names: readonly string[]): Said {
  const folded = new Map(Object.entries(said).map(([key, value]) => [key.toLowerCase(), value]))
  return Object.fromEntries(names.flatMap((name) => [[name, said[name] ?? folded.get(name.toLowerCase())]].filter(([, v]) => v != null)))
}

export const isObject = (value: unknown): value is Said => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What stands first in a text; undefined: no JSON. */
export function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    // As in dockerd, what comes after it does not count: contiv says each refusal twice in a row.
    const first = firstIn(text)
    return first === text ? undefined : parse(first)
  }
}

/** A text up to the end of its first object or list; else all of it. */
function firstIn(text: string): string {
  let depth = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === '"') isQuoted = !isQuoted
    else if (isQuoted) at += char === '\\' ? 1 : 0
    else if ('{['.includes(char)) depth++
    else if (']}'.includes(char) && --depth <= 0) return text.slice(0, at + 1)
  }
  return text
}

/** Network drivers say Err, IPAM drivers Error. */
export function wordsOf(said: Json | undefined): string {
  if (!isObject(said)) return ''
  const { Err, Error: error } = said
  return [Err, error].find((words): words is string => typeof words === 'string' && words !== '') ?? ''
}
