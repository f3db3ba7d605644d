// Three hosts with a daemon and a member of etcd each, packets on their way all the time, and one thing after another that goes
// wrong. Longer, with figures: npm run soak:swarm [ENDPOINTS] [SECONDS].

import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CreateSandbox } from '../../lib/index.ts'
import { Daemon } from '../cluster/daemon.ts'
import { Fleet } from '../cluster/fleet.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { Flow, type Passed, together } from '../support/flow.ts'
import { must } from '../support/run.ts'
import { pings } from '../support/traffic.ts'

const [ENDPOINTS = 30, SECONDS = 1] = (process.env['CNM_SOAK_SWARM'] ?? '').split(' ').filter(Boolean).map(Number)
/** Of a node, in seconds; three missed, and it is down. */
const HEARTBEAT = 5
const PATIENCE = 20_000 + 1_000 * (SECONDS + ENDPOINTS)
const LONG = 3 * PATIENCE

let fleet: Fleet<Daemon>
let etcd: EtcdCluster
const figures: string[] = []

const NODES = [0, 1, 2]
const NETWORKS = ['app', 'mass']
const at = (index: number): Daemon => fleet.nodes[index % NODES.length] as Daemon
const eventually = <T>(check: () => T) => vi.waitFor(check, { timeout: PATIENCE, interval: 50 })

interface Box {
  readonly path: string
  /** By network. */
  readonly addresses: Readonly<Record<string, string>>
}
let boxes: Box[]

async function box(index: number, request: CreateSandbox): Promise<Box> {
  return at(index).ask(async (cnm) => {
    const { id, path } = await cnm.createSandbox(request)
    const own = cnm.seats(id).map(({ network, endpoint }) => [network.name, endpoint.address?.replace(/\/\d+$/, '') ?? ''] as const)
    return { path, addresses: Object.fromEntries(own) }
  })
}

/** Everybody to the next one, on each network; `only` those that begin and end on these nodes. */
const flows = (only = NODES): Flow[] =>
  NODES.flatMap((from) =>
    NODES.filter((to) => to !== from && only.includes(from) && only.includes(to)).map((to) => [from, to] as const),
  ).flatMap(([from, to]) => NETWORKS.map((network) => new Flow(boxes[from]?.path ?? '', boxes[to]?.addresses[network] ?? '')))

const ended = async (running: readonly Flow[]): Promise<Passed> => together(await Promise.all(running.map((flow) => flow.end())))

/** No row of any node differs from what should be there, and no address or MAC is anywhere twice. */
async function settled(): Promise<void> {
  const everybody = await Promise.all(NODES.map((index) => at(index).ask((cnm) => NETWORKS.map((name) => cnm.guests(name)))))
  for (const [n, name] of NETWORKS.entries()) {
    const own = everybody.map((guests) => guests[n]?.map(({ endpoint }) => endpoint) ?? [])
    for (const of of ['address', 'address6', 'mac'] as const)
      expect(new Set(own.flat().map((endpoint) => endpoint[of])).size, of).toBe(own.flat().length)
    for (const index of NODES) {
      const others = own.flat().length - (own[index]?.length ?? 0)
      const { peers, rows, differences } = await at(index).ask((cnm) => cnm.verify(name))
      expect({ peers, rows, differences }, `${name} on node ${index}`).toEqual({ peers: others, rows: 3 * others, differences: [] })
    }
  }
}

/** How long until it is so, in ms. */
async function untilSettled(): Promise<number> {
  const since = performance.now()
  await eventually(settled)
  return Math.round(performance.now() - since)
}

function report(what: string, { sent, lost, gap }: Passed, more: string): void {
  figures.push(`${what}: ${lost} of ${sent} lost, longest gap ${gap} ms; ${more}`)
}

beforeAll(async () => {
  fleet = new Fleet(3, Daemon)
  etcd = await EtcdCluster.start(fleet.nodes)
  await Promise.all(fleet.nodes.map((node) => node.start()))
  const engine = etcd.engine()
  await at(0).ask((cnm) => cnm.initSwarm({ engine, heartbeat: HEARTBEAT, advertise: at(0).host }))
  const token = await at(0).ask((cnm) => cnm.joinToken())
  for (const index of [1, 2]) await at(index).ask((cnm) => cnm.joinSwarm({ engine, token, advertise: at(index).host }))
  const shared = { driver: 'overlay', attachable: true, enableIPv6: true }
  await at(0).ask((cnm) => cnm.createNetwork({ ...shared, name: 'app' }))
  await at(1).ask((cnm) => cnm.createNetwork({ ...shared, name: 'mass', internal: true, ipam: { config: [{ subnet: '10.60.0.0/16' }] } }))
  for (const index of NODES) await eventually(() => at(index).ask((cnm) => NETWORKS.map((name) => cnm.network(name))))
  boxes = await Promise.all(NODES.map((index) => box(index, { name: `s${index}`, networks: NETWORKS.map((network) => ({ network })) })))
  await eventually(settled)
})
afterAll(async () => {
  if (process.env['CNM_SOAK_SWARM'] !== undefined) console.log(figures.join('\n'))
  await fleet?.[Symbol.asyncDispose]()
  await etcd?.[Symbol.asyncDispose]()
})

describe('with packets on their way', { timeout: LONG }, () => {
  it('a daemon is killed and comes back: none is lost', async () => {
    const running = flows()
    await Promise.all(running.map((flow) => flow.passes()))
    await at(1).kill()
    await at(1).start()
    const took = await untilSettled()
    const passed = await ended(running)
    report('a daemon killed and started again', passed, `no difference anywhere ${took} ms after its start`)
    expect(passed.lost).toBe(0)
  })

  it('the leader of etcd is killed: none is lost, and what is asked for meanwhile is done', async () => {
    const running = flows()
    const leader = await etcd.leader()
    await etcd.kill(leader)
    const asked = performance.now()
    await box(leader + 1, { name: 'meanwhile', networks: [{ network: 'app' }] })
    const took = Math.round(performance.now() - asked)
    etcd.run(leader)
    await etcd.ready(leader)
    await eventually(settled)
    const passed = await ended(running)
    report('the leader of etcd killed', passed, `an attachment took ${took} ms`)
    expect(passed.lost).toBe(0)
    await at(leader + 1).ask((cnm) => cnm.removeSandbox('meanwhile'))
  })

  it('etcd has no majority for a while: none is lost, changes are refused, and everything agrees when it is back', async () => {
    const running = flows()
    for (const member of [1, 2]) await etcd.kill(member)
    const refused = at(0).ask((cnm) => cnm.createSandbox({ networks: [{ network: 'app' }] }))
    await expect(refused).rejects.toMatchObject({ code: 'ENGINE_LOST' })
    await pause(1000 * SECONDS)
    const found = (await at(0).ask((cnm) => cnm.examine())).findings
    expect(found.map(({ code, subject }) => [code, subject])).toEqual([['ENGINE_AWAY', 'swarm']])
    for (const member of [1, 2]) etcd.run(member)
    for (const member of [1, 2]) await etcd.ready(member)
    const took = await untilSettled()
    const passed = await ended(running)
    report(`no majority of etcd for ${SECONDS} s and more`, passed, `no difference anywhere ${took} ms after it was back`)
    expect(passed.lost).toBe(0)
  })

  it('a node is cut off until the others have given it up: none is lost between those, and it is back when it is', async () => {
    const [those, cut] = [flows([0, 1]), [0, 1].map((from) => new Flow(boxes[from]?.path ?? '', boxes[2]?.addresses['app'] ?? ''))]
    await Promise.all([...those, ...cut].map((flow) => flow.passes()))
    fleet.cable(2, 'down')
    const since = performance.now()
    await eventually(async () => expect(await at(0).ask((cnm) => cnm.peers('app'))).toHaveLength(1))
    const forgotten = Math.round(performance.now() - since)
    await pause(1000 * SECONDS)
    fleet.cable(2, 'up')
    const healed = performance.now()
    await Promise.all(cut.map((flow) => flow.passes()))
    const reached = Math.round(performance.now() - healed)
    const took = await untilSettled()
    const [passed, to] = [await ended(those), await ended(cut)]
    report(`a node cut off for ${SECONDS} s and more, between the others`, passed, `given up after ${forgotten} ms`)
    report('  to the node', to, `reached ${reached} ms after the cable was in, no difference anywhere ${took} ms later`)
    expect(passed.lost).toBe(0)
  })

  it('an endpoint comes up elsewhere with the same address and MAC address: everybody reaches it there', async () => {
    const same = { ip: '10.60.200.1', mac: '02:00:00:00:77:01', network: 'mass' }
    const rounds = ENDPOINTS / 10
    await box(0, { name: 'nomad', networks: [same] })
    const running = flows()
    const moves = NODES.map((index) => new Flow(boxes[index]?.path ?? '', same.ip))
    await Promise.all(moves.map((flow) => flow.passes()))
    const took: number[] = []
    for (let round = 0; round < rounds; round++) {
      await at(round).ask((cnm) => cnm.removeSandbox('nomad'))
      await box(round + 1, { name: 'nomad', networks: [same] })
      const back = performance.now()
      await Promise.all(moves.map((flow) => flow.passes()))
      took.push(Math.round(performance.now() - back))
    }
    await eventually(settled)
    const [passed, to] = [await ended(running), await ended(moves)]
    report(`${rounds} moves with the same address and MAC, others`, passed, `no difference anywhere`)
    report('  to who moves', to, `reached by all at most ${Math.max(...took)} ms after its attachment returned`)
    expect(passed.lost).toBe(0)
    await at(rounds).ask((cnm) => cnm.removeSandbox('nomad'))
  })

  it('rows are deleted, altered and learned by hand: they are what they should be again, without being asked', async () => {
    const running = flows()
    const home = await at(0).home('app')
    const peers = await at(0).ask((cnm) => cnm.peers('app'))
    const [one, two] = peers
    const ip = (cidr = '') => cidr.replace(/\/\d+$/, '')
    const damage = [
      ['bridge', 'fdb', 'del', one?.mac ?? '', 'dev', 'vxlan0'],
      ['bridge', 'fdb', 'replace', two?.mac ?? '', 'dev', 'vxlan0', 'dst', '10.99.0.77'],
      ['bridge', 'fdb', 'add', '02:00:00:00:00:99', 'dev', 'vxlan0', 'dst', at(2).host, 'dynamic'],
      ['ip', 'neigh', 'del', ip(one?.address), 'dev', 'vxlan0'],
      ['ip', 'neigh', 'replace', ip(two?.address6), 'lladdr', one?.mac ?? '', 'dev', 'vxlan0', 'nud', 'permanent'],
      ['ip', 'neigh', 'add', ip(one?.address).replace(/\d+$/, '253'), 'lladdr', one?.mac ?? '', 'dev', 'vxlan0', 'nud', 'reachable'],
    ]
    await Promise.all(running.map((flow) => flow.passes()))
    for (const argv of damage) must(argv, { netns: home })
    const guarded = await untilSettled()
    await Promise.all(running.map((flow) => flow.passes()))
    for (const argv of damage) must(argv, { netns: home })
    const since = performance.now()
    expect(await at(0).cnm('network verify --repair app')).toMatchObject({ status: 0 })
    const asked = Math.round(performance.now() - since)
    await settled()
    const passed = await ended(running)
    report('six rows altered by hand, twice', passed, `put right ${guarded} ms later on guard, in ${asked} ms when asked`)
    expect(passed.lost).toBeGreaterThan(0)
  })

  it('very many are made anew elsewhere at once: none of the others is lost, and each is where it is', async () => {
    const share = (index: number) => Array.from({ length: Math.ceil(ENDPOINTS / 3) }, (_, n) => ({ from: index, n }))
    const all = NODES.flatMap(share)
    const addressOf = (from: number, n: number) => `10.60.${100 + 10 * from + (n >> 7)}.${1 + (n & 127)}`
    const request = ({ from, n }: { from: number; n: number }): CreateSandbox => {
      const mac = `02:00:00:${[from, n >> 8, n & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
      return { name: `m${from}-${n}`, networks: [{ network: 'mass', ip: addressOf(from, n), mac }] }
    }
    const began = performance.now()
    await Promise.all(
      NODES.map((index) => at(index).ask((cnm) => Promise.all(share(index).map((each) => cnm.createSandbox(request(each)))))),
    )
    const made = Math.round(performance.now() - began)
    const agreed = await untilSettled()
    const running = flows()
    await Promise.all(running.map((flow) => flow.passes()))
    const since = performance.now()
    await Promise.all(
      NODES.map((index) =>
        at(index).ask((cnm) =>
          at(index + 1).ask((next) =>
            Promise.all(
              share(index).map(async (each) => {
                const { name = '' } = request(each)
                await cnm.removeSandbox(name)
                await next.createSandbox(request(each))
              }),
            ),
          ),
        ),
      ),
    )
    const redeployed = Math.round(performance.now() - since)
    const took = await untilSettled()
    const passed = await ended(running)
    figures.push(`${all.length} endpoints made: ${made} ms; no difference anywhere ${agreed} ms later`)
    report(`${all.length} endpoints redeployed at once`, passed, `${redeployed} ms; no difference anywhere ${took} ms later`)
    expect(passed.lost).toBe(0)
    const some = all.filter((_, nth) => nth % Math.ceil(all.length / 30) === 0).map(({ from, n }) => addressOf(from, n))
    for (const { path } of boxes) expect(await Promise.all(some.map((address) => pings(path, address)))).toEqual(some.map(() => true))
    await Promise.all(
      NODES.map((index) =>
        at(index + 1).ask((next) => Promise.all(share(index).map((each) => next.removeSandbox(request(each).name ?? '')))),
      ),
    )
    await eventually(settled)
  })
})
