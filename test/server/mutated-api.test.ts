import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Stage } from '../support/stage.ts'
import { Client } from './client.ts'
import { mutated } from './mutations.ts'
import type { Json } from './recorded.ts'

const stage = new Stage()
const CASES = 1_000

type Asked = readonly [way: 'GET' | 'POST' | 'DELETE', path: string, body?: Json]

/** Of few names, so that requests meet one another. */
const asked: readonly Asked[] = [
  ['POST', '/networks/create', { Name: 'a', Driver: 'bridge', EnableIPv6: false, Internal: false, Options: {}, Labels: { tier: 'web' } }],
  ['POST', '/networks/create', { Name: 'b', IPAM: { Driver: 'default', Config: [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' }] } }],
  ['POST', '/networks/create', { Name: 'plan', ConfigOnly: true, IPAM: { Config: [{ Subnet: '10.8.0.0/24' }] } }],
  ['POST', '/networks/create', { Name: 'c', ConfigFrom: { Network: 'plan' } }],
  [
    'POST',
    '/networks/a/connect',
    { Container: 'web', EndpointConfig: { Aliases: ['www'], GwPriority: 1, MacAddress: '02:00:00:00:00:07' } },
  ],
  ['POST', '/networks/b/connect', { Container: 'web', EndpointConfig: { IPAMConfig: { IPv4Address: '10.9.0.7' }, DriverOpts: {} } }],
  ['POST', '/networks/a/disconnect', { Container: 'web', Force: false }],
  ['POST', '/networks/b/disconnect', { Container: 'web' }],
  ['DELETE', '/networks/a'],
  ['DELETE', '/networks/b'],
  ['DELETE', '/networks/c'],
  ['POST', '/networks/prune'],
  ['GET', '/networks'],
  ['GET', '/containers/json'],
]

const filters = fc.oneof(
  fc.constant(''),
  fc.constantFrom('{"name":["a"]}', '{"label":{"tier=web":true}}', '{"until":["1h"]}', '{"x":[]}', '{', '[[]]', 'null', '{"name":["(("]}'),
  fc.json({ maxDepth: 2 }),
)

/** One that somebody could mean, or one with something in it changed. */
const request = fc
  .record({
    what: fc.constantFrom(...asked),
    change: mutated,
    filters,
    version: fc.constantFrom('', '/v1.24', '/v1.41', '/v1.54', '/v9', '/v1.'),
  })
  .map(({ what: [method, path, body], change, filters: text, version }) => ({
    way: `${method} ${version}${path}${text && `?filters=${encodeURIComponent(text)}`}` as const,
    body: body === undefined ? undefined : change(body),
  }))

it(`of ${CASES.toLocaleString('en')} requests that are nearly right none does half of something`, async () => {
  const api = new Client(stage.cnm)
  await stage.cnm.createSandbox({ name: 'web', networks: [] })
  const state = () => ({ networks: stage.cnm.networks(), sandboxes: stage.cnm.sandboxes(), endpoints: stage.cnm.endpoints() })
  let before = state()
  let done = 0
  await fc.assert(
    fc.asyncProperty(request, async ({ way, body }) => {
      const { status, text, json } = await api.ask(way as 'GET /', body === undefined ? undefined : JSON.stringify(body))
      const after = state()
      if (status < 300) done++
      else {
        expect([400, 403, 404, 409, 500]).toContain(status)
        if (json !== null) expect((json as { message: string }).message).not.toMatch(/TypeError|undefined|\[object|Cannot read/)
        else expect(text).toMatch(/is too (new|old)/)
        expect(after).toEqual(before)
      }
      before = after
    }),
    { numRuns: CASES, seed: 2026, endOnFailure: true },
  )
  expect(done).toBeGreaterThan(CASES / 10)
  expect(await stage.cnm.findings()).toEqual([])
  await stage.cnm.removeSandbox('web')
  // A configuration goes last.
  for (const { id, configFrom } of stage.cnm.networks()) if (configFrom) await stage.cnm.removeNetwork(id)
})
