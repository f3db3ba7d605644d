import { expect, it } from 'vitest'
import { Cluster } from '../../../lib/cluster/cluster.ts'
import { Member } from '../../../lib/cluster/member.ts'
import { View } from '../../../lib/cluster/view.ts'
import { calm, SimulatedEngine, SimulatedStore } from '../../support/simulated.ts'

it('what has answered is not lost, though those who keep asking have not noticed', async () => {
  const store = new SimulatedStore()
  const engine = new SimulatedEngine(store)
  const node = { id: 'a', name: 'a', address: '10.99.0.1', dataPath: '10.99.0.1', joined: '', publicKey: 'k', wireguardKey: '' }
  expect(await new Cluster(new SimulatedEngine(store), new View()).admit(node)).toBe(true)
  const told: (string | null)[] = []
  let estranged = 0
  const ears = {
    hear: () => {},
    leased: () => {},
    estranged: () => void estranged++,
    contact: (lost: string | null) => void told.push(lost),
    removed: () => {},
  }
  const member = new Member({ engine, node: 'a', heartbeat: 5, sleep: store.clock.sleep, ears })
  await member.start()
  engine.reachable = false
  await store.clock.pass(2_000, () => {})
  expect(member.lost).toBe('cut off')
  engine.reachable = true
  await calm()
  expect(member.lost).toBe('cut off')
  const before = estranged
  expect(await member.leased((alive) => member.cluster.announce('a', alive))).toBe(true)
  expect([member.lost, told]).toEqual([null, ['cut off', null]])
  expect(estranged).toBe(before + 1)
  await member.close()
})
