import fc from 'fast-check'
import type { Json } from './recorded.ts'

/** The way to each value within. */
function waysIn(json: Json, way: readonly string[] = []): readonly (readonly string[])[] {
  if (json === null || typeof json !== 'object') return [way]
  return [way, ...Object.entries(json).flatMap(([key, value]) => waysIn(value, [...way, key]))]
}

/** With another value at the end of the way; undefined takes it out. */
function changed(json: Json, [key, ...rest]: readonly string[], value: Json | undefined): Json | undefined {
  if (key === undefined) return value
  const inner = Object.entries(json as object).flatMap(([name, old]) => {
    const mine = name === key ? changed(old, rest, value) : old
    return mine === undefined ? [] : [[name, mine] as const]
  })
  return Array.isArray(json) ? inner.map(([, item]) => item) : Object.fromEntries(inner)
}

const ODD = ['', '0', '-1', '10.78.0.1/33', 'fe80::1', '02:00:00:00:00:01', 'x'.repeat(300), 'br-x; reboot', '../..', '🐳']

const value = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 2 },
  { arbitrary: fc.constantFrom(...ODD), weight: 3 },
  { arbitrary: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>, weight: 3 },
)

/** What leaves a request as it is, or changes one thing in it. */
export const mutated: fc.Arbitrary<(json: Json) => Json | undefined> = fc
  .record({ at: fc.nat(), value, mutate: fc.boolean() })
  .map(({ at, value, mutate }) => (json) => {
    const ways = waysIn(json)
    return mutate ? changed(json, ways[at % ways.length] ?? [], value) : json
  })
