import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Etcd } from '../../lib/cluster/etcd/etcd.ts'
import { aliveKey, endpointKey, networkKey, nodeKey, RING } from '../../lib/cluster/keys.ts'
import { newNodeKey, wireguardKeyOf } from '../../lib/cluster/seal.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { NodeHost } from './host.ts'

let etcd: EtcdCluster
let engine: Etcd
let host: NodeHost

beforeAll(async () => {
  etcd = await EtcdCluster.start()
  engine = new Etcd(etcd.engine())
  host = new NodeHost('10.99.0.1')
  // Of a network that is real it is known whether it is encrypted.
  host.controller = await host.open({ peers: host.told })
})
afterAll(async () => {
  engine?.close()
  await host?.[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

const write = (key: string, value: object) => engine.transact({ when: [], then: [{ put: key, value: JSON.stringify(value) }] })

it('a node that is silent is waited for once, however much the swarm tells meanwhile', async () => {
  const warnings: string[] = []
  const listen = ({ name }: Error) => void warnings.push(name)
  process.on('warning', listen)
  const { controller: cnm, told } = host
  await cnm.initSwarm({ engine: etcd.engine(), heartbeat: 60, advertise: 'under0' })
  const app = await cnm.createNetwork({ name: 'app', driver: 'overlay', attachable: true })
  await cnm.createSandbox({ name: 'stays', networks: [{ network: 'app' }] })
  const key = newNodeKey()
  const far = { id: 'far', name: 'far', address: '10.99.0.2', dataPath: '10.99.0.2', joined: 'z', publicKey: key.publicKey }
  await write(nodeKey('far'), { ...far, wireguardKey: wireguardKeyOf(key).publicKey })
  await write(aliveKey('far'), {})
  // As it is made where the kernel can encrypt.
  const options = { 'com.docker.network.driver.overlay.vxlanid_list': '5000', encrypted: '' }
  await write(networkKey('secret'), { ...app, id: 'secret', name: 'secret', pools: [], options })
  await expect.poll(async () => (await engine.read(RING)).rows.length).toBe(1)
  for (let n = 0; n < 20; n++) {
    const endpoint = { endpointId: `e${n}`, networkId: app.id, nodeId: 'far', vtep: '10.99.0.2', mac: '02:00:00:00:00:02', sandbox: 's' }
    await write(endpointKey(app.id, `e${n}`), { ...endpoint, address: `10.0.1.${200 + n}/24` })
    await expect.poll(() => told.on(app.id).length, { interval: 5 }).toBe(n + 1)
  }
  process.off('warning', listen)
  expect(warnings).not.toContain('MaxListenersExceededWarning')
})

it('what the swarm tells while a controller is opened waits until it is', async () => {
  const app = host.controller.network('app')
  await host.controller.close()
  let [busy, most] = [0, 0]
  const work = async () => {
    most = Math.max(most, ++busy)
    await pause(500)
    busy--
  }
  const opening = host.open({ peers: { set: work, change: work } })
  await expect.poll(() => busy, { interval: 5 }).toBe(1)
  const endpoint = { endpointId: 'new', networkId: app.id, nodeId: 'far', vtep: '10.99.0.2', mac: '02:00:00:00:00:02', sandbox: 's' }
  await write(endpointKey(app.id, 'new'), { ...endpoint, address: '10.0.1.240/24' })
  host.controller = await opening
  // All that was told meanwhile has had its turn.
  await host.controller.findings()
  expect([busy, most]).toEqual([0, 1])
})
