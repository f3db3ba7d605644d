import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { Etcd } from '../../lib/cluster/etcd/etcd.ts'
import { heldKey, STATE } from '../../lib/cluster/keys.ts'
import type { Controller } from '../../lib/index.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { eventually } from '../support/eventually.ts'
import { must, run } from '../support/run.ts'
import { NodeHost } from './host.ts'

// What is done on this host while the other nodes are asked, and what is left of it when they do not agree.

let etcd: EtcdCluster
let engine: Etcd
let host: NodeHost
let cnm: Controller
let app: string
let inside: string

/** But for those that wait to be deleted. */
const links = (): { ifname: string; flags: string[]; addr_info: object[] }[] =>
  JSON.parse(run(['ip', '-j', 'addr', 'show'], { netns: inside }).stdout).filter(
    ({ ifname }: { ifname: string }) => ifname !== 'lo' && !ifname.startsWith('gone'),
  )
/** Of the network, here. */
const ports = () => {
  const netns = `${host.run}/netns/net-${app.slice(0, 12)}`
  const shown = run(['ip', '-j', 'link', 'show', 'type', 'veth'], { netns }).stdout
  return JSON.parse(shown).filter(({ ifname }: { ifname: string }) => !ifname.startsWith('gone')).length
}
/** All that etcd has of this node's endpoints and addresses. */
const told = async () => {
  const [state, held] = await Promise.all([engine.read(`${STATE}endpoints/`), engine.read('held/')])
  return [...state.rows, ...held.rows].map(({ key, value }) => [key, value])
}

beforeAll(async () => {
  etcd = await EtcdCluster.start()
  engine = new Etcd(etcd.engine())
  host = new NodeHost('10.99.0.1')
  // With tunnels that are real.
  cnm = host.controller = await host.open()
  await cnm.initSwarm({ engine: etcd.engine(), heartbeat: 60, advertise: 'under0' })
  app = (await cnm.createNetwork({ name: 'app', driver: 'overlay', attachable: true, internal: true })).id
  await cnm.createSandbox({ name: 'stays', networks: [{ network: 'app' }] })
  await cnm.createSandbox({ name: 'web', networks: [] })
  inside = cnm.sandbox('web').path
})
afterAll(async () => {
  engine?.close()
  await host?.[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

let before: unknown
beforeEach(async () => {
  before = [await told(), ports(), await cnm.usage('app')]
})
const nothingIsLeft = async () => {
  expect([links(), cnm.seats('web')]).toEqual([[], []])
  expect([await told(), ports(), await cnm.usage('app')]).toEqual(before)
}

it('a sandbox has no address, and no link that is up, before the others have agreed', async () => {
  etcd.freeze(0)
  const connecting = cnm.connect('web', { network: 'app' })
  await vi.waitFor(() => expect(links()).toHaveLength(1), { timeout: 1500, interval: 10 })
  const [link] = links()
  expect([link?.ifname, link?.addr_info, link?.flags.includes('UP')]).toEqual(['eth0', [], false])
  etcd.thaw(0)
  const { address } = await connecting
  expect(links()[0]).toMatchObject({ ifname: 'eth0', addr_info: [{ local: address?.replace('/24', '') }] })
  expect(links()[0]?.flags).toContain('UP')
  await cnm.disconnect('web', 'app')
  await nothingIsLeft()
})

it('nothing is left where somebody else has the address, and what is given instead is another one', async () => {
  const other = heldKey(app, '10.0.1.50')
  await engine.transact({ when: [], then: [{ put: other, value: 'elsewhere another' }] })
  await expect(cnm.connect('web', { network: 'app', ip: '10.0.1.50' })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
  await engine.transact({ when: [], then: [{ delete: other }] })
  expect(links()).toEqual([])
  const [next] = [cnm.seats('stays')[0]?.endpoint.address?.replace(/(\d+)\/24/, (_, last) => String(Number(last) + 1)) ?? '']
  await engine.transact({ when: [], then: [{ put: heldKey(app, next), value: 'elsewhere another' }] })
  const { address } = await cnm.connect('web', { network: 'app' })
  expect(address).not.toBe(`${next}/24`)
  expect(links()).toHaveLength(1)
  await engine.transact({ when: [], then: [{ delete: heldKey(app, next) }] })
  await cnm.disconnect('web', 'app')
  expect(links()).toEqual([])
})

it.each([
  ['at once', { 'com.docker.network.endpoint.ifname': 'own0' }, 'own0'],
  ['at its end', { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.nothing_like_that=1' }, 'nothing_like_that'],
])('nothing is left where the kernel refuses %s what the others agree to', async (_, options, word) => {
  must(['ip', 'link', 'add', 'own0', 'type', 'veth', 'peer', 'name', 'own1'], { netns: inside })
  await expect(cnm.connect('web', { network: 'app', options })).rejects.toThrow(word)
  must(['ip', 'link', 'del', 'own0'], { netns: inside })
  await nothingIsLeft()
})

it('nothing is left of what is called off while the others are asked', async () => {
  etcd.freeze(0)
  const off = new AbortController()
  const connecting = cnm.connect('web', { network: 'app' }, { signal: off.signal })
  await vi.waitFor(() => expect(links()).toHaveLength(1), { timeout: 1500, interval: 10 })
  off.abort(new Error('called off'))
  etcd.thaw(0)
  await expect(connecting).rejects.toThrow('called off')
  await nothingIsLeft()
})

it('nothing is left where nobody answers', async () => {
  await etcd.kill(0)
  await expect(cnm.connect('web', { network: 'app' })).rejects.toMatchObject({ code: 'ENGINE_LOST' })
  expect([links(), cnm.seats('web')]).toEqual([[], []])
  etcd.run(0)
  await etcd.ready(0)
  await eventually(nothingIsLeft)
})
