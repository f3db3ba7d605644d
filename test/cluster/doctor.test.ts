import { afterAll, beforeAll, expect, it } from 'vitest'
import { Etcd } from '../../lib/cluster/etcd/etcd.ts'
import { aliveKey, ENDPOINTS, endpointKey, HELD, nodeKey, STATE } from '../../lib/cluster/keys.ts'
import type { Controller } from '../../lib/index.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { eventually } from '../support/eventually.ts'
import { must } from '../support/run.ts'
import { NodeHost } from './host.ts'

let etcd: EtcdCluster
let engine: Etcd
let host: NodeHost
let cnm: Controller
let app: string

/** With tunnels that are real. */
const begin = async () => {
  cnm = host.controller = await host.open()
}

beforeAll(async () => {
  etcd = await EtcdCluster.start()
  engine = new Etcd(etcd.engine())
  host = new NodeHost('10.99.0.1')
  await begin()
  await cnm.initSwarm({ engine: etcd.engine(), heartbeat: 3, advertise: 'under0' })
  app = (await cnm.createNetwork({ name: 'app', driver: 'overlay', attachable: true, internal: true })).id
  await cnm.createSandbox({ name: 'web', networks: [{ network: 'app' }] })
})
afterAll(async () => {
  engine?.close()
  await host?.[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

const told = (findings: Awaited<ReturnType<Controller['findings']>>) =>
  findings.map(({ code, subject, what, fix }) => [code, subject, what, fix])
const found = async () => told(await cnm.findings())
const examined = async () => told((await host.examine()).findings)
const write = (...then: Parameters<Etcd['transact']>[0]['then']) => engine.transact({ when: [], then })
const self = () => cnm.swarm()?.membership.node.id ?? ''

it('nothing is found on a node that is well', async () => {
  expect(await found()).toEqual([])
})

it('networks that come with a swarm: one is made again, the other was somebody’s wish', async () => {
  const { pools } = cnm.network('docker_gwbridge')
  await cnm.removeNetwork('docker_gwbridge')
  await cnm.removeNetwork('ingress')
  const gone = 'every swarm has it, and it is not there'
  const ingress = ['NETWORK_MISSING', 'network ingress', gone, 'cnm network create -d overlay --ingress ingress']
  for (let again = 0; again < 2; again++)
    expect(await found()).toEqual([['NETWORK_MISSING', 'network docker_gwbridge', gone, 'cnm repair'], ingress])
  await cnm.examine()
  expect(cnm.networks().map(({ name }) => name)).not.toContain('docker_gwbridge')
  expect(told((await cnm.repair()).left)).toEqual([ingress])
  // Whoever only looked has claimed no subnet.
  expect(cnm.network('docker_gwbridge').pools).toEqual(pools)
  await cnm.createNetwork({ name: 'ingress', driver: 'overlay', ingress: true })
  expect(await found()).toEqual([])
})

it('a host that is not on the underlay any more, whether the tunnel is there or not', async () => {
  const lost = 'no link of this host has the data path address 10.99.0.1'
  must(['ip', 'addr', 'del', '10.99.0.1/24', 'dev', 'under0'], { netns: host.host })
  const gone = ['UNDERLAY_GONE', 'host', `${lost}, and networks begin there: app`, expect.any(String)]
  expect(await found()).toEqual([gone])
  const home = `${host.run}/netns/net-${app.slice(0, 12)}`
  // Lazily: somebody may be looking in.
  must(['umount', '--lazy', home])
  must(['rm', home])
  expect(await found()).toContainEqual(['NETWORK_UNFIT', 'network app', lost, expect.any(String)])
  must(['ip', 'addr', 'add', '10.99.0.1/24', 'dev', 'under0'], { netns: host.host })
  expect(await cnm.repair()).toMatchObject({ left: [], errors: [] })
})

it('a node that the others take for down announces itself again', async () => {
  await write({ delete: aliveKey(self()) })
  const down = 'this node does not show a sign of life: the others take it for down'
  expect(await found()).toEqual([['NODE_DOWN', 'swarm', down, 'cnm repair']])
  expect(await cnm.repair()).toMatchObject({ left: [], errors: [] })
  expect((await engine.read(aliveKey(self()))).rows).toHaveLength(1)
})

it('what the swarm has of a node whose controller is closed; the next one puts it right', async () => {
  const node = self()
  const [own] = cnm.endpoints()
  await cnm.close()
  expect(await examined()).toEqual([])
  const ghost = { endpointId: 'f'.repeat(64), networkId: app, nodeId: node, vtep: '10.99.0.1', mac: '02:00:00:00:00:99', sandbox: 'ghost' }
  await write(
    { put: endpointKey(app, ghost.endpointId), value: JSON.stringify({ ...ghost, address: '10.0.1.99/24' }) },
    { delete: endpointKey(app, own?.id ?? '') },
  )
  const stray = `endpoint ${'f'.repeat(12)} of sandbox ghost (10.0.1.99/24) is not on this node any more`
  expect(await examined()).toEqual([['SWARM_DRIFT', 'swarm', `${stray}, and 1 more`, 'cnm repair']])
  await write({ delete: aliveKey(node) })
  expect(await examined()).toEqual([
    ['NODE_DOWN', 'swarm', expect.any(String), 'cnm serve'],
    ['SWARM_DRIFT', 'swarm', stray, 'cnm repair'],
  ])
  await begin()
  await cnm.repair()
  expect(await found()).toEqual([])
  expect((await engine.read(`state/endpoints/${app}/`)).rows.map(({ key }) => key)).toEqual([endpointKey(app, own?.id ?? '')])
})

it('an engine that was empty for a moment takes nothing from a node, which is told all the same', async () => {
  const { rows } = await engine.read(STATE)
  const before = [cnm.networks(), cnm.seats('web')]
  await write({ deleteAll: STATE }, { deleteAll: HELD })
  await eventually(async () => expect((await found()).map(([code]) => code)).toContain('NODE_UNKNOWN'))
  await expect(cnm.createSandbox({ networks: [{ network: 'app' }] })).rejects.toMatchObject({ code: 'NODE_REMOVED' })
  expect([cnm.networks(), cnm.seats('web')]).toEqual(before)
  const lasting = rows.filter(({ key }) => key !== aliveKey(self()) && !key.startsWith(ENDPOINTS))
  await write(...lasting.map(({ key, value }) => ({ put: key, value })))
  await eventually(async () => expect(await found()).toEqual([]))
  expect((await engine.read(ENDPOINTS)).rows).toHaveLength(1)
  expect([cnm.networks(), cnm.seats('web')]).toEqual(before)
  await cnm.createSandbox({ name: 'next', networks: [{ network: 'app' }] })
  await cnm.removeSandbox('next')
})

it('an engine that is away is a finding, and so is a swarm that has removed this node', async () => {
  const node = self()
  await cnm.close()
  await write({ delete: nodeKey(node) })
  expect(await examined()).toEqual([['NODE_UNKNOWN', 'swarm', 'this node was removed from its swarm', 'cnm swarm leave --force']])
  await etcd.kill(0)
  expect(await examined()).toEqual([
    [
      'ENGINE_AWAY',
      'swarm',
      expect.stringMatching(/^the swarm cannot be changed now: etcd at .* cannot be reached/),
      'etcdctl endpoint health',
    ],
  ])
  etcd.run(0)
  await etcd.ready(0)
  await begin()
})
