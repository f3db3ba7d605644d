import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NexthopOp, Op } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { parseMac } from '../../lib/model/ids.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { isGone } from '../../lib/netlink/refusal.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
const mac = parseMac('02:00:00:00:00:07') ?? expect.fail()

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.set', link: 'lo', up: true },
    { op: 'link.add', name: 'v0', kind: 'veth', up: true, peer: { name: 'eth0', at: 1 } },
    { op: 'link.set', at: 1, link: 'eth0', up: true },
    { op: 'link.add', name: 'vx0', kind: 'vxlan', vxlan: { id: 5, dstPort: 4789, learning: false } },
    { op: 'addr.add', link: 'v0', address: bytes('10.0.0.1'), prefix: 24 },
    { op: 'addr.add', link: 'v0', address: bytes('fd00::1'), prefix: 64 },
    { op: 'nexthop.add', id: 1, via: bytes('10.0.0.2'), link: 'v0' },
    { op: 'nexthop.add', id: 2, via: bytes('10.0.0.3'), link: 'v0' },
    { op: 'nexthop.add', id: 3, via: bytes('192.0.2.1'), fdb: true },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const refused = async (op: Op) => (await spaces.apply(op)).refusal
const show = (...argv: string[]): string => must(argv, { netns: spaces.paths[0] })
const nexthops = () => show('ip', 'nexthop')

/** What is added, and its line. */
const cases: Readonly<Record<string, readonly [Omit<NexthopOp, 'op' | 'id'>, RegExp]>> = {
  'a gateway, IPv6': [{ via: bytes('fd00::2'), link: 'v0', protocol: 77 }, /^id 9 via fd00::2 dev v0 scope link proto 77 $/m],
  'a gateway that no route leads to': [
    { via: bytes('198.51.100.1'), link: 'v0', onlink: true },
    /^id 9 via 198\.51\.100\.1 dev v0 scope link onlink $/m,
  ],
  'a link': [{ link: 'v0' }, /^id 9 dev v0 scope host $/m],
  'a link, IPv6': [{ link: 'v0', family: 6 }, /^id 9 dev v0 scope link $/m],
  'a black hole': [{ blackhole: true }, /^id 9 blackhole $/m],
  'a group': [{ group: [{ id: 1, weight: 3 }, { id: 2 }] }, /^id 9 group 1,3\/2 $/m],
  'a resilient group': [
    { group: [{ id: 1 }, { id: 2, weight: 2 }], resilient: { buckets: 32, idleTimer: 60, unbalancedTimer: 300 } },
    /^id 9 group 1\/2,2 type resilient buckets 32 idle_timer 60 unbalanced_timer 300 /m,
  ],
  'the end of a tunnel, IPv6': [{ via: bytes('fd00::2'), fdb: true }, /^id 9 via fd00::2 scope link fdb$/m],
  'ends of tunnels': [{ group: [{ id: 3 }], fdb: true }, /^id 9 group 3 fdb$/m],
}

describe.each(Object.entries(cases))('%s', (_, [settings, line]) => {
  const op = { op: 'nexthop.add', id: 9, ...settings } as const

  it('is there, refused the second time, and taken back by its inverse', async () => {
    const before = nexthops()
    await spaces.do(op)
    expect(nexthops()).toMatch(line)
    expect(await refused(op)).toMatchObject({ errno: -17, request: 'RTM_NEWNEXTHOP' })
    await spaces.do({ ...op, op: 'nexthop.replace' }, ...undoOf([op]))
    expect(nexthops()).toBe(before)
    const gone = await refused(undoOf([op])[0] as Op)
    expect(gone && isGone(gone)).toBe(true)
  })

  it('is the same when what is printed is pasted, as is its inverse', async () => {
    const before = nexthops()
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(nexthops()).toMatch(line)
    paste(printPlan(undoOf([op])), { netns: spaces.paths[0] })
    expect(nexthops()).toBe(before)
  })
})

it('are read as rows', async () => {
  const [netns] = spaces.netns
  if (!netns) return expect.fail()
  await spaces.do(
    { op: 'nexthop.add', id: 4, link: 'v0', via: bytes('fd00::2'), onlink: true, protocol: 77 },
    { op: 'nexthop.add', id: 5, blackhole: true },
    { op: 'nexthop.add', id: 6, group: [{ id: 1, weight: 3 }, { id: 2 }], resilient: { buckets: 32 } },
  )
  const link = spaces.link(0, 'v0').ifindex
  const plain = { link, blackhole: false, group: [], buckets: 0, fdb: false, flags: 0, scope: 253, protocol: 0 }
  expect(await dump(netns, 'nexthop')).toEqual([
    { ...plain, id: 1, via: parseAddress('10.0.0.2') },
    { ...plain, id: 2, via: parseAddress('10.0.0.3') },
    { ...plain, id: 3, via: parseAddress('192.0.2.1'), link: 0, fdb: true },
    { ...plain, id: 4, via: parseAddress('fd00::2'), flags: 4, protocol: 77 },
    { ...plain, id: 5, via: null, link: 0, blackhole: true, scope: 0 },
    {
      ...plain,
      id: 6,
      via: null,
      link: 0,
      group: [
        { id: 1, weight: 3 },
        { id: 2, weight: 1 },
      ],
      buckets: 32,
      scope: 0,
    },
  ])
  const onLink = await dump(netns, 'nexthop', { link: 'v0' })
  expect(onLink.map(({ id }) => id)).toEqual([1, 2, 4])
})

const users: Readonly<Record<string, readonly [Op, readonly string[], RegExp]>> = {
  route: [
    { op: 'route.add', to: bytes('10.9.0.0'), prefix: 16, nexthopId: 1, metric: 7 },
    ['ip', 'route'],
    /^10\.9\.0\.0\/16 nhid 1 via 10\.0\.0\.2 dev v0 metric 7 $/m,
  ],
  'route, IPv6': [
    { op: 'route.add', to: bytes('fd09::'), prefix: 32, nexthopId: 4 },
    ['ip', '-6', 'route'],
    /^fd09::\/32 nhid 4 via fd00::2 dev v0 metric 1024 /m,
  ],
  'route of IPv4 to a next hop of IPv6': [
    { op: 'route.add', to: bytes('10.9.0.0'), prefix: 16, nexthopId: 4 },
    ['ip', 'route'],
    /^10\.9\.0\.0\/16 nhid 4 via inet6 fd00::2 dev v0 $/m,
  ],
  'forwarding entry': [
    { op: 'fdb.add', link: 'vx0', mac, nhid: 5 },
    ['bridge', 'fdb', 'show', 'dev', 'vx0'],
    /^02:00:00:00:00:07 nhid 5 self permanent$/m,
  ],
}

describe.each(Object.entries(users))('a %s', (_, [op, witness, line]) => {
  beforeEach(() =>
    spaces.do({ op: 'nexthop.add', id: 4, via: bytes('fd00::2'), link: 'v0' }, { op: 'nexthop.add', id: 5, group: [{ id: 3 }], fdb: true }),
  )

  it('uses one, natively and pasted, and is taken back', async () => {
    const before = show(...witness)
    await spaces.do(op)
    expect(show(...witness)).toMatch(line)
    await spaces.do(...undoOf([op]))
    expect(show(...witness)).toBe(before)
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(show(...witness)).toMatch(line)
    paste(printPlan(undoOf([op])), { netns: spaces.paths[0] })
    expect(show(...witness)).toBe(before)
  })
})

it('whoever uses one follows it, and the tables tell which', async () => {
  const [netns] = spaces.netns
  if (!netns) return expect.fail()
  const to = { to: bytes('10.9.0.0'), prefix: 16 }
  await spaces.do(
    { op: 'route.add', ...to, nexthopId: 1 },
    { op: 'nexthop.replace', id: 1, via: bytes('10.0.0.4'), link: 'v0' },
    { op: 'nexthop.add', id: 5, group: [{ id: 3 }], fdb: true },
    { op: 'fdb.add', link: 'vx0', mac, nhid: 5 },
  )
  const routes = await dump(netns, 'route', { table: 254 })
  expect(routes.filter(({ nexthopId }) => nexthopId === 1)).toMatchObject([{ via: parseAddress('10.0.0.4') }])
  const entries = await dump(netns, 'fdb')
  expect(entries.filter(({ nhid }) => nhid === 5)).toMatchObject([{ mac: '02:00:00:00:00:07', dst: null }])
  await spaces.do({ op: 'nexthop.del', id: 1 })
  expect(show('ip', 'route')).not.toContain('10.9.0.0/16')
})

it('what the kernel dislikes is named', async () => {
  expect(await refused({ op: 'nexthop.add', id: 9, via: bytes('192.0.2.1'), link: 'v0' })).toMatchObject({
    errno: -101,
    message: expect.stringMatching(/gateway/i),
  })
  expect(await refused({ op: 'nexthop.add', id: 9, link: 'no' })).toMatchObject({ errno: -19, attribute: 'NHA_OIF' })
  expect((await refused({ op: 'nexthop.add', id: 9, group: [{ id: 8 }] }))?.message).toBe('Invalid nexthop id')
  expect((await refused({ op: 'route.add', to: bytes('10.9.0.0'), prefix: 16, nexthopId: 8 }))?.message).toContain('Nexthop id')
})

const gateway = bytes('10.0.0.9')
it.each([
  ['id', { id: 0, blackhole: true }],
  ['via', { id: 9, via: '10.0.0.9' }],
  ['link', { id: 9, link: 0 }],
  ['family', { id: 9, family: 5 }],
  ['family', { id: 9, family: 6, via: gateway }],
  ['group', { id: 9, group: [] }],
  ['group', { id: 9, via: gateway, group: [{ id: 1 }] }],
  ['group[1].id', { id: 9, group: [{ id: 1 }, { id: 0 }] }],
  ['group[0].weight', { id: 9, group: [{ id: 1, weight: 257 }] }],
  ['resilient', { id: 9, via: gateway, resilient: {} }],
  ['resilient.buckets', { id: 9, group: [{ id: 1 }], resilient: { buckets: 65536 } }],
  ['resilient.idleTimer', { id: 9, group: [{ id: 1 }], resilient: { idleTimer: 42949673 } }],
  ['protocol', { id: 9, blackhole: true, protocol: 256 }],
])('a wrong %s is misuse', (field, settings) => {
  expect(() => spaces.apply({ op: 'nexthop.add', ...settings } as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})

it('a route has either one, or next hops of its own', () => {
  const route = { op: 'route.add', to: bytes('10.9.0.0'), prefix: 16, nexthopId: 1, via: gateway } as const
  expect(() => spaces.apply(route)).toThrow(expect.objectContaining({ message: expect.stringContaining('ops[0].nexthopId: ') }))
})
