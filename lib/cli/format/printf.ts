import { show } from './value.ts'

const VERB = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+))?(.)/gsu

/** fmt.Sprintf, with the verbs that make sense for text, numbers and truth values. */
export function sprintf(format: string, values: readonly unknown[]): string {
  const rest = [...values]
  const text = format.replace(VERB, (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%'
    const wide = width === '*' ? Number(rest.shift()) : Number(width ?? 0)
    if (rest.length === 0) return `%!${verb}(MISSING)`
    const value = rest.shift()
    return pad(one(verb, value, flags, precision === undefined ? undefined : Number(precision)), wide, flags)
  })
  return rest.length === 0 ? text : `${text}%!(EXTRA ${rest.map((value) => `${typeOf(value)}=${show(value)}`).join(', ')})`
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width)
  return flags.includes('0') && /^[+-]?\d/.test(text)
    ? text.replace(/^[+-]?/, (sign) => sign.padEnd(width - text.length + sign.length, '0'))
    : text.padStart(width)
}

type Verb = (value: any, precision: number | undefined) => string

const ofNumber = (print: Verb): Readonly<Record<string, Verb>> => ({ number: print, bigint: print })
const shortened: Verb = (value, precision) => (precision === undefined ? show(value) : Array.from(show(value)).slice(0, precision).join(''))

/** Verb → type → how it prints; 'any' for all of them. */
const VERBS: Readonly<Record<string, Readonly<Record<string, Verb>>>> = {
  v: { any: (value) => show(value) },
  s: { string: shortened, object: shortened },
  q: { string: (value) => JSON.stringify(value) },
  t: { boolean: String },
  d: ofNumber((value) => String(value)),
  x: { ...ofNumber((value) => value.toString(16)), string: (value) => Buffer.from(value).toString('hex') },
  X: { ...ofNumber((value) => value.toString(16).toUpperCase()), string: (value) => Buffer.from(value).toString('hex').toUpperCase() },
  o: ofNumber((value) => value.toString(8)),
  b: ofNumber((value) => value.toString(2)),
  c: ofNumber((value) => String.fromCodePoint(Number(value))),
  f: ofNumber((value, precision = 6) => Number(value).toFixed(precision)),
  T: { any: (value) => typeOf(value) },
}

function one(verb: string, value: unknown, flags: string, precision: number | undefined): string {
  const prints = VERBS[verb]?.any ?? VERBS[verb]?.[typeof value]
  if (!prints) return `%!${verb}(${typeOf(value)}=${show(value)})`
  const text = prints(value, precision)
  return flags.includes('+') && typeof value === 'number' && value >= 0 ? `+${text}` : text
}

export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  const names: Readonly<Record<string, string>> = { string: 'string', boolean: 'bool', bigint: 'int64' }
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  return names[typeof value] ?? (Array.isArray(value) ? '[]string' : 'map[string]string')
}
