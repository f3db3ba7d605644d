import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Endpoint, Network, NodeStatus, Sandbox } from '../../lib/index.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { eventually } from '../support/eventually.ts'
import { Fleet, Teller } from './fleet.ts'

let fleet: Fleet<Teller>
let etcd: EtcdCluster
let app: string
let count = 0

const node = (index: number) => fleet.nodes[index] as Teller
const all = [0, 1, 2]

const sandbox = (index: number) => node(index).call<Sandbox>('createSandbox', { name: `s${count++}`, networks: [{ network: 'app' }] })
const guests = (index: number) => node(index).call<{ endpoint: Endpoint; sandbox: Sandbox }[]>('guests', 'app')
const told = (index: number) => node(index).call<string[]>('told', app)
const withdrawn = () => Promise.all(all.map((index) => node(index).call<number>('withdrawn')))
const names = async (index: number) => (await node(index).call<Network[]>('networks')).map(({ name }) => name).sort()

/** Every node knows of everybody on the others, and no address is there twice. */
async function agreed(): Promise<void> {
  await eventually(async () => {
    const own = await Promise.all(all.map(guests))
    const addresses = own.map((each, index) => each.map(({ endpoint }) => `${endpoint.address} ${node(index).host}`))
    expect(new Set(own.flat().map(({ endpoint }) => endpoint.address)).size).toBe(own.flat().length)
    for (const index of all)
      expect(await told(index)).toEqual(
        addresses
          .filter((_, other) => other !== index)
          .flat()
          .sort(),
      )
    const nodes = await node(0).call<NodeStatus[]>('nodes')
    expect(nodes.map(({ status, endpoints }) => `${status} ${endpoints}`)).toEqual(own.map((each) => `ready ${each.length}`))
  })
}

beforeAll(async () => {
  fleet = new Fleet(3, Teller)
  etcd = await EtcdCluster.start(fleet.nodes)
  await Promise.all(fleet.nodes.map((each) => each.start()))
  await node(0).call('initSwarm', { engine: etcd.engine(), heartbeat: 2, advertise: node(0).host })
  const token = await node(0).call('joinToken')
  for (const index of [1, 2]) await node(index).call('joinSwarm', { engine: etcd.engine(), token, advertise: node(index).host })
  app = (await node(1).call<Network>('createNetwork', { name: 'app', driver: 'overlay', attachable: true })).id
  for (const index of all) await eventually(async () => expect(await names(index)).toContain('app'))
  for (const index of all) await sandbox(index)
  await agreed()
})
afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

describe('three nodes on three members of etcd', () => {
  it('go on when the leader is killed: what is asked for meanwhile is done', async () => {
    const before = await withdrawn()
    const leader = await etcd.leader()
    await etcd.kill(leader)
    await Promise.all(all.map(sandbox))
    etcd.run(leader)
    await etcd.ready(leader)
    await agreed()
    expect(await withdrawn()).toEqual(before)
  })

  it('miss nothing when a daemon is killed and comes back', async () => {
    const before = await withdrawn()
    await node(1).kill()
    await node(1).start()
    await agreed()
    const [first, , third] = await withdrawn()
    expect([first, third]).toEqual([before[0], before[2]])
  })

  it('keep what they have without a majority, refuse changes in one sentence, and agree again when it is back', async () => {
    const before = await withdrawn()
    await etcd.kill(1)
    await etcd.kill(2)
    const peers = await told(0)
    // A process that begins now knows what is recorded.
    await node(1).kill()
    await node(1).start()
    expect(await names(1)).toContain('app')
    const refusals = await Promise.all([
      sandbox(0).catch((error) => error),
      node(1)
        .call('createNetwork', { name: 'late', driver: 'overlay' })
        .catch((error) => error),
      node(2)
        .call('removeNetwork', 'app')
        .catch((error) => error),
    ])
    for (const { code, message } of refusals.slice(0, 2) as { code: string; message: string }[]) {
      expect(code).toBe('ENGINE_LOST')
      expect(message).toMatch(/^the swarm cannot be changed now: etcd at 10\.99\.0\.1:\d+, .* cannot be reached \(/)
    }
    expect((refusals[2] as { code: string }).code).toBe('NETWORK_IN_USE')
    expect(await names(2)).toContain('app')
    expect(await told(0)).toEqual(peers)
    // What is taken away is taken away, whoever knows of it.
    const [gone] = await guests(2)
    await node(2).call('removeSandbox', gone?.sandbox.id)
    expect(await told(0)).toEqual(peers)
    for (const index of [1, 2]) etcd.run(index)
    for (const index of [1, 2]) await etcd.ready(index)
    await agreed()
    expect((await told(0)).length).toBe(peers.length - 1)
    expect(await withdrawn()).toEqual([(before[0] ?? 0) + 1, expect.any(Number), before[2]])
    await sandbox(0)
  })

  it('give one up whose cable is drawn, and have it back, though the history of the meantime is forgotten', async () => {
    await node(2).call('createNetwork', { name: 'doomed', driver: 'overlay', attachable: true })
    const lonely = await node(2).call<Sandbox>('createSandbox', { name: 'lonely', networks: [{ network: 'doomed' }] })
    fleet.cable(2, 'down')
    await eventually(async () => expect((await node(0).call<NodeStatus[]>('nodes'))[2]).toMatchObject({ status: 'down', endpoints: 0 }))
    expect((await told(0)).filter((peer) => peer.endsWith(node(2).host))).toEqual([])
    expect((await guests(2)).length).toBeGreaterThan(0)
    await node(0).call('createNetwork', { name: 'meanwhile', driver: 'overlay' })
    await sandbox(1)
    // Nobody is on it, as far as those know who are left.
    await node(0).call('removeNetwork', 'doomed')
    await etcd.compact(0)
    expect(await names(2)).not.toContain('meanwhile')
    fleet.cable(2, 'up')
    await agreed()
    await eventually(async () => expect(await names(2)).toContain('meanwhile'))
    expect(await node(2).call('seats', lonely.id)).toEqual([])
    expect(await names(2)).not.toContain('doomed')
    await node(2).call('removeSandbox', lonely.id)
    await node(2).call('removeNetwork', 'meanwhile')
  })

  it('are all of one mind in the end', async () => {
    for (const index of all) for (const { sandbox: each } of await guests(index)) await node(index).call('removeSandbox', each.id)
    await eventually(async () => expect(await names(0)).not.toContain('meanwhile'))
    await node(0).call('removeNetwork', 'app')
    for (const index of [1, 2]) await node(index).call('leaveSwarm')
    await node(0).call('leaveSwarm')
    for (const index of all) expect(await names(index)).toEqual(['bridge', 'host', 'none'])
  })
})
