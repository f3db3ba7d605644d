import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../lib/cluster/cluster.ts'
import { aliveKey, ENDPOINTS, HELD, heldKey, NETWORKS } from '../../../lib/cluster/keys.ts'
import { View } from '../../../lib/cluster/view.ts'
import type { Swarm, SwarmEndpoint } from '../../../lib/model/swarm.ts'
import { SimulatedEngine, SimulatedStore } from '../../support/simulated.ts'
import { Agent, NETWORK, NETWORK_RECORD } from './agent.ts'

const NODES = 3

const swarm: Swarm = { id: 's', created: '', secret: '', fingerprint: '', heartbeat: 5, dataPathPort: 4789, keyRotation: 43_200, pools: [] }

const event = fc.record({
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('attach', 'insist') },
    { weight: 3, arbitrary: fc.constantFrom('detach', 'define', 'undefine') },
    { weight: 2, arbitrary: fc.constantFrom('cut', 'heal') },
    { weight: 3, arbitrary: fc.constantFrom('slow', 'slow', 'quick', 'refresh') },
    { weight: 1, arbitrary: fc.constantFrom('kill', 'die', 'start', 'leave', 'join', 'forget', 'lose an answer') },
  ),
  node: fc.nat(NODES - 1),
  address: fc.nat(4),
  /** Until the next event, in ms: at once, within a heartbeat, or longer than a lease. */
  pause: fc.constantFrom(0, 0, 0, 300, 4_000, 12_000, 40_000),
})
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

class World {
  readonly store = new SimulatedStore()
  readonly agents = Array.from({ length: NODES }, (_, index) => new Agent(this.store, index))

  async begin(): Promise<void> {
    const engine = new SimulatedEngine(this.store)
    const cluster = new Cluster(engine, new View())
    for (const [index, { node }] of this.agents.entries()) {
      if (index === 0) await cluster.found(swarm, node, [NETWORK_RECORD])
      else await cluster.admit(node)
    }
    engine.close()
    for (const agent of this.agents) agent.start()
    await this.pass(1_000)
  }

  pass(ms: number): Promise<void> {
    return this.store.clock.pass(ms, () => this.store.expire())
  }

  async happen({ what, node, address, pause }: Event): Promise<void> {
    const agent = this.agents[node]
    if (!agent) return
    if (what === 'attach') void agent.attach()
    if (what === 'insist') void agent.attach(address)
    if (what === 'detach') void agent.detach()
    if (what === 'define') for (const each of this.agents) void each.define()
    if (what === 'undefine') void agent.undefine()
    if (what === 'cut') agent.engine.reachable = false
    if (what === 'heal') agent.engine.reachable = true
    if (what === 'slow') agent.engine.delay = 200
    if (what === 'quick') agent.engine.delay = 0
    if (what === 'refresh') void agent.refresh()
    if (what === 'kill') await agent.kill()
    if (what === 'die') await agent.die()
    if (what === 'start') agent.start()
    if (what === 'leave') void agent.leave()
    if (what === 'join') await agent.join()
    if (what === 'forget') this.store.compact()
    if (what === 'lose an answer') agent.engine.loseAnswer = true
    await this.pass(pause)
    this.check()
  }

  get endpoints(): readonly SwarmEndpoint[] {
    return this.store.under(ENDPOINTS).map(({ value }) => JSON.parse(value))
  }

  /** What is true at every moment. */
  check(): void {
    const numbers = this.store.under(NETWORKS).map(({ value }) => JSON.parse(value).options.vni)
    expect(new Set(numbers).size).toBe(numbers.length)
    const endpoints = this.endpoints
    const held = new Map(this.store.under(HELD).map(({ key, value }) => [key, value]))
    expect(new Set(endpoints.map(({ address }) => address)).size).toBe(endpoints.length)
    expect(held.size).toBe(endpoints.length)
    for (const { networkId, address = '', nodeId, endpointId } of endpoints)
      expect(held.get(heldKey(networkId, address.replace('/24', '')))).toBe(`${nodeId} ${endpointId}`)
  }

  /** What is true in the end, when everybody is back who is to come back. */
  async end(): Promise<void> {
    for (const agent of this.agents) {
      agent.engine.reachable = true
      agent.engine.loseAnswer = false
      agent.engine.delay = 0
    }
    await this.pass(60_000)
    this.check()
    const endpoints = this.endpoints
    const sorted = (all: Iterable<SwarmEndpoint>) => [...all].sort((a, b) => (a.endpointId < b.endpointId ? -1 : 1))
    for (const { node, member: running, mine, peers } of this.agents) {
      const member = running?.isRemoved ? undefined : running
      const own = sorted(endpoints.filter(({ nodeId }) => nodeId === node.id))
      expect(this.store.rows.has(aliveKey(node.id))).toBe(member !== undefined)
      expect(own).toEqual(member ? sorted(mine.values()) : [])
      if (!member) continue
      expect([...member.view.networks.keys()].sort()).toEqual(
        this.store
          .under(NETWORKS)
          .map(({ key }) => key.slice(NETWORKS.length))
          .sort(),
      )
      expect(sorted(member.view.endpointsOn(NETWORK).values())).toEqual(sorted(endpoints))
      const others = mine.size > 0 ? endpoints.filter(({ nodeId }) => nodeId !== node.id) : []
      expect([...peers.keys()].sort()).toEqual(others.map(({ endpointId }) => endpointId).sort())
    }
    for (const agent of this.agents) await agent.kill()
  }
}

describe('a swarm', () => {
  it('converges whatever happens: an address has one holder, and what is dead is forgotten', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 30 }), async (events) => {
        const world = new World()
        await world.begin()
        for (const each of events) await world.happen(each)
        await world.end()
      }),
      { numRuns: 500 },
    )
  })

  it('has an endpoint back when its node comes back, unless somebody else has its address by now', async () => {
    const world = new World()
    await world.begin()
    const [first, second] = world.agents
    await first?.attach(0)
    await first?.attach(1)
    if (first) first.engine.reachable = false
    await world.pass(30_000)
    expect(world.endpoints).toEqual([])
    await second?.attach(1)
    if (first) first.engine.reachable = true
    await world.end()
    expect(world.endpoints.map(({ nodeId, address }) => `${nodeId} ${address}`).sort()).toEqual(['n0 10.0.1.2/24', 'n1 10.0.1.3/24'])
    expect([first?.mine.size, second?.mine.size]).toEqual([1, 1])
  })

  it('leaves an address alone that somebody else has by now, when its own endpoint goes', async () => {
    const world = new World()
    await world.begin()
    const [first, second] = world.agents
    await first?.attach(0)
    if (first) first.engine.reachable = false
    await world.pass(30_000)
    await second?.attach(0)
    if (first) first.engine.reachable = true
    await first?.detach()
    world.check()
    await world.end()
    expect(world.endpoints.map(({ nodeId }) => nodeId)).toEqual(['n1'])
  })

  it('takes back what was published without anybody knowing', async () => {
    const world = new World()
    await world.begin()
    const [first] = world.agents
    if (first) first.engine.loseAnswer = true
    await first?.attach(0)
    expect([world.endpoints.length, first?.mine.size]).toEqual([1, 0])
    await world.end()
    expect(world.endpoints).toEqual([])
  })

  it('goes on as if nothing had been when a process was away for less than a lease', async () => {
    const world = new World()
    await world.begin()
    const [first, second] = world.agents
    await first?.attach()
    await second?.attach()
    const before = world.store.rows.get(`${ENDPOINTS}${NETWORK}/${[...(first?.mine.keys() ?? [])][0]}`)?.revision
    await first?.kill()
    await world.pass(8_000)
    first?.start()
    await world.end()
    expect(before).toBeGreaterThan(0)
    expect(world.store.rows.get(`${ENDPOINTS}${NETWORK}/${[...(first?.mine.keys() ?? [])][0]}`)?.revision).toBe(before)
  })
})
