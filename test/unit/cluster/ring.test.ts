import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newRing, nextRing, readable, rotated, type SealedRing } from '../../../lib/cluster/ring.ts'
import { type NodeKey, newNodeKey } from '../../../lib/cluster/seal.ts'

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
  tend(due = false): boolean {
    const able = this.nodes.filter(({ key }) => this.ring.keys.some(({ seals }) => seals[key.publicKey]))
    const [keeper] = able.length > 0 ? able : this.nodes
    if (!keeper) return false
    const keys = readable(SWARM, this.ring, keeper.key)
    const heard = able.every(({ has }) => has?.step === this.ring.step)
    const next = nextRing(this.ring, { swarm: SWARM, recipients: this.recipients, keys, heard, due })
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
  what: fc.constantFrom('hear', 'hear', 'hear', 'tend', 'tend', 'rotate', 'due', 'join', 'remove'),
  node: fc.nat(4),
})

describe('a ring of keys', () => {
  it('changes without a packet that is not understood, whatever happens in between; and who has left reads nothing of it', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const world = new World()
        for (const { what, node } of events) {
          const some = world.nodes[node % world.nodes.length]
          if (what === 'hear' && some) world.hear(some)
          if (what === 'tend') world.tend()
          if (what === 'due') world.tend(true)
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
    expect(world.tend(true)).toBe(true)
    expect(step()).toEqual([1, [1, 2]])
    expect(world.tend()).toBe(false)
    told()
    world.tend()
    expect(step()).toEqual([2, [1, 2]])
    expect(world.tend()).toBe(false)
    // Another one is wanted before the first is done with.
    world.ring = rotated(SWARM, world.ring, world.recipients)
    expect(step()).toEqual([2, [1, 2, 3]])
    told()
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
