import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { Etcd } from '../../lib/cluster/etcd/etcd.ts'
import { endpointKey, networkKey } from '../../lib/cluster/keys.ts'
import type { Controller, Network } from '../../lib/index.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { NodeHost } from './host.ts'

// Rows of etcd that another program wrote, or a node that has what this one has not. What is wrong with one concerns nobody else.

let etcd: EtcdCluster
let engine: Etcd
let host: NodeHost
let cnm: Controller
let app: Network
const warnings: string[] = []
const listen = ({ message }: Error) => void warnings.push(message)

beforeAll(async () => {
  process.on('warning', listen)
  etcd = await EtcdCluster.start()
  engine = new Etcd(etcd.engine())
  host = new NodeHost('10.99.0.1')
  // With tunnels that are real.
  cnm = host.controller = await host.open()
  await cnm.initSwarm({ engine: etcd.engine(), heartbeat: 60, advertise: 'under0' })
  app = await cnm.createNetwork({ name: 'app', driver: 'overlay', attachable: true, internal: true })
  await cnm.createSandbox({ name: 'stays', networks: [{ network: 'app' }] })
})
afterAll(async () => {
  process.off('warning', listen)
  engine?.close()
  await host?.[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

const written: string[] = []
async function write(key: string, value: object): Promise<void> {
  written.push(key)
  await engine.transact({ when: [], then: [{ put: key, value: JSON.stringify(value) }] })
}
afterEach(async () => {
  await engine.transact({ when: [], then: written.splice(0).map((key) => ({ delete: key })) })
  await vi.waitFor(() => expect(peers()).toEqual([]))
})

const endpointOn = (networkId: string, endpointId: string, last: number) => ({
  ...{ endpointId, networkId, nodeId: 'far', vtep: '10.99.0.2', mac: `02:00:00:00:00:0${last}`, sandbox: endpointId },
  address: `10.0.1.20${last}/24`,
})
const peers = () => cnm.peers('app').map(({ endpointId }) => endpointId)

/** What came with the odd row is known, verbs go on, and the next process begins. */
async function goesOn(): Promise<void> {
  await write(endpointKey(app.id, 'good'), endpointOn(app.id, 'good', 1))
  await vi.waitFor(() => expect(peers()).toEqual(['good']), { timeout: 5000 })
  await cnm.createSandbox({ name: 'new', networks: [{ network: 'app' }] })
  await cnm.removeSandbox('new')
  await cnm.close()
  cnm = host.controller = await host.open()
  expect(peers()).toEqual(['good'])
  expect(await cnm.verify('app')).toMatchObject({ peers: 1, differences: [] })
}

it.each([
  ['a MAC address that is none', { mac: 'x' }],
  ['one of a group', { mac: '01:00:5e:00:00:01' }],
  ['a host that is no address', { vtep: 'node2' }],
  ['an address that is none', { address: '10.0.1' }],
  ['one without its prefix', { address: '10.0.1.9' }],
  ['one of the other family', { address6: '10.0.1.9/24' }],
  ['another network', { networkId: 'elsewhere' }],
  ['another id', { endpointId: 'else' }],
])('an endpoint with %s is told of, and counts as absent', async (_, odd) => {
  const key = endpointKey(app.id, 'odd')
  warnings.length = 0
  await write(key, { ...endpointOn(app.id, 'odd', 2), ...odd })
  await goesOn()
  expect(warnings.join('\n')).toContain(`the row ${key} in etcd at`)
})

it.each([
  ['an IPAM plugin that this host has not', { ipam: { driver: 'theirs', options: {}, plugin: true } }],
  ['an IPAM driver that this program does not bring', { ipam: { driver: 'theirs', options: {} } }],
  ['a subnet that is none', { pools: [{ family: 4, id: 'x', subnet: 'x', gateway: 'y', aux: {} }] }],
  ['an option that this program does not know', { options: { 'com.docker.network.driver.overlay.vxlanid_list': '5000', 'cnm.new': '1' } }],
  ['no VNI', { options: {} }],
])('a network with %s keeps nobody from the others', async (_, odd) => {
  const pools = [{ family: 4, id: 'GlobalDefault/10.7.0.0/24', subnet: '10.7.0.0/24', gateway: '10.7.0.1/24', aux: {} }]
  const options = { 'com.docker.network.driver.overlay.vxlanid_list': '5000' }
  await write(networkKey('odd'), { ...app, id: 'odd', name: 'odd', options, pools, ...odd })
  await write(endpointKey('odd', 'there'), { ...endpointOn('odd', 'there', 4), address: '10.7.0.4/24' })
  await vi.waitFor(() => expect(cnm.networks().map(({ name }) => name)).toContain('odd'), { timeout: 5000 })
  await goesOn()
  await cnm.createNetwork({ name: 'next', driver: 'overlay', attachable: true, internal: true })
  await cnm.createSandbox({ name: 'new', networks: [{ network: 'next' }] })
  await cnm.removeSandbox('new')
  await cnm.removeNetwork('next')
})
