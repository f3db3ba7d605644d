import { expect, it } from 'vitest'
import { Cluster } from '../../../lib/cluster/cluster.ts'
import type { Outcome, Transaction } from '../../../lib/cluster/engine.ts'
import { ENDPOINTS, HELD, heldKey } from '../../../lib/cluster/keys.ts'
import { View } from '../../../lib/cluster/view.ts'
import { SimulatedEngine, SimulatedStore } from '../../support/simulated.ts'
import { NETWORK, NETWORK_RECORD } from './agent.ts'

const node = { id: 'a', name: 'a', address: '10.99.0.1', dataPath: '10.99.0.1', joined: '', publicKey: 'k', wireguardKey: '' }
const ips = ['10.0.1.2', 'fd00:1::2']
const endpoint = {
  ...{ endpointId: 'e', networkId: NETWORK, nodeId: 'a', vtep: '10.99.0.1', mac: '02:00:00:00:00:01', sandbox: 's' },
  ...{ address: `${ips[0]}/24`, address6: `${ips[1]}/64` },
}

/** Before each transaction, somebody else gets the next of those addresses. */
class OvertakenEngine extends SimulatedEngine {
  readonly #store: SimulatedStore
  ips: string[] = []

  constructor(store: SimulatedStore) {
    super(store)
    this.#store = store
  }

  override transact(transaction: Transaction): Promise<Outcome> {
    const ip = this.ips.shift()
    if (ip) this.#store.transact({ when: [], then: [{ put: heldKey(NETWORK, ip), value: 'b other' }] })
    return super.transact(transaction)
  }
}

it('an endpoint goes however often somebody else gets an address of it meanwhile', async () => {
  const store = new SimulatedStore()
  const engine = new OvertakenEngine(store)
  const cluster = new Cluster(engine, new View())
  expect([await cluster.admit(node), await cluster.define(NETWORK_RECORD, cluster.definitions)]).toEqual([true, true])
  expect(await cluster.publish([endpoint], await engine.grant(15))).toEqual({ done: true })
  engine.ips = [...ips]
  await cluster.withdraw([endpoint])
  expect(engine.ips).toEqual([])
  expect(store.under(ENDPOINTS)).toEqual([])
  expect(store.under(HELD).map(({ value }) => value)).toEqual(['b other', 'b other'])
})
