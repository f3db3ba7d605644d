import { mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op } from '../../binding.d.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { Netns } from '../../lib/netlink/namespace.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

const here = (at = 0): Netns => spaces.netns[at] ?? expect.fail(`no namespace ${at}`)
const bridges = (count: number): Op[] => Array.from({ length: count }, (_, n) => ({ op: 'link.add', name: `br${n}`, kind: 'bridge' }))
const linkCount = () => spaces.look(0, 'ip', '-j', 'link').length - 1

describe('misuse', () => {
  /** Whatever JavaScript can hand over, the types aside. */
  const call = (ops: unknown, { namespaces = spaces.netns as unknown, job = 1 as unknown } = {}) =>
    addon().apply(namespaces as Netns[], ops as Op[], job as number)
  const address = new Uint8Array(4)
  const add = { op: 'link.add', name: 'x', kind: 'bridge' }
  const addr = { op: 'addr.add', link: 'x', address, prefix: 24 }
  const tbf = { rate: 8, burst: 9, limit: 9 }
  const qdisc = { op: 'qdisc.add', link: 'x', kind: 'tbf', tbf }
  const netem = { op: 'qdisc.add', link: 'x', kind: 'netem' }
  const htbClass = { op: 'class.add', link: 'x', parent: '1:', classId: '1:1', rate: 8 }
  const filter = { op: 'filter.add', link: 'x', parent: '1:', kind: 'u32', priority: 1, classId: '1:1' }
  const route = { op: 'route.add', to: address, prefix: 0 }

  it.each<[string, unknown]>([
    ['ops: expected an array', {}],
    ['ops[0]: expected an object', [1]],
    ["ops[0].op: expected the name of an op; this is 'link.ad'", [{ op: 'link.ad' }]],
    ["ops[1].at: expected a namespace's number, less than 2", [add, { ...add, at: 2 }]],
    ["ops[0].name: expected a link's name", [{ ...add, name: '' }]],
    ['ops[0].name: expected a string', [{ ...add, name: undefined }]],
    ['ops[0].name: expected a string without a zero byte', [{ ...add, name: 'a\0b' }]],
    [
      "ops[0].kind: expected one of 'bridge', 'veth', 'vxlan', 'macvlan', 'macvtap', 'ipvlan', 'vlan', 'tun', 'dummy', 'ifb', 'wireguard'",
      [{ ...add, kind: 'bond' }],
    ],
    ['ops[0].link: expected nothing, since this kind has no parent', [{ ...add, link: 'lo' }]],
    ["ops[0].link: expected a link's name or ifindex", [{ ...add, kind: 'macvlan' }]],
    ["ops[0].link: expected a link's name or ifindex", [{ ...add, kind: 'macvlan', link: 0 }]],
    ['ops[0].vxlan.dstport: expected nothing: there is no such option', [{ ...add, kind: 'vxlan', vxlan: { dstport: 4789 } }]],
    ['ops[0].vxlan.dstPort: expected an integer from 0 to 65535', [{ ...add, kind: 'vxlan', vxlan: { dstPort: 65536 } }]],
    ["ops[0].vxlan.df: expected one of 'unset', 'set', 'inherit'", [{ ...add, kind: 'vxlan', vxlan: { df: 'yes' } }]],
    ['ops[0].vxlan.srcPort: expected [lowest, highest], two ports', [{ ...add, kind: 'vxlan', vxlan: { srcPort: [2, 1] } }]],
    ['ops[0].vxlan.remote: expected nothing, beside group', [{ ...add, kind: 'vxlan', vxlan: { group: address, remote: address } }]],
    [
      'ops[0].macvlan.macAddr: expected an array of Uint8Arrays of 6 bytes',
      [{ ...add, kind: 'macvlan', link: 'lo', macvlan: { macAddr: [address] } }],
    ],
    ['ops[0].port.hairpin: expected a boolean', [{ op: 'link.set', link: 'x', port: { hairpin: 'on' } }]],
    ["ops[0].link: expected a link's name or ifindex", [{ ...qdisc, link: 0 }]],
    ["ops[0].kind: expected one of 'tbf', 'htb', 'netem', 'pfifo', 'fq_codel', 'ingress', 'clsact'", [{ ...qdisc, kind: 'sfq' }]],
    ['ops[0].tbf: expected an object', [{ ...qdisc, tbf: undefined }]],
    ['ops[0].tbf.burst: expected an integer from 0 to 4294967295', [{ ...qdisc, tbf: { rate: 8, limit: 9 } }]],
    ['ops[0].tbf.rate: expected 8 or more bits per second', [{ ...qdisc, tbf: { ...tbf, rate: 7 } }]],
    ['ops[0].tbf.rate: expected an integer from 0 to 9007199254740991', [{ ...qdisc, tbf: { ...tbf, rate: 2 ** 53 } }]],
    ['ops[0].tbf.limit: expected one of limit and latency', [{ ...qdisc, tbf: { ...tbf, latency: 1 } }]],
    ['ops[0].tbf.mtu: expected peakRate and mtu together', [{ ...qdisc, tbf: { ...tbf, mtu: 1 } }]],
    ['ops[0].tbf.speed: expected nothing: there is no such option', [{ ...qdisc, tbf: { ...tbf, speed: 1 } }]],
    ["ops[0].htb: expected nothing, since kind is not 'htb'", [{ ...qdisc, htb: {} }]],
    ["ops[0].parent: expected a handle such as '1:' or '1:10', in hexadecimal", [{ ...qdisc, parent: '1:12345' }]],
    ["ops[0].handle: expected a handle such as '1:' or '1:10', in hexadecimal", [{ ...qdisc, handle: '1x:' }]],
    [
      'ops[0].parent: expected nothing, since this kind has a place of its own',
      [{ ...qdisc, kind: 'ingress', tbf: undefined, parent: 'root' }],
    ],
    ['ops[0].htb.default: expected an integer from 0 to 65535', [{ ...qdisc, kind: 'htb', tbf: undefined, htb: { default: 65536 } }]],
    ['ops[0].netem.loss: expected a number from 0 to 100', [{ ...netem, netem: { loss: 100.5 } }]],
    ['ops[0].netem.jitter: expected nothing, since there is no delay', [{ ...netem, netem: { jitter: 1 } }]],
    ['ops[0].netem.lossCorrelation: expected nothing, since there is no loss', [{ ...netem, netem: { lossCorrelation: 1 } }]],
    ['ops[0].netem.gap: expected nothing, since there is no reorder', [{ ...netem, netem: { gap: 1 } }]],
    ["ops[0].parent: expected a handle such as '1:' or '1:10', in hexadecimal", [{ ...htbClass, parent: undefined }]],
    ['ops[0].rate: expected 8 or more bits per second', [{ ...htbClass, rate: undefined }]],
    ['ops[0].prio: expected an integer from 0 to 7', [{ ...htbClass, prio: 8 }]],
    ["ops[0].kind: expected one of 'matchall', 'u32'", [{ ...filter, kind: 'flower' }]],
    ['ops[0].priority: expected an integer from 1 to 65535', [{ ...filter, priority: 0 }]],
    ['ops[0].classId: expected a handle, or redirect', [{ ...filter, classId: undefined }]],
    ['ops[0].mtu: expected an integer from 0 to 4294967295', [{ ...add, mtu: 1.5 }]],
    ['ops[0].mac: expected a Uint8Array of 6 bytes', [{ ...add, mac: address }]],
    ['ops[0].mac: expected a Uint8Array of 6 bytes', [{ ...add, mac: new Uint16Array(6) }]],
    ['ops[0].up: expected a boolean', [{ ...add, up: 1 }]],
    ['ops[0].bridge.stp: expected a boolean', [{ ...add, bridge: { stp: 1 } }]],
    ["ops[0].peer: expected nothing, since kind is not 'veth'", [{ ...add, peer: { name: 'y', at: 0 } }]],
    ["ops[0].bridge: expected nothing, since kind is not 'bridge'", [{ ...add, kind: 'veth', bridge: {} }]],
    ["ops[0].peer.at: expected a namespace's number", [{ ...add, kind: 'veth', peer: { name: 'y' } }]],
    ["ops[0].link: expected a link's name or ifindex", [{ op: 'link.del', link: 0 }]],
    ["ops[0].link: expected a link's name or ifindex", [{ op: 'link.set', link: -1 }]],
    ['ops[0].alias: expected nothing, since a whole group is set', [{ op: 'link.set', group: 7, alias: 'x' }]],
    ['ops[0].group: expected an integer from 1 to 4294967295', [{ op: 'link.del', group: 0 }]],
    ["ops[0].link: expected a link's name or ifindex", [{ op: 'link.del' }]],
    ['ops[0].moveTo: expected nothing, beside master or port', [{ op: 'link.set', link: 'x', moveTo: 1, master: 'y' }]],
    ['ops[0].address: expected a Uint8Array of 4 or 16 bytes', [{ ...addr, address: new Uint8Array(5) }]],
    ['ops[0].prefix: expected an integer from 0 to 32', [{ ...addr, prefix: 33 }]],
    ['ops[0].via: expected a Uint8Array of 16 bytes', [{ ...route, to: new Uint8Array(16), via: new Uint8Array(4) }]],
    ["ops[0].link: expected a link's name or ifindex", [{ ...route, link: 0 }]],
    ["ops[0].op: expected the name of an op; this is 'neigh.append'", [{ op: 'neigh.append' }]],
    ["ops[0].state: expected one of 'permanent', 'static', 'dynamic'", [{ op: 'fdb.add', link: 'x', state: 'stale' }]],
    ['ops[0].port: expected an integer from 0 to 65535', [{ op: 'fdb.add', link: 'x', port: 65536 }]],
    ['ops[0].macs: expected 6 bytes for each row', [{ op: 'fdb.addMany', link: 'x', macs: address }]],
    ['ops[0].family: expected 4 or 6', [{ op: 'neigh.addMany', link: 'x', family: 5, addresses: address }]],
    [
      'ops[0].macs: expected 6 bytes for each of 1 rows',
      [{ op: 'neigh.addMany', link: 'x', family: 4, addresses: address, macs: new Uint8Array(7) }],
    ],
    [
      'ops[0].dsts: expected 4 bytes for each of 2 rows',
      [{ op: 'fdb.delMany', link: 'x', family: 4, macs: new Uint8Array(12), dsts: address }],
    ],
    [
      'ops[0].from.address: expected a Uint8Array of 16 bytes',
      [{ op: 'rule.add', family: 6, priority: 1, table: 1, from: { address, prefix: 8 } }],
    ],
    ['ops[0].path: expected a path below net/', [{ op: 'sysctl', path: 'kernel/hostname', value: '' }]],
    ['ops[0].path: expected a path below net/', [{ op: 'sysctl', path: 'net/ipv4/../../kernel/hostname', value: '' }]],
    ['ops[0].commands: expected an array', [{ op: 'nft', commands: {} }]],
  ])('%s', (message, ops) => {
    expect(() => call(ops)).toThrow(expect.objectContaining({ message, code: 'ERR_CNM_INVALID_ARG', name: 'TypeError' }))
  })

  it('of arguments beside the ops is named too', () => {
    const invalid = (message: string) => expect.objectContaining({ message, code: 'ERR_CNM_INVALID_ARG' })
    expect(() => call([], { namespaces: [{}] })).toThrow(invalid('namespaces[0]: expected a Netns'))
    expect(() => call([], { namespaces: [Object.create(here())] })).toThrow(invalid('namespaces[0]: expected a Netns'))
    expect(() => call([add], { namespaces: [] })).toThrow(invalid("ops[0].at: expected a namespace's number, but there are no namespaces"))
    expect(() => call([], { job: Number.NaN })).toThrow(invalid('job: expected a number'))
    expect(() => addon().dump(here(), 'rule' as 'link', 1)).toThrow(
      invalid(
        "table: expected 'link', 'address', 'route', 'neigh', 'fdb', 'nexthop', 'conntrack', 'linkStats', 'qdisc', 'xfrmPolicy', 'xfrmState', 'vni' or 'vlan'",
      ),
    )
    expect(() => addon().readSysctl(here(), 'net/')).toThrow(invalid('path: expected a path below net/'))
    expect(() => new (addon().Netns)()).toThrow(invalid('Netns: expected Netns.at(path) or Netns.current(), not new'))
    const current = Netns.current()
    const del = { op: 'netns.del' }
    expect(() => call([del], { namespaces: [current] })).toThrow(invalid('ops[0].at: expected the number of a namespace with a path'))
    current.close()
  })

  it('lets errors of getters and of JSON through', () => {
    const getter = Object.defineProperty({}, 'op', { get: () => expect.fail('from the getter') })
    expect(() => call([getter])).toThrow('from the getter')
    expect(() => call([{ op: 'nft', commands: [1n] }])).toThrow('BigInt')
  })

  it('sends nothing', async () => {
    expect(() => call([...bridges(1), { op: 'oops' }])).toThrow()
    await spaces.do()
    expect(linkCount()).toBe(0)
  })
})

describe('jobs', () => {
  it('run in the order in which they were asked for', async () => {
    const ends: string[] = []
    const note = (name: string) => (result: unknown) => (ends.push(name), result)
    const [outcome, links] = await Promise.all([
      addon().apply([here()], bridges(20), 1).then(note('apply')),
      addon().dump(here(), 'link', 2).then(note('dump')),
      addon().inode(here()).then(note('inode')),
    ])
    expect(outcome).toMatchObject({ done: 20, refusal: null })
    expect(links).toMatchObject({ length: 21 })
    expect(ends).toEqual(['apply', 'dump', 'inode'])
  })

  it('copy their input before the call returns', async () => {
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 1)
    const ops: Op[] = [{ op: 'link.add', name: 'br0', kind: 'bridge', mac }]
    const running = addon().apply([here()], ops, 1)
    mac.fill(0xff)
    ops.length = 0
    await running
    expect(spaces.link(0, 'br0').address).toBe('02:00:00:00:00:01')
  })

  it('are cancelled between two steps, and say how far they got', async () => {
    const running = addon().apply([here()], bridges(2000), 7)
    while (linkCount() === 0) await new Promise(setImmediate)
    expect(addon().cancel(7)).toBe(true)
    const { done, ifindex, refusal } = await running
    expect(refusal).toEqual({ op: done, errno: -125, message: '', attribute: '', request: '' })
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(2000)
    expect([ifindex[done - 1], ifindex[done]]).toEqual([expect.any(Number), 0])
    expect(linkCount()).toBe(done)
    expect(addon().cancel(7)).toBe(false)
  })

  it('are cancelled while they wait', async () => {
    const first = addon().apply([here()], bridges(50), 1)
    const second = addon().apply([here()], [{ op: 'link.add', name: 'never', kind: 'bridge' }], 2)
    const third = addon().dump(here(), 'link', 3)
    expect([addon().cancel(2), addon().cancel(3), addon().cancel(4)]).toEqual([true, true, false])
    expect(await first).toMatchObject({ done: 50 })
    expect(await second).toMatchObject({ done: 0, refusal: { errno: -125 } })
    expect(await third).toMatchObject({ length: 0, refusal: { errno: -125 } })
  })

  it('have numbers of their own', async () => {
    const running = addon().apply([here()], bridges(1), 1)
    const inUse = expect.objectContaining({ message: 'job: expected a number that is not in use' })
    expect(() => addon().apply([here()], [], 1)).toThrow(inUse)
    await running
    await addon().apply([here()], [], 1)
  })
})

describe('a handle', () => {
  it('that is closed serves what was asked before, and nothing after', async () => {
    const netns = Netns.at(spaces.paths[0])
    const running = addon().apply([netns], bridges(30), 1)
    netns.close()
    netns.close()
    expect(netns.closed).toBe(true)
    expect(netns.path).toBe(spaces.paths[0])
    const closed = (where: string) => expect.objectContaining({ message: `${where}: this Netns is closed`, code: 'ERR_CNM_CLOSED' })
    expect(() => addon().apply([here(), netns], [], 2)).toThrow(closed('namespaces[1]'))
    expect(() => addon().dump(netns, 'link', 2)).toThrow(closed('namespace'))
    expect(await running).toMatchObject({ done: 30 })
  })

  it('never moves a thread of this process out of its namespace', async () => {
    await spaces.do(...bridges(1), { op: 'nft', commands: [{ add: { table: { family: 'inet', name: 'lab' } } }] })
    const current = Netns.current()
    const own = await addon().inode(current)
    current.close()
    const tasks = readdirSync('/proc/self/task').map((task) => Netns.at(`/proc/self/task/${task}/ns/net`))
    const inodes = await Promise.all(tasks.map((task) => addon().inode(task)))
    for (const task of tasks) task.close()
    expect(new Set(inodes)).toEqual(new Set([own]))
  })
})

it('tryLock takes a lock once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cnm-lock-'))
  const [a, b] = [openSync(join(folder, 'lock'), 'w'), openSync(join(folder, 'lock'), 'w')]
  expect([addon().tryLock(a), addon().tryLock(a), addon().tryLock(b)]).toEqual([true, true, false])
  expect(() => addon().tryLock(999_999)).toThrow(expect.objectContaining({ errno: -9, message: 'Bad file descriptor' }))
  rmSync(folder, { recursive: true })
})

describe('what is done behind', () => {
  const behind = (at: number): Netns => Netns.behind(here(at).path)

  it('keeps nobody waiting, and is done in order', async () => {
    using host = behind(0)
    const pairs = Array.from({ length: 3 }, (_, n): Op => ({ op: 'link.add', name: `v${n}`, kind: 'veth', peer: { name: `w${n}`, at: 0 } }))
    await addon().apply([here()], pairs, 1)
    const ended: string[] = []
    const note = (name: string) => () => void ended.push(name)
    // The kernel takes a grace period for each.
    const deleted = pairs.map((_, n) => addon().apply([host], [{ op: 'link.del', link: `v${n}` }], 2 + n))
    await Promise.all([
      ...deleted.map((each, n) => each.then(note(`v${n}`))),
      addon().inode(here()).then(note('inode')),
      addon()
        .apply([here(1)], bridges(1), 20)
        .then(note('bridge')),
    ])
    expect(ended.filter((name) => name.startsWith('v'))).toEqual(pairs.map((_, n) => `v${n}`))
    for (const name of ['inode', 'bridge']) expect(ended.indexOf(name)).toBeLessThan(ended.indexOf('v2'))
    expect(await Promise.all(deleted)).toEqual(pairs.map(() => expect.objectContaining({ done: 1 })))
    expect(linkCount()).toBe(0)
  })

  it('is a plan, all of it', async () => {
    using host = behind(0)
    await expect(async () => addon().inode(host)).rejects.toThrow('namespace: expected a Netns that is not behind')
    await expect(async () => addon().apply([here(), host], [], 1)).rejects.toThrow('namespaces[1]: expected all to be behind, or none')
    using own = Netns.behind('')
    const refused = await addon().apply([own], [{ op: 'link.del', link: 'none-of-ours' }], 2)
    expect(refused).toMatchObject({ done: 0, refusal: { errno: -19 } })
    expect([own.path, host.path]).toEqual(['', here().path])
  })
})
