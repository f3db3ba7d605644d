import { sprintf, typeOf } from './printf.ts'
import { escapeHtml, isTrue, Row, show, TypedMap, toJson } from './value.ts'

interface Function {
  readonly least: number
  readonly most: number
  readonly call: (...args: any[]) => unknown
}

const exactly = (count: number, call: Function['call']): Function => ({ least: count, most: count, call })
const atLeast = (least: number, call: Function['call']): Function => ({ least, most: Number.POSITIVE_INFINITY, call })

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', "'": '&#39;', '"': '&#34;' }
const JS_ESCAPES: Readonly<Record<string, string>> = { '<': '\\u003C', '>': '\\u003E', '&': '\\u0026', '=': '\\u003D', '\n': '\\n' }

/** Blanks stand between two values of which neither is text. */
const print = (...values: readonly unknown[]): string =>
  values
    .map((value, index) =>
      index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string' ? ` ${show(value)}` : show(value),
    )
    .join('')

const println = (...values: readonly unknown[]): string => `${values.map(show).join(' ')}\n`

const joined = (...values: readonly unknown[]): string =>
  values.length === 1 && typeof values[0] === 'string' ? values[0] : print(...values)

/** What `split`, `upper` and their like are given has to be text. */
function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new TypeError(`wrong type for value; expected string; got ${typeOf(value)}`)
}

const bytes = (value: unknown): Buffer => Buffer.from(text(value))

function length(value: unknown): number {
  if (typeof value === 'string') return bytes(value).length
  if (value instanceof Map) return value.size
  if (Array.isArray(value)) return value.length
  throw new TypeError(`len of type ${typeOf(value)}`)
}

const index = (value: unknown, ...keys: readonly unknown[]): unknown => keys.reduce(indexOnce, value)

function indexOnce(value: unknown, key: unknown): unknown {
  if (value instanceof Map) return value.has(key) ? value.get(key) : value instanceof TypedMap ? value.zero : undefined
  const list = typeof value === 'string' ? bytes(value) : value
  if (!(Array.isArray(list) || Buffer.isBuffer(list))) throw new TypeError(`can't index item of type ${typeOf(value)}`)
  if (typeof key !== 'number') throw new TypeError(`cannot index slice/array with type ${typeOf(key)}`)
  if (key < 0 || key >= list.length) throw new RangeError(`index out of range: ${key}`)
  return list[key]
}

function slice(value: string | readonly unknown[], from = 0, to = length(value)): unknown {
  for (const at of [from, to]) if (at < 0 || at > length(value)) throw new RangeError(`index out of range: ${at}`)
  if (from > to) throw new RangeError(`invalid slice index: ${from} > ${to}`)
  return typeof value === 'string' ? bytes(value).subarray(from, to).toString() : value.slice(from, to)
}

/** -1, 0 or 1. */
function compare(a: any, b: any): number {
  if (typeof a !== typeof b) throw new TypeError('incompatible types for comparison')
  if (typeof a === 'object') throw new TypeError('invalid type for comparison')
  return a < b ? -1 : Number(a > b)
}

const equal = (first: unknown, ...others: readonly unknown[]): boolean => others.some((other) => compare(first, other) === 0)

const upperFirst = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** Go's own functions, and Docker's. */
export const FUNCTIONS: Readonly<Record<string, Function>> = {
  // Short-circuited by the evaluator; here for what is asked of them in the middle of a pipeline.
  and: atLeast(1, (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1)),
  or: atLeast(1, (...values) => values.find(isTrue) ?? values.at(-1)),
  not: exactly(1, (value) => !isTrue(value)),
  eq: atLeast(2, equal),
  ne: exactly(2, (a, b) => compare(a, b) !== 0),
  lt: exactly(2, (a, b) => compare(a, b) < 0),
  le: exactly(2, (a, b) => compare(a, b) <= 0),
  gt: exactly(2, (a, b) => compare(a, b) > 0),
  ge: exactly(2, (a, b) => compare(a, b) >= 0),
  index: atLeast(1, index),
  slice: { least: 1, most: 3, call: slice },
  len: exactly(1, length),
  print: atLeast(0, print),
  println: atLeast(0, println),
  printf: atLeast(1, (format, ...values) => sprintf(text(format), values)),
  html: atLeast(0, (...values) => joined(...values).replace(/[<>&'"]/g, (character) => ENTITIES[character] ?? character)),
  js: atLeast(0, (...values) =>
    joined(...values)
      .replace(/[\\'"]/g, '\\$&')
      .replace(/[<>&=\n]/g, (character) => JS_ESCAPES[character] ?? character),
  ),
  urlquery: atLeast(0, (...values) => encodeURIComponent(joined(...values)).replaceAll('%20', '+')),
  json: exactly(1, (value) => (value instanceof Row ? escapeHtml(toJson(value)) : toJson(value))),
  split: exactly(2, (value, separator) => text(value).split(text(separator))),
  join: exactly(2, (values: readonly unknown[], separator) => values.map(show).join(text(separator))),
  title: exactly(1, (value) => text(value).replace(/[\p{L}\p{N}_]+/gu, upperFirst)),
  lower: exactly(1, (value) => text(value).toLowerCase()),
  upper: exactly(1, (value) => text(value).toUpperCase()),
  pad: exactly(3, (value, before: number, after: number) => (value === '' ? '' : ' '.repeat(before) + text(value) + ' '.repeat(after))),
  truncate: exactly(2, (value, size: number) => bytes(value).subarray(0, size).toString()),
}
