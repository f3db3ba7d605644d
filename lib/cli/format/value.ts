import { exactJson } from '../../model/json.ts'

/** A value of Go with fields and methods: it prints as its fields in braces. A function is a method. */
export class Struct {
  readonly type: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly #json: unknown

  /** `json`: what encoding/json makes of it, where that is not its fields. */
  constructor(type: string, fields: Readonly<Record<string, unknown>>, json: unknown = fields) {
    this.type = type
    this.fields = fields
    this.#json = json
  }

  toJSON(): unknown {
    return this.#json
  }
}

/** What stands in one line of a list. Go writes its JSON as if for a page of HTML, fields by name and without methods. */
export class Row extends Struct {
  override toJSON(): unknown {
    const fields = Object.entries(this.fields).filter(([, value]) => typeof value !== 'function')
    return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** map[string]string and the like: a key that is missing has a value all the same. */
export class TypedMap extends Map<string, unknown> {
  readonly zero: unknown

  constructor(entries: Readonly<Record<string, unknown>>, zero: unknown) {
    super(Object.entries(entries))
    this.zero = zero
  }
}

/** time.Time, in UTC. */
export class Time {
  readonly #text: string

  /** RFC 3339, with up to nine decimals. */
  constructor(text: string) {
    this.#text = text.replace(/(\.\d*?)0+Z$/, '$1Z').replace('.Z', 'Z')
  }

  toString(): string {
    return this.#text.replace('T', ' ').replace('Z', ' +0000 UTC')
  }

  toJSON(): string {
    return this.#text
  }
}

/** What encoding/json makes of an object when nothing is known of its type: a map. */
export function untyped(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(untyped)
  if (typeof json !== 'object' || json === null) return json
  return new Map(Object.entries(json).map(([key, value]) => [key, untyped(value)]))
}

export const sortedEntries = (map: ReadonlyMap<string, unknown>): readonly (readonly [string, unknown])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1))

/** What counts as true in an `if`. */
export function isTrue(value: unknown): boolean {
  if (value instanceof Map) return value.size > 0
  if (Array.isArray(value)) return value.length > 0
  return Boolean(value)
}

/** The notation of %v. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`
  if (value instanceof Map)
    return `map[${sortedEntries(value)
      .map(([key, item]) => `${key}:${show(item)}`)
      .join(' ')}]`
  if (value instanceof Struct) return `{${Object.values(value.fields).map(show).join(' ')}}`
  return String(value)
}

/** One line, with the keys of maps in order, and whole numbers of any size. */
export function toJson(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object') return JSON.stringify(value)
  if ('toJSON' in value && typeof value.toJSON === 'function') return toJson(value.toJSON())
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`
  const entries = value instanceof Map ? sortedEntries(value) : Object.entries(value)
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`).join(',')}}`
}

/** As Docker indents it, keys in the order they have; a counter of 64 bits is written in full too. */
export const indentedJson = (value: unknown): string => exactJson(value, 4)

/** As Go writes what may end up in a page of HTML. */
export const escapeHtml = (json: string): string => json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
