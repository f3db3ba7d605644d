import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { Etcd } from '../../lib/cluster/etcd/etcd.ts'
import { EtcdMember } from '../../lib/cluster/etcd/member.ts'
import { ENDPOINTS, NODES } from '../../lib/cluster/keys.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { NodeHost } from './host.ts'

let etcd: EtcdCluster
let engine: Etcd
let hosts: readonly [NodeHost, NodeHost]

/** What etcd tells by itself is heard when this is. */
let told: Promise<void> = Promise.resolve()

beforeAll(async () => {
  const { listen } = EtcdMember.prototype
  vi.spyOn(EtcdMember.prototype, 'listen').mockImplementation(async function* (this: EtcdMember, ...asked) {
    const [, , signal] = asked
    for await (const message of listen.apply(this, asked)) {
      await Promise.race([told, new Promise((resolve) => signal.addEventListener('abort', resolve))])
      yield message
    }
  })
  etcd = await EtcdCluster.start()
  engine = new Etcd(etcd.engine())
  hosts = [new NodeHost('10.99.0.1'), new NodeHost('10.99.0.2')]
  for (const host of hosts) await host.begin()
})
afterAll(async () => {
  engine?.close()
  for (const host of hosts ?? []) await host[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

const nodes = async () => (await engine.read(NODES)).rows.map(({ key }) => key.slice(NODES.length))

/** Nobody hears of what happens meanwhile. */
async function unheard(work: () => Promise<void>): Promise<void> {
  let tell = () => {}
  told = new Promise((resolve) => (tell = resolve))
  await work().finally(tell)
}

it('a node that takes itself for the last one while another joins leaves it the swarm, and nothing of its own', async () => {
  const [{ controller: first }, { controller: second }] = hosts
  await first.initSwarm({ engine: etcd.engine(), heartbeat: 60, advertise: 'under0' })
  await first.createNetwork({ name: 'app', driver: 'overlay', attachable: true })
  await first.createSandbox({ name: 'one', networks: [{ network: 'app' }] })
  const token = await first.joinToken()
  await unheard(async () => {
    await second.joinSwarm({ engine: etcd.engine(), token, advertise: 'under0' })
    await first.leaveSwarm({ force: true })
  })
  expect(await nodes()).toEqual(second.nodes().flatMap(({ self, id }) => (self ? [id] : [])))
  expect((await engine.read(ENDPOINTS)).rows).toEqual([])
  expect(second.networks().map(({ name }) => name)).toContain('app')
  await second.removeNetwork('app')
})

it('of two nodes that leave at once, each with the other before its eyes, the last one takes the swarm along', async () => {
  const [{ controller: first }, { controller: second }] = hosts
  await first.joinSwarm({ engine: etcd.engine(), token: await second.joinToken(), advertise: 'under0' })
  await expect.poll(() => second.nodes().length).toBe(2)
  await unheard(async () => {
    await first.leaveSwarm({ force: true })
    await second.leaveSwarm({ force: true })
  })
  expect((await engine.read('')).rows).toEqual([])
})
