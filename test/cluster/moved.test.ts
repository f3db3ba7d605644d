import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { eventually } from '../support/eventually.ts'
import { NodeHost } from './host.ts'

let etcd: EtcdCluster
let host: NodeHost
let other: NodeHost
let cnm: Controller

beforeAll(async () => {
  etcd = await EtcdCluster.start()
  host = new NodeHost('10.99.0.1')
  other = new NodeHost('10.99.0.2')
  for (const each of [host, other]) await (await each.begin()).enterSwarm({ engine: etcd.engine(), heartbeat: 1, advertise: 'under0' })
  cnm = host.controller
  await cnm.createNetwork({ name: 'app', driver: 'overlay', attachable: true, internal: true })
  await cnm.createSandbox({ name: 'web', networks: [{ network: 'app' }] })
})
afterAll(async () => {
  await host?.[Symbol.asyncDispose]()
  await other?.[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

/** The same etcd with a member more, which does not answer; or nothing but that one. */
const longer = () => etcd.engine().replace('etcd://', 'etcd://127.0.0.1:1,')
const elsewhere = 'etcd://127.0.0.1:1/cnm'
const membership = () => cnm.swarm()?.membership

it('a list of members that has another swarm, or none that answers, changes nothing', async () => {
  const before = membership()
  await expect(cnm.enterSwarm({ engine: etcd.engine('/other') })).rejects.toMatchObject({ code: 'SWARM_MEMBER' })
  await expect(cnm.enterSwarm({ engine: elsewhere })).rejects.toMatchObject({ code: 'ENGINE_LOST' })
  expect(membership()).toEqual(before)
  expect(cnm.nodes().map(({ status }) => status)).toEqual(['ready', 'ready'])
})

it('another list of the members that have this swarm is the one from then on, and nobody notices', async () => {
  const before = [cnm.networks(), cnm.seats('web'), membership()?.node]
  expect(await cnm.enterSwarm({ engine: longer(), advertise: 'under0' })).toMatchObject({ engine: longer() })
  expect([cnm.networks(), cnm.seats('web'), membership()?.node]).toEqual(before)
  const { address } = await other.controller.connect((await other.controller.createSandbox({ name: 'far' })).name, { network: 'app' })
  await eventually(() => expect(host.told.on(cnm.network('app').id)).toEqual([`${address} 10.99.0.2`]))
  await host.again()
  cnm = host.controller
  expect([membership()?.engine, membership()?.node]).toEqual([longer(), before[2]])
  expect(await cnm.enterSwarm({ engine: longer() })).toEqual(membership())
  expect(cnm.nodes().map(({ status, endpoints }) => `${status} ${endpoints}`)).toEqual(['ready 1', 'ready 1'])
})
