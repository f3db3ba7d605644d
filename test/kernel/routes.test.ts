import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { isGone } from '../../lib/netlink/refusal.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.add', name: 'v0', kind: 'veth', up: true, peer: { name: 'eth0', at: 1 } },
    { op: 'link.set', at: 1, link: 'eth0', up: true },
    { op: 'addr.add', link: 'v0', address: bytes('10.0.0.1'), prefix: 24 },
    { op: 'addr.add', link: 'v0', address: bytes('fd00::1'), prefix: 64 },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const refused = async (op: Op) => (await spaces.apply(op)).refusal
/** IPv6 expires in seconds that go by while we look. */
const show = (argv: readonly string[]): string => must(argv, { netns: spaces.paths[0] }).replace(/ expires \d+sec/g, '')

const to4 = { to: bytes('10.9.0.0'), prefix: 16 } as const
const to6 = { to: bytes('fd09::'), prefix: 32 } as const
const routes4 = ['ip', '-d', 'route', 'show', 'table', 'all', '10.9.0.0/16']
const routes6 = ['ip', '-d', '-6', 'route', 'show', 'table', 'all', 'fd09::/32']
const addresses = ['ip', '-d', 'addr', 'show', 'dev', 'v0']

/** An op, and what the witness then has. */
const cases: Readonly<Record<string, readonly [Op, readonly string[], RegExp]>> = {
  'a route with a protocol, a scope, a source and an MTU': [
    { op: 'route.add', ...to4, link: 'v0', protocol: 77, scope: 'host', src: bytes('10.0.0.1'), mtu: 1300, metric: 7 },
    routes4,
    /^unicast 10\.9\.0\.0\/16 dev v0 table main proto 77 scope host src 10\.0\.0\.1 metric 7 mtu 1300 $/m,
  ],
  'the same of IPv6': [
    { op: 'route.add', ...to6, via: bytes('fd00::2'), protocol: 77, src: bytes('fd00::1'), mtu: 1300, table: 1000 },
    routes6,
    /^unicast fd09::\/32 via fd00::2 dev v0 table 1000 proto 77 scope global src fd00::1 metric 1024 mtu 1300 pref medium$/m,
  ],
  'a next hop that no route leads to': [
    { op: 'route.add', ...to4, via: bytes('192.0.2.1'), link: 'v0', onlink: true },
    routes4,
    /^unicast 10\.9\.0\.0\/16 via 192\.0\.2\.1 dev v0 table main proto boot scope global onlink $/m,
  ],
  'a blackhole': [
    { op: 'route.add', ...to4, type: 'blackhole' },
    routes4,
    /^blackhole 10\.9\.0\.0\/16 table main proto boot scope global $/m,
  ],
  'unreachable, IPv6': [
    { op: 'route.add', ...to6, type: 'unreachable' },
    routes6,
    /^unreachable fd09::\/32 dev lo table main proto boot /m,
  ],
  prohibit: [
    { op: 'route.add', ...to4, type: 'prohibit', metric: 9 },
    routes4,
    /^prohibit 10\.9\.0\.0\/16 table main proto boot scope global metric 9 $/m,
  ],
  throw: [{ op: 'route.add', ...to4, type: 'throw', table: 1000 }, routes4, /^throw 10\.9\.0\.0\/16 table 1000 proto boot scope global $/m],
  local: [
    { op: 'route.add', ...to4, type: 'local', link: 'v0' },
    routes4,
    /^local 10\.9\.0\.0\/16 dev v0 table local proto boot scope host $/m,
  ],
  'several next hops': [
    {
      op: 'route.add',
      ...to4,
      hops: [{ via: bytes('10.0.0.2'), weight: 256 }, { via: bytes('192.0.2.1'), link: 'v0', onlink: true }, { link: 'v0' }],
    },
    routes4,
    /via 10\.0\.0\.2 dev v0 weight 256 \n\tnexthop via 192\.0\.2\.1 dev v0 weight 1 onlink \n\tnexthop dev v0 weight 1 $/m,
  ],
  'several next hops, IPv6': [
    {
      op: 'route.add',
      ...to6,
      hops: [
        { via: bytes('fd00::2'), weight: 3 },
        { via: bytes('fd00::3'), link: 'v0' },
      ],
      mtu: 1300,
    },
    routes6,
    /mtu 1300 .*\n\tnexthop via fd00::2 dev v0 weight 3 \n\tnexthop via fd00::3 dev v0 weight 1 /m,
  ],
  'a next hop of IPv6 for IPv4': [
    { op: 'route.add', ...to4, via: bytes('fd00::2'), link: 'v0' },
    routes4,
    /^unicast 10\.9\.0\.0\/16 via inet6 fd00::2 dev v0 table main proto boot scope global $/m,
  ],
  'several next hops, one of IPv6, for IPv4': [
    { op: 'route.add', ...to4, hops: [{ via: bytes('fd00::2'), link: 'v0', weight: 3 }, { via: bytes('10.0.0.2') }] },
    routes4,
    /\n\tnexthop via inet6 fd00::2 dev v0 weight 3 \n\tnexthop via 10\.0\.0\.2 dev v0 weight 1 $/m,
  ],
  'an address with a label, a scope and a broadcast address': [
    { op: 'addr.add', link: 'v0', address: bytes('10.1.0.1'), prefix: 24, label: 'v0:web', scope: 'link', broadcast: bytes('10.1.0.255') },
    addresses,
    /inet 10\.1\.0\.1\/24 brd 10\.1\.0\.255 scope link v0:web$/m,
  ],
  'an address with a peer': [
    { op: 'addr.add', link: 'v0', address: bytes('10.1.0.1'), prefix: 32, peer: bytes('10.1.0.2'), noPrefixRoute: true },
    addresses,
    /inet 10\.1\.0\.1 peer 10\.1\.0\.2\/32 scope global noprefixroute v0$/m,
  ],
  'an address with a peer, IPv6': [
    { op: 'addr.add', link: 'v0', address: bytes('fd01::1'), prefix: 128, peer: bytes('fd01::2') },
    addresses,
    /inet6 fd01::1 peer fd01::2\/128 scope global nodad /m,
  ],
  'a home address': [
    { op: 'addr.add', link: 'v0', address: bytes('fd01::1'), prefix: 64, home: true, mngTmpAddr: true, noPrefixRoute: true },
    addresses,
    /inet6 fd01::1\/64 scope global nodad home mngtmpaddr noprefixroute /m,
  ],
}

describe.each(Object.entries(cases))('%s', (_, [op, witness, line]) => {
  it('is there, refused the second time, and taken back by its inverse', async () => {
    const before = show(witness)
    await spaces.do(op)
    expect(show(witness)).toMatch(line)
    expect(await refused(op)).toMatchObject({ errno: -17 })
    await spaces.do(...undoOf([op]))
    expect(show(witness)).toBe(before)
    const gone = await refused(undoOf([op])[0] as Op)
    expect(gone && isGone(gone)).toBe(true)
  })

  it('is the same when what is printed is pasted, as is its inverse', async () => {
    const before = show(witness)
    await spaces.do(op)
    const native = show(witness)
    await spaces.do(...undoOf([op]))
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(show(witness)).toBe(native)
    paste(printPlan(undoOf([op])), { netns: spaces.paths[0] })
    expect(show(witness)).toBe(before)
  })
})

/** Seconds of the address, as the witness tells: some may have gone by. */
function lifetimes(address: string): readonly number[] {
  const [{ addr_info }] = spaces.look(0, 'ip', '-j', 'addr', 'show', 'dev', 'v0')
  const { valid_life_time, preferred_life_time } = addr_info.find(({ local }: { local: string }) => local === address)
  return [valid_life_time, preferred_life_time].map((seconds) => Math.ceil(seconds / 100) * 100)
}

it.each(['10.1.0.1', 'fd01::1'])('%s has a time to live, which is renewed', async (address) => {
  const op = { link: 'v0', address: bytes(address), prefix: 32 } as const
  await spaces.do({ op: 'addr.add', ...op, validLifetime: 10_000, preferredLifetime: 5000 })
  expect(lifetimes(address)).toEqual([10_000, 5000])
  await spaces.do({ op: 'addr.replace', ...op, validLifetime: 20_000 })
  expect(lifetimes(address)).toEqual([20_000, 20_000])
  paste(printPlan([{ op: 'addr.replace', ...op, validLifetime: 30_000 }]), { netns: spaces.paths[0] })
  expect(lifetimes(address)).toEqual([30_000, 30_000])
  paste(printPlan([{ op: 'addr.replace', ...op, validLifetime: 40_000, preferredLifetime: 0 }]), { netns: spaces.paths[0] })
  expect(lifetimes(address)).toEqual([40_000, 0])
})

it('only the route that fits goes', async () => {
  const add = { op: 'route.add', ...to4 } as const
  await spaces.do(
    { ...add, metric: 1, link: 'v0', protocol: 77 },
    { ...add, metric: 2, link: 'v0', protocol: 78 },
    { ...add, metric: 3, type: 'unreachable' },
  )
  await spaces.do({ op: 'route.del', ...to4, protocol: 78 }, { op: 'route.del', ...to4, type: 'unreachable' })
  expect(show(routes4)).toMatch(/^unicast .* proto 77 .*\n$/)
  await spaces.do({ op: 'route.del', ...to4 })
  expect(show(routes4)).toBe('')
})

it('next hops of both families are read as rows', async () => {
  const [netns] = spaces.netns
  if (!netns) return expect.fail()
  await spaces.do(
    { op: 'route.add', ...to4, via: bytes('fd00::2'), link: 'v0', metric: 1 },
    { op: 'route.add', ...to4, hops: [{ via: bytes('fd00::3'), link: 'v0' }, { link: 'v0' }], metric: 2 },
    { op: 'route.add', ...to4, via: bytes('10.0.0.2'), metric: 3 },
    { op: 'route.add', ...to4, link: 'v0', metric: 4 },
  )
  const found = (await dump(netns, 'route', { table: 254 })).filter(({ to }) => to.prefix === 16)
  expect(found.map(({ to, via }) => [to.family, via])).toEqual([
    [4, parseAddress('fd00::2')],
    [4, parseAddress('fd00::3')],
    [4, parseAddress('10.0.0.2')],
    [4, null],
  ])
})

it('what the kernel dislikes is named', async () => {
  expect(await refused({ op: 'route.add', ...to4, link: 'v0', src: bytes('192.0.2.1') })).toMatchObject({
    errno: -22,
    request: 'RTM_NEWROUTE',
  })
  expect(await refused({ op: 'route.add', ...to4, hops: [{ via: bytes('10.0.0.2') }, { link: 'no' }] })).toMatchObject({
    errno: -19,
    attribute: 'RTA_MULTIPATH',
  })
  expect((await refused({ op: 'route.add', ...to4, hops: [{ via: bytes('192.0.2.1') }] }))?.message).toMatch(/nexthop|gateway/i)
  expect(await refused({ op: 'addr.add', link: 'v0', address: bytes('10.0.0.1'), prefix: 24, label: 'v0:again' })).toMatchObject({
    errno: -17,
    request: 'RTM_NEWADDR',
  })
})

const route4 = { op: 'route.add', ...to4 } as const
const route6 = { op: 'route.add', ...to6 } as const
const address4 = { op: 'addr.add', link: 'v0', address: bytes('10.1.0.1'), prefix: 24 } as const
const address6 = { op: 'addr.add', link: 'v0', address: bytes('fd01::1'), prefix: 64 } as const
it.each([
  ['type', { ...route4, type: 'nat' }],
  ['via', { ...route4, via: '10.0.0.2' }],
  ['via', { ...route6, via: bytes('10.0.0.2') }],
  ['link', { ...route4, link: 0 }],
  ['onlink', { ...route4, onlink: 1 }],
  ['protocol', { ...route4, protocol: 256 }],
  ['scope', { ...route4, scope: 'here' }],
  ['scope', { ...route6, scope: 'link' }],
  ['src', { ...route6, src: bytes('10.0.0.1') }],
  ['hops', { ...route4, hops: [] }],
  ['hops', { ...route4, link: 'v0', hops: [{ link: 'v0' }] }],
  ['hops[1].weight', { ...route4, hops: [{ link: 'v0' }, { link: 'v0', weight: 257 }] }],
  ['hops[0].via', { ...route6, hops: [{ via: bytes('10.0.0.2') }] }],
  ['peer', { ...address4, peer: bytes('fd01::2') }],
  ['broadcast', { ...address6, broadcast: bytes('fd01::2') }],
  ['label', { ...address4, label: 'sixteen-bytes-16' }],
  ['label', { ...address6, label: 'v0' }],
  ['scope', { ...address6, scope: 'link' }],
  ['home', { ...address4, home: true }],
  ['mngTmpAddr', { ...address4, mngTmpAddr: true }],
  ['validLifetime', { ...address4, validLifetime: 0 }],
  ['preferredLifetime', { ...address4, validLifetime: 1, preferredLifetime: 2 }],
])('a wrong %s is misuse', (field, op) => {
  expect(() => spaces.apply(op as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})
