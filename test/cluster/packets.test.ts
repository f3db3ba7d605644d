import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Endpoint, Network, Sandbox } from '../../lib/index.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { run, runAsync } from '../support/run.ts'
import { Fleet } from './fleet.ts'

let fleet: Fleet
let etcd: EtcdCluster

const node = (index: number) => fleet.nodes[index] as Fleet['nodes'][number]
const all = [0, 1, 2]
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 25_000, interval: 50 })

interface Guest {
  readonly path: string
  readonly mac: string
  readonly address: string
  readonly address6: string
}

async function guest(index: number, name: string, as?: Guest): Promise<Guest> {
  const attachment = { network: 'app', ...(as ? { ip: as.address, ip6: as.address6, mac: as.mac } : {}) }
  const { path, id } = await node(index).call<Sandbox>('createSandbox', { name, networks: [attachment] })
  const seats = await node(index).call<{ endpoint: Endpoint; network: Network }[]>('seats', id)
  const seat = seats.find(({ network }) => network.name === 'app')?.endpoint
  const plain = (cidr = '') => cidr.replace(/\/\d+$/, '')
  return { path, mac: seat?.mac ?? '', address: plain(seat?.address), address6: plain(seat?.address6) }
}

const ping = (from: Guest, to: string, ...more: string[]) => run(['ping', '-c', '1', '-W', '2', ...more, to], { netns: from.path }).status

beforeAll(async () => {
  fleet = new Fleet(3)
  etcd = await EtcdCluster.start(fleet.nodes)
  await Promise.all(fleet.nodes.map((each) => each.start('overlay')))
  await node(0).call('initSwarm', { engine: etcd.engine(), heartbeat: 2 })
  const token = await node(0).call('joinToken')
  for (const index of [1, 2]) await node(index).call('joinSwarm', { engine: etcd.engine(), token })
  await node(2).call('createNetwork', { name: 'app', driver: 'overlay', attachable: true, enableIPv6: true })
  for (const index of all)
    await eventually(async () => expect((await node(index).call<Network[]>('networks')).map(({ name }) => name)).toContain('app'))
}, 60_000)
afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

describe('sandboxes on a network of the swarm', () => {
  it('reach one another by both families, up to the last byte, and leave no trace', async () => {
    const guests = await Promise.all(all.map((index) => guest(index, `g${index}`)))
    for (const from of guests)
      for (const to of guests) {
        if (from === to) continue
        await eventually(() => expect(ping(from, to.address)).toBe(0))
        await eventually(() => expect(ping(from, to.address6)).toBe(0))
        expect(ping(from, to.address, '-M', 'do', '-s', String(1450 - 28))).toBe(0)
        expect(ping(from, to.address, '-M', 'do', '-s', String(1451 - 28))).not.toBe(0)
      }
    for (const index of all) expect(await node(index).call('verify', 'app')).toMatchObject({ differences: [] })
    // Nothing is lost while a daemon is killed and comes back, nor while etcd has no majority.
    const [first, second, third] = guests as [Guest, Guest, Guest]
    const flow = runAsync(['ping', '-i', '0.01', '-c', '500', '-q', third.address], { netns: first.path })
    await node(0).kill()
    for (const member of [1, 2]) await etcd.kill(member)
    await node(0).start('overlay')
    for (const member of [1, 2]) etcd.run(member)
    for (const member of [1, 2]) await etcd.ready(member)
    expect((await flow).stdout).toContain('500 received, 0% packet loss')
    for (const index of all) expect(await node(index).call('verify', 'app')).toMatchObject({ differences: [] })
    // The same address and MAC on another node: whoever asks is answered from there.
    await node(1).call('removeSandbox', 'g1')
    const moved = await guest(2, 'moved', second)
    expect(moved.address).toBe(second.address)
    await eventually(() => expect(ping(first, moved.address)).toBe(0))
    for (const [index, names] of [['g0'], [], ['g2', 'moved']].entries())
      for (const name of names) await node(index).call('removeSandbox', name)
    await node(1).call('removeNetwork', 'app')
    for (const index of [2, 1, 0]) await node(index).call('leaveSwarm')
  }, 60_000)
})
