/**
 * Looks at a value that was read and answers with it as what it is; throws Mismatch, `at` being the way to it. Lists and objects are
 * copies, which nobody can change.
 */
export type Shape<T> = (value: unknown, at: string) => T

type Optional<T> = Shape<T> & { readonly optional: true }

/** Every field of T, whether it has to be there or not: one that is forgotten here does not compile. */
type Fields<T> = { readonly [K in keyof T]-?: object extends Pick<T, K> ? Optional<Exclude<T[K], undefined>> : Shape<T[K]> }

export class Mismatch extends Error {
  override readonly name = 'Mismatch'
}

function expected(what: string, at: string): never {
  throw new Mismatch(`${at || 'it'} should be ${what}`)
}

export const text: Shape<string> = (value, at) => (typeof value === 'string' ? value : expected('text', at))
export const flag: Shape<boolean> = (value, at) => (typeof value === 'boolean' ? value : expected('true or false', at))
export const whole: Shape<number> = (value, at) => (Number.isSafeInteger(value) ? (value as number) : expected('a whole number', at))
export const big: Shape<bigint> = (value, at) => (typeof value === 'bigint' ? value : expected('a bigint', at))
export const anything: Shape<unknown> = (value) => value

/** Text of a certain kind; `what` it is called. */
export const textThat =
  (what: string, fits: (text: string) => boolean): Shape<string> =>
  (value, at) =>
    typeof value === 'string' && fits(value) ? value : expected(what, at)

export const oneOf =
  <const T extends string | number>(...choices: readonly T[]): Shape<T> =>
  (value, at) =>
    choices.find((choice) => choice === value) ?? expected(`one of ${choices.join(', ')}`, at)

export const list =
  <T>(of: Shape<T>): Shape<readonly T[]> =>
  (value, at) =>
    Array.isArray(value) ? Object.freeze(value.map((item, i) => of(item, `${at}[${i}]`))) : expected('a list', at)

/** The same kind of value under any name. */
export const map =
  <T>(of: Shape<T>): Shape<Readonly<Record<string, T>>> =>
  (value, at) =>
    Object.freeze(Object.fromEntries(Object.entries(objectAt(value, at)).map(([key, item]) => [key, of(item, within(at, key))])))

/** Fields that it does not know are left out. Records are read by the thousand. */
export function object<T extends object>(fields: Fields<T>): Shape<T> {
  const known = Object.entries(fields as Readonly<Record<string, Shape<unknown> & { readonly optional?: true }>>)
  return (value, at) => {
    const given = objectAt(value, at)
    const read: Record<string, unknown> = {}
    for (const [key, shape] of known) {
      if (!(shape.optional && given[key] === undefined)) read[key] = shape(given[key], within(at, key))
    }
    return Object.freeze(read) as T
  }
}

export const optional = <T>(of: Shape<T>): Optional<T> =>
  Object.assign((value: unknown, at: string) => of(value, at), { optional: true as const })

function objectAt(value: unknown, at: string): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : expected('an object', at)
}

const within = (at: string, key: string): string => (at === '' ? key : `${at}.${key}`)
