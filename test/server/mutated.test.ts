import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RETIRED_GROUP } from '../../lib/model/ids.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { Netns } from '../../lib/netlink/namespace.ts'
import { Stage } from '../support/stage.ts'
import { Engine } from './engine.ts'
import { mutated } from './mutations.ts'
import { callsIn, type Json } from './recorded.ts'

const stage = new Stage()
const CASES = 10_000

/** What a dockerd asked, in terms of our address space and of few ids, so that requests meet one another. */
const asked = ['local-scope-full', 'local-dockerd-kill9']
  .flatMap(callsIn)
  .filter(({ request }) => request !== null)
  .map(({ path, request }) => ({ method: path.slice(1), text: JSON.stringify(request).replaceAll('stublocal', 'LocalDefault') }))

/** One that was asked, as it was or with one thing in it changed. */
const request = fc.record({ call: fc.constantFrom(...asked), change: mutated }).map(({ call: { method, text }, change }) => {
  const body = change(JSON.parse(text) as Json)
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
