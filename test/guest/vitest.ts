import { format } from 'node:util'
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect'
import { scenario } from '../uml/harness.ts'

/** Stands in for vitest in the guest, where it would take longer than its tests: as much of it as tests of the kernel use. */

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin)
/** What its plugins add, which its types do not say. */
const plugged = chai.expect as unknown as { extend(expect: unknown, matchers: unknown): void } & typeof chai.expect
export const expect = Object.assign(plugged, (globalThis as any)[ASYMMETRIC_MATCHERS_OBJECT])
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, configurable: true })
setState({ assertionCalls: 0 } as never, expect)
plugged.extend(expect, customMatchers)

type Body = (...values: any[]) => unknown

interface Suite {
  readonly name: string
  readonly before: Body[]
  readonly after: Body[]
}

const suites: Suite[] = []
const suiteOf = (): Suite => suites.at(-1) ?? expect.fail('outside of a file')

export const beforeEach = (body: Body): unknown => suiteOf().before.push(body)
export const afterEach = (body: Body): unknown => suiteOf().after.unshift(body)

/** One file of tests; `load` imports it. */
export async function suite(load: () => Promise<unknown>): Promise<void> {
  suites.push({ name: '', before: [], after: [] })
  await load()
  suites.pop()
}

export const describe = withEach((name, body) => {
  suites.push({ name, before: [], after: [] })
  body()
  suites.pop()
})

export const it = withEach((name, body) => {
  const around = [...suites]
  scenario([...around.map((suite) => suite.name), name].filter(Boolean).join(' > '), async () => {
    try {
      for (const { before } of around) for (const hook of before) await hook()
      await body()
    } finally {
      for (const { after } of around.toReversed()) for (const hook of after) await hook()
    }
  })
})

function withEach(one: (name: string, body: Body) => void) {
  const each = (rows: readonly unknown[]) => (name: string, body: Body) => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row]
      one(titled(name, values), () => body(...values))
    }
  }
  return Object.assign(one, { each })
}

/** %s and its kin take a value each, $name a field of the first. */
const titled = (name: string, values: readonly unknown[]): string => {
  const places = name.match(/%[sdifjoO]/g)?.length ?? 0
  const [first] = values
  return format(name, ...values.slice(0, places)).replace(/\$(\w+)/g, (whole, field) =>
    first !== null && typeof first === 'object' && field in first ? String((first as Record<string, unknown>)[field]) : whole,
  )
}
