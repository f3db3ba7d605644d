import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EtcdCluster } from '../support/etcd.ts'
import { eventually } from '../support/eventually.ts'
import { ask, passes, pings, reaches, serve } from '../support/traffic.ts'
import { Daemon } from './daemon.ts'
import { Fleet, WORLD } from './fleet.ts'

const rows = async (node: Daemon) => (await node.must('network ls --format {{.Name}}|{{.Driver}}|{{.Scope}}')).split('\n')
const ids = async (node: Daemon, scope: string) => (await node.must(`network ls --no-trunc -q --filter scope=${scope}`)).split('\n').sort()

const LOCAL = ['bridge|bridge|local', 'host|host|local', 'none|null|local']
const FIVE = ['bridge|bridge|local', 'docker_gwbridge|bridge|local', 'host|host|local', 'ingress|overlay|swarm', 'none|null|local']

/** What a sandbox is reached by, from its own network and from outside of the host. */
interface Box {
  readonly path: string
  readonly addresses: readonly string[]
}

async function boxOn(node: Daemon, n: number): Promise<Box> {
  await node.must(`sandbox create --name s${n} --network app --network four --network six -p 8080:80`)
  return node.ask((cnm) => ({
    path: cnm.sandbox(`s${n}`).path,
    addresses: cnm
      .seats(`s${n}`)
      .filter(({ network }) => network.scope === 'swarm')
      .flatMap(({ endpoint: { address, address6 } }) => [address, address6])
      .flatMap((cidr) => cidr?.replace(/\/\d+$/, '') ?? []),
  }))
}

describe.concurrent.each([
  { underlay: 4 as const, mtu: 1450 },
  { underlay: 6 as const, mtu: 1430 },
])('a daemon on each of three hosts with an IPv$underlay underlay, and a member of etcd beside it', ({ underlay, mtu }) => {
  it('are one swarm whose sandboxes reach one another by all families, and the rest of the world; and nothing stays', async () => {
    await using fleet = new Fleet(3, Daemon, underlay)
    await using etcd = await EtcdCluster.start(fleet.nodes)
    await Promise.all(fleet.nodes.map((node) => node.start()))
    const [first, second, third] = fleet.nodes as [Daemon, Daemon, Daemon]
    const said = await first.must(`swarm init --engine ${etcd.engine()} --advertise-addr ${first.host}`)
    const join_ = /cnm (swarm join .*)/.exec(said)?.[1] ?? ''
    for (const node of [second, third]) await node.must(`${join_} --advertise-addr ${node.host}`)
    for (const node of fleet.nodes) await eventually(async () => expect(await rows(node)).toEqual(FIVE))

    await first.must('network create -d overlay --attachable --ipv6 app')
    await second.must('network create -d overlay --attachable four')
    await third.must('network create -d overlay --attachable --ipv4=false --ipv6 six')
    const shared = await eventually(async () => {
      const known = await Promise.all(fleet.nodes.map((node) => ids(node, 'swarm')))
      expect(known[0]).toHaveLength(4)
      for (const other of known) expect(other).toEqual(known[0])
      return known[0] ?? []
    })
    for (const id of shared) expect(id).toMatch(/^[0-9a-z]{25}$/)
    const local = (await Promise.all(fleet.nodes.map((node) => ids(node, 'local')))).flat()
    expect(new Set(local).size).toBe(12)

    const boxes = await Promise.all(fleet.nodes.map(boxOn))
    for (const { addresses } of boxes) expect(addresses.map((address) => address.includes(':'))).toEqual([false, true, false, true])
    const pairs = boxes.flatMap((from) => boxes.filter((to) => to !== from).map((to) => ({ from, to })))
    await eventually(async () => {
      for (const node of fleet.nodes)
        for (const name of ['app', 'four', 'six']) {
          const { peers, differences } = await node.ask((cnm) => cnm.verify(name))
          expect([peers, differences]).toEqual([2, []])
        }
    })
    const reached = await Promise.all(pairs.flatMap(({ from, to }) => to.addresses.map((address) => pings(from.path, address))))
    expect(reached).toEqual(pairs.flatMap(() => [true, true, true, true]))
    const edge = pairs.flatMap(({ from, to }) =>
      to.addresses.map((address) => [passes(from.path, address, mtu), passes(from.path, address, mtu + 1)]),
    )
    expect(await Promise.all(edge.map((both) => Promise.all(both)))).toEqual(edge.map(() => [true, false]))
    for (const [index, { path }] of boxes.entries()) {
      await using _server = await serve(path, 'tcp', '::', 80)
      const others = boxes.filter((box) => box.path !== path)
      // Both families from each of them, on two networks.
      const asked = others.flatMap((other, from) => [2 * from, 2 * from + 1].map((nth) => ({ other, nth })))
      const seen = await Promise.all(asked.map(({ other, nth }) => ask(other.path, 'tcp', boxes[index]?.addresses[nth] ?? '', 80)))
      expect(seen).toEqual(asked.map(({ other, nth }) => other.addresses[nth]))
      // By the gateway network, there and in.
      expect(await reaches(path, WORLD)).toBe(true)
      expect(await ask(fleet.world, 'tcp', `192.0.2.${index + 1}`, 8080)).toBe('192.0.2.254')
    }
    for (const node of fleet.nodes) expect((await node.ask((cnm) => cnm.examine())).findings).toEqual([])

    for (const [n, node] of fleet.nodes.entries()) await node.must(`sandbox rm s${n}`)
    await first.must('network rm app four six')
    for (const node of [third, second, first]) await node.must('swarm leave')
    for (const node of fleet.nodes) expect(await rows(node)).toEqual(LOCAL)
    expect(fleet.nodes.flatMap(({ run }) => readdirSync(join(run, 'netns')))).toEqual([])
  })
})
