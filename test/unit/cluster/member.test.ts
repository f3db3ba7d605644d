import { expect, it, vi } from 'vitest'
import { Cluster } from '../../../lib/cluster/cluster.ts'
import type { Lease, Outcome, Snapshot, Transaction } from '../../../lib/cluster/engine.ts'
import { aliveKey, endpointKey, nodeKey } from '../../../lib/cluster/keys.ts'
import { Member, type MemberOptions } from '../../../lib/cluster/member.ts'
import { View } from '../../../lib/cluster/view.ts'
import { calm, SimulatedEngine, SimulatedStore } from '../../support/simulated.ts'
import { NETWORK, NETWORK_RECORD } from './agent.ts'

const node = { id: 'a', name: 'a', address: '10.99.0.1', dataPath: '10.99.0.1', joined: '', publicKey: 'k', wireguardKey: '' }

it('what has answered is not lost, though those who keep asking have not noticed', async () => {
  const store = new SimulatedStore()
  const engine = new SimulatedEngine(store)
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

const endpoint = { endpointId: 'e', networkId: NETWORK, nodeId: 'a', vtep: '10.99.0.1', mac: '02:00:00:00:00:01', sandbox: 's' }

/** What an engine says may take its time; it has been done by then. */
class LateEngine extends SimulatedEngine {
  alive: Promise<void> = Promise.resolve()
  done: Promise<void> = Promise.resolve()
  known: Promise<void> = Promise.resolve()

  override read(prefix: string): Promise<Snapshot> {
    const { known } = this
    return super.read(prefix).finally(() => known)
  }

  override keepAlive(lease: Lease): Promise<boolean> {
    const { alive } = this
    return super.keepAlive(lease).finally(() => alive)
  }

  override transact(transaction: Transaction): Promise<Outcome> {
    const { done } = this
    return super.transact(transaction).finally(() => done)
  }
}

/** A member of a swarm that has a network, with the store that it is in; it has not begun. */
async function memberOf(more: Partial<MemberOptions['ears']> = {}) {
  const store = new SimulatedStore()
  const founder = new Cluster(new SimulatedEngine(store), new View())
  expect(await founder.admit(node)).toBe(true)
  expect(await founder.define(NETWORK_RECORD, founder.definitions)).toBe(true)
  const engine = new LateEngine(store)
  const ears = { hear: () => {}, leased: () => {}, estranged: () => {}, contact: () => {}, removed: () => {}, ...more }
  const member = new Member({ engine, node: 'a', heartbeat: 5, sleep: store.clock.sleep, ears })
  const pass = (ms: number) => store.clock.pass(ms, () => store.expire())
  const publish = () => member.leased((lease) => member.cluster.publish([endpoint], lease))
  const held = () => [aliveKey('a'), endpointKey(NETWORK, 'e')].map((key) => store.rows.has(key))
  return { store, engine, member, pass, publish, held }
}

it('a watch that ends now and then has nothing to do with the engine, however often it was, and what was missed is known soon', async () => {
  const told: (string | null)[] = []
  const { store, engine, member, pass } = await memberOf({ contact: (lost) => void told.push(lost) })
  await member.start()
  const other = new Cluster(new SimulatedEngine(store), new View())
  for (let time = 0; time < 8; time++) {
    engine.reachable = false
    await calm()
    engine.reachable = true
    expect(await other.admit({ ...node, id: `b${time}` })).toBe(true)
    await pass(300)
    expect([time, member.view.nodes.has(`b${time}`)]).toEqual([time, true])
    await pass(3_600_000)
  }
  expect(told).toEqual([])
  await member.close()
})

it('who was told late that a lease is over finds the one that came after it', async () => {
  const { engine, member, pass, publish, held } = await memberOf()
  await member.start()
  engine.reachable = false
  await pass(40_000)
  let tell = () => {}
  engine.alive = new Promise((resolve) => (tell = resolve))
  engine.reachable = true
  await pass(6_000)
  expect(await publish()).toEqual({ done: true })
  tell()
  await pass(60_000)
  expect(held()).toEqual([true, true])
  await member.close()
})

it('two who need a lease at the same time have the same', async () => {
  const { engine, member, pass, publish, held } = await memberOf()
  let tell = () => {}
  engine.done = new Promise((resolve) => (tell = resolve))
  const started = member.start()
  await calm()
  engine.done = Promise.resolve()
  const published = publish()
  await calm()
  tell()
  await started
  expect(await published).toEqual({ done: true })
  await pass(60_000)
  expect(held()).toEqual([true, true])
  await member.close()
})

it('who was taken for removed, for the store was empty for a moment, is there again when its row is', async () => {
  let removed = 0
  const { store, member, pass, publish, held } = await memberOf({ removed: () => void removed++ })
  await member.start()
  expect(await publish()).toEqual({ done: true })
  const kept = store.under('')
  store.transact({ when: [], then: [{ deleteAll: '' }] })
  await pass(60_000)
  expect([member.isRemoved, removed]).toEqual([true, 1])
  await expect(publish()).rejects.toMatchObject({ code: 'NODE_REMOVED' })
  const lasting = kept.filter(({ key }) => key !== aliveKey('a') && key !== endpointKey(NETWORK, 'e'))
  store.transact({ when: [], then: lasting.map(({ key, value }) => ({ put: key, value })) })
  await pass(6_000)
  expect([member.isRemoved, member.lost]).toEqual([false, null])
  expect(await publish()).toEqual({ done: true })
  expect(held()).toEqual([true, true])
  store.transact({ when: [], then: [{ delete: nodeKey('a') }] })
  await pass(60_000)
  expect([member.isRemoved, removed]).toEqual([true, 2])
  await member.close()
})

it.each(['by and by', 'with what was written before it'])(
  'the store is empty, which is told %s: who hears of it knows that it was removed',
  async (way) => {
    const heard: boolean[] = []
    const { store, engine, member, pass } = await memberOf({ hear: ({ networks }) => void (networks && heard.push(member.isRemoved)) })
    await member.start()
    if (way !== 'by and by') engine.reachable = false
    await pass(1_000)
    store.transact({ when: [], then: [{ deleteAll: '' }] })
    if (way !== 'by and by') store.compact()
    engine.reachable = true
    await pass(60_000)
    expect(heard).toEqual([false, true])
    await member.close()
  },
)

it('who has its lease before it knows anything of the swarm takes itself for no node that was removed', async () => {
  let removed = 0
  const { engine, member, publish } = await memberOf({ removed: () => void removed++ })
  let tell = () => {}
  engine.known = new Promise((resolve) => (tell = resolve))
  const started = member.start()
  expect(await publish()).toEqual({ done: true })
  tell()
  await started
  expect([removed, member.isRemoved]).toEqual([0, false])
  await member.close()
})

it('who was removed asks for no lease, and does not come back by itself', async () => {
  const { store, engine, member, pass } = await memberOf()
  await member.start()
  store.transact({ when: [], then: [{ delete: nodeKey('a') }] })
  await pass(6_000)
  const granted = vi.spyOn(engine, 'grant')
  await pass(3_600_000)
  expect([granted.mock.calls.length, member.isRemoved, member.lost]).toEqual([0, true, null])
  await member.close()
})
