import { expect, it } from 'vitest'
import { fault } from '../../lib/model/errors.ts'
import type { EnterSwarm } from '../../lib/model/request.ts'
import type { Membership } from '../../lib/model/swarm.ts'
import { Arrival } from '../../lib/server/arrival.ts'

const engine = 'etcd://127.0.0.1:2379'

/** What it asks a host for whose only address is 192.0.2.2. */
function host() {
  const asked: EnterSwarm[] = []
  const enterSwarm = async (request: EnterSwarm): Promise<Membership> => {
    asked.push(request)
    if (request.advertise !== '192.0.2.2') throw fault('ADVERTISE_UNKNOWN', { addresses: '192.0.2.2' })
    return {} as Membership
  }
  return { asked, cnm: { enterSwarm } }
}

it('a host becomes a node by the address that the engine said last, unless a person has said one', async () => {
  const { asked, cnm } = host()
  await using arrival = new Arrival(cnm, { engine })
  await arrival.hear('192.0.2.1')
  // The engine has left its swarm, and is in another one.
  await arrival.hear('192.0.2.2')
  expect(asked).toEqual(['192.0.2.1', '192.0.2.2'].map((advertise) => ({ engine, advertise })))
  const told = host()
  await using other = new Arrival(told.cnm, { engine, advertise: '192.0.2.3' })
  await other.hear('192.0.2.2')
  expect(told.asked).toEqual([{ engine, advertise: '192.0.2.3' }])
})
