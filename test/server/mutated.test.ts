import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RETIRED_GROUP } from '../../lib/model/ids.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { Netns } from '../../lib/netlink/namespace.ts'
import { Stage } from '../support/stage.ts'
import { Engine } from './engine.ts'
import { callsIn, type Json } from './recorded.ts'

const stage = new Stage()
const CASES = 10_000

/** What a dockerd asked, in terms of our address space and of few ids, so that requests meet one another. */
const asked = ['local-scope-full', 'local-dockerd-kill9']
  .flatMap(callsIn)
  .filter(({ request }) => request !== null)
  .map(({ path, request }) => ({ method: path.slice(1), text: JSON.stringify(request).replaceAll('stublocal', 'LocalDefault') }))

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

const value = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 2 },
  {
    arbitrary: fc.constantFrom(
      '',
      '0',
      '-1',
      '10.78.0.1/33',
      'fe80::1',
      '02:00:00:00:00:01',
      'x'.repeat(300),
      'br-x; reboot',
      '../..',
      '🐳',
    ),
    weight: 3,
  },
  { arbitrary: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>, weight: 3 },
)

/** One that was asked, as it was or with one thing in it changed. */
const request = fc
  .record({ call: fc.constantFrom(...asked), at: fc.nat(), value, mutate: fc.boolean() })
  .map(({ call: { method, text }, at, value, mutate }) => {
    const json = JSON.parse(text) as Json
    const ways = waysIn(json)
    const body = mutate ? changed(json, ways[at % ways.length] ?? [], value) : json
    return { method, body: body === undefined ? undefined : JSON.stringify(body) }
  })

it(`of ${CASES.toLocaleString('en')} requests that are nearly right none does half of something`, async () => {
  const engine = new Engine(stage.cnm)
  const host = Netns.at(stage.lab.host)
  const state = async () => {
    // Links that are out of service go when they go.
    const inService = (await dump(host, 'link')).filter(({ group }) => group !== RETIRED_GROUP)
    const links = inService.map(({ name, master, mac, mtu }) => ({ name, master, mac, mtu }))
    return { links, networks: stage.cnm.networks(), sandboxes: stage.cnm.sandboxes() }
  }
  let before = await state()
  let done = 0
  await fc.assert(
    fc.asyncProperty(request, async ({ method, body }) => {
      const { status, said } = await engine.send(method, body)
      const after = await state()
      if (status === 200) done++
      else {
        expect([400, 403, 404, 409, 500]).toContain(status)
        expect(said['Err']).not.toMatch(/TypeError|undefined|\[object|Cannot read/)
        expect(after).toEqual(before)
      }
      before = after
    }),
    { numRuns: CASES, seed: 2026, endOnFailure: true },
  )
  host.close()
  expect(done).toBeGreaterThan(CASES / 10)
  for (const { id, engine: theirs } of stage.cnm.networks()) if (theirs) await engine.must('NetworkDriver.DeleteNetwork', { NetworkID: id })
}, 300_000)
