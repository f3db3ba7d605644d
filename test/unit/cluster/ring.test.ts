import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../lib/cluster/cluster.ts'
import { Member } from '../../../lib/cluster/member.ts'
import { newRing, nextRing, readable, rotated, type SealedRing } from '../../../lib/cluster/ring.ts'
import { type NodeKey, newNodeKey } from '../../../lib/cluster/seal.ts'
import { View } from '../../../lib/cluster/view.ts'
import { SimulatedEngine, SimulatedStore } from '../../support/simulated.ts'

const SWARM = 's'
const KEYS = Array.from({ length: 5 }, newNodeKey)

interface Node {
  readonly key: NodeKey
  /** What its kernel has. */
  has?: { readonly step: number; readonly primary: number; readonly tags: readonly number[] }
}

/** Nodes that hear of the ring when they like, and one of them who tends it. */
class World {
  nodes: Node[] = KEYS.slice(0, 3).map((key) => ({ key }))
  readonly removed: NodeKey[] = []
  ring: SealedRing = newRing(SWARM, this.recipients)

  get recipients(): readonly string[] {
    return this.nodes.map(({ key }) => key.publicKey)
  }

  hear(node: Node): void {
    const keys = readable(SWARM, this.ring, node.key)
    if (!keys.some(({ tag }) => tag === this.ring.primary)) return
    node.has = { step: this.ring.step, primary: this.ring.primary, tags: keys.map(({ tag }) => tag) }
  }

  /** As the first who can read it does. */
  tend({ due = false, arrived = true } = {}): boolean {
    const able = this.nodes.filter(({ key }) => this.ring.keys.some(({ seals }) => seals[key.publicKey]))
    const [keeper] = able.length > 0 ? able : this.nodes
    if (!keeper) return false
    const keys = readable(SWARM, this.ring, keeper.key)
    const heard = able.every(({ has }) => has?.step === this.ring.step)
    const next = nextRing(this.ring, { swarm: SWARM, recipients: this.recipients, keys, heard, arrived, due })
    if (next) this.ring = next
    return next !== null
  }

  join(): void {
    const key = KEYS.find(
      ({ publicKey }) => !this.recipients.includes(publicKey) && !this.removed.some((gone) => gone.publicKey === publicKey),
    )
    if (key) this.nodes.push({ key })
  }

  remove(index: number): void {
    if (this.nodes.length < 2) return
    const [gone] = this.nodes.splice(index % this.nodes.length, 1)
    if (gone) this.removed.push(gone.key)
  }

  /** What is true at every moment: who has keys understands whatever another one of them sends. */
  check(): void {
    expect(this.ring.keys.length).toBeLessThanOrEqual(3)
    expect(this.ring.keys.map(({ tag }) => tag)).toContain(this.ring.primary)
    for (const from of this.nodes) for (const to of this.nodes) if (from.has && to.has) expect(to.has.tags).toContain(from.has.primary)
  }
}

const event = fc.record({
  what: fc.constantFrom('hear', 'hear', 'hear', 'tend', 'tend early', 'rotate', 'due', 'join', 'remove'),
  node: fc.nat(4),
})

describe('a ring of keys', () => {
  it('changes without a packet that is not understood, whatever happens in between; and who has left reads nothing of it', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const world = new World()
        for (const each of world.nodes) world.hear(each)
        for (const { what, node } of events) {
          const some = world.nodes[node % world.nodes.length]
          if (what === 'hear' && some) world.hear(some)
          if (what === 'tend') world.tend()
          if (what === 'due') world.tend({ due: true })
          if (what === 'tend early') world.tend({ arrived: false })
          if (what === 'rotate') world.ring = rotated(SWARM, world.ring, world.recipients)
          if (what === 'join') world.join()
          if (what === 'remove') world.remove(node)
          world.check()
        }
        let rounds = 0
        for (let busy = true; busy; rounds++) {
          for (const each of world.nodes) world.hear(each)
          busy = world.tend()
          world.check()
        }
        expect(rounds).toBeLessThan(10)
        expect(world.ring.keys.map(({ tag }) => tag)).toEqual([world.ring.primary])
        for (const { key, has } of world.nodes) {
          expect(readable(SWARM, world.ring, key)).toHaveLength(1)
          expect(has?.primary).toBe(world.ring.primary)
        }
        for (const key of world.removed) expect(readable(SWARM, world.ring, key)).toEqual([])
      }),
      { numRuns: 20 },
    )
  })

  it('spreads a key, sends with it when all have heard, and then has no other', () => {
    const world = new World()
    const step = () => [world.ring.primary, world.ring.keys.map(({ tag }) => tag)]
    const told = () => world.nodes.forEach((node) => world.hear(node))
    told()
    expect(world.tend({ due: true })).toBe(true)
    expect(step()).toEqual([1, [1, 2]])
    expect(world.tend()).toBe(false)
    told()
    world.tend()
    expect(step()).toEqual([2, [1, 2]])
    expect(world.tend()).toBe(false)
    told()
    // What was sent with the first may be on its way.
    expect(world.tend({ arrived: false })).toBe(false)
    // Another one is wanted before the first is done with.
    world.ring = rotated(SWARM, world.ring, world.recipients)
    expect(step()).toEqual([2, [1, 2, 3]])
    told()
    expect(world.tend({ arrived: false })).toBe(false)
    world.tend()
    expect(step()).toEqual([3, [2, 3]])
    told()
    world.tend()
    expect(step()).toEqual([3, [3]])
  })

  it('gives way to another one where nobody who is left can read it', () => {
    const world = new World()
    world.nodes = [{ key: KEYS[4] as NodeKey }]
    expect(world.tend()).toBe(true)
    expect([world.ring.step, world.ring.primary, readable(SWARM, world.ring, KEYS[4] as NodeKey).length]).toEqual([2, 2, 1])
  })
})

it('is old when its lease is over, whoever has changed it', async () => {
  const store = new SimulatedStore()
  const ears = { hear: () => {}, leased: () => {}, estranged: () => {}, contact: () => {}, removed: () => {} }
  const member = new Member({ engine: new SimulatedEngine(store), node: 'a', heartbeat: 5, sleep: store.clock.sleep, ears })
  await member.start()
  const pass = (ms: number) => store.clock.pass(ms, () => store.expire())
  const [first, other] = [newRing(SWARM, []), new Cluster(new SimulatedEngine(store), new View())]
  await other.refresh()
  expect(await other.turnRing(first, 60)).toBe(true)
  await pass(50_000)
  expect([member.view.ring?.step, member.view.isFresh]).toEqual([1, true])
  // One that has not seen the last change does not change it.
  expect(await member.cluster.turnRing(rotated(SWARM, first, []), 60)).toBe(true)
  expect(await other.turnRing(rotated(SWARM, first, []), 60)).toBe(false)
  expect(other.view.ring?.step).toBe(2)
  await pass(50_000)
  expect(member.view.isFresh).toBe(true)
  await pass(20_000)
  expect(member.view.isFresh).toBe(false)
  await member.close()
})
