import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FdbManyOp, NeighManyOp, Op } from '../../binding.d.ts'
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
const mac = (text: string): Uint8Array => parseMac(text) ?? expect.fail(text)

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.add', name: 'br0', kind: 'bridge', up: true },
    { op: 'link.add', name: 'vx0', kind: 'vxlan', vxlan: { id: 5, dstPort: 4789, learning: false } },
    { op: 'link.set', link: 'vx0', master: 'br0', up: true },
    { op: 'link.add', name: 'vx6', kind: 'vxlan', vxlan: { id: 6, dstPort: 4790, local: bytes('fd00::1') } },
    { op: 'link.add', name: 'vx1', kind: 'vxlan', vxlan: { external: true, dstPort: 4791 } },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const show = (...argv: string[]): string => must(argv, { netns: spaces.paths[0] })
const refused = async (op: Op) => (await spaces.apply(op)).refusal
const all = { from: bytes('10.1.0.0'), to: bytes('10.2.0.0'), six: bytes('fd01::') }

/** An op, and what a line of the witness then has. */
const rows: Readonly<Record<string, readonly [Op, readonly string[], RegExp]>> = {
  'neigh, IPv4': [
    { op: 'neigh.add', link: 'br0', address: bytes('10.0.0.7'), mac: mac('02:00:00:00:00:07') },
    ['ip', 'neigh'],
    /^10\.0\.0\.7 dev br0 lladdr 02:00:00:00:00:07 PERMANENT/m,
  ],
  'neigh, IPv6, learned elsewhere': [
    {
      op: 'neigh.add',
      link: 'br0',
      address: bytes('fd00::7'),
      mac: mac('02:00:00:00:00:07'),
      state: 'noarp',
      router: true,
      externLearn: true,
    },
    ['ip', 'neigh'],
    /^fd00::7 dev br0 lladdr 02:00:00:00:00:07 router extern_learn +NOARP/m,
  ],
  'neigh, answered for': [
    { op: 'neigh.add', link: 'br0', address: bytes('10.0.0.8'), proxy: true },
    ['ip', 'neigh', 'show', 'proxy'],
    /^10\.0\.0\.8 dev br0 +proxy/m,
  ],
  'fdb of a vxlan': [
    { op: 'fdb.add', link: 'vx0', mac: mac('02:00:00:00:00:07'), dst: bytes('192.0.2.7'), vni: 77, port: 4000, via: 'br0' },
    ['bridge', 'fdb', 'show', 'dev', 'vx0'],
    /^02:00:00:00:00:07 dst 192\.0\.2\.7 port 4000 vni 77 via br0 self permanent/m,
  ],
  'fdb of a vxlan over IPv6': [
    { op: 'fdb.append', link: 'vx6', mac: mac('00:00:00:00:00:00'), dst: bytes('fd00::7'), state: 'dynamic' },
    ['bridge', 'fdb', 'show', 'dev', 'vx6'],
    /^00:00:00:00:00:00 dst fd00::7 self/m,
  ],
  'fdb of a vxlan of many networks': [
    { op: 'fdb.add', link: 'vx1', mac: mac('02:00:00:00:00:07'), dst: bytes('192.0.2.7'), srcVni: 9, externLearn: true },
    ['bridge', 'fdb', 'show', 'dev', 'vx1'],
    /^02:00:00:00:00:07 dst 192\.0\.2\.7 src_vni 9 self extern_learn permanent/m,
  ],
  'fdb of a bridge': [
    { op: 'fdb.add', link: 'vx0', mac: mac('02:00:00:00:00:07'), master: true, state: 'static', sticky: true },
    ['bridge', 'fdb', 'show', 'dev', 'vx0'],
    /^02:00:00:00:00:07 sticky master br0 static/m,
  ],
  'rule, IPv4': [
    {
      op: 'rule.add',
      family: 4,
      priority: 100,
      table: 1000,
      from: { address: all.from, prefix: 16 },
      to: { address: all.to, prefix: 24 },
      iif: 'br0',
      mark: 0x10,
      mask: 0xff,
    },
    ['ip', 'rule'],
    /^100:\s+from 10\.1\.0\.0\/16 to 10\.2\.0\.0\/24 fwmark 0x10\/0xff iif br0 lookup 1000/m,
  ],
  'rule, IPv6': [
    {
      op: 'rule.add',
      family: 6,
      priority: 101,
      table: 1001,
      not: true,
      from: { address: all.six, prefix: 64 },
      oif: 'later',
      suppressPrefixLength: 0,
    },
    ['ip', '-6', 'rule'],
    /^101:\s+not from fd01::\/64 oif later \[detached\] lookup 1001 suppress_prefixlength 0/m,
  ],
}

describe.each(Object.entries(rows))('%s', (_, [op, witness, line]) => {
  const look = () => show(...witness)

  it('is there, and taken back by its inverse', async () => {
    const before = look()
    await spaces.do(op)
    expect(look()).toMatch(line)
    await spaces.do(...undoOf([op]))
    expect(look()).toBe(before)
    const gone = await refused(undoOf([op])[0] as Op)
    expect(gone && isGone(gone)).toBe(true)
    expect(gone?.rows).toBeUndefined()
  })

  it('is the same when what is printed is pasted, as is its inverse', async () => {
    const before = look()
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(look()).toMatch(line)
    paste(printPlan(undoOf([op])), { netns: spaces.paths[0] })
    expect(look()).toBe(before)
  })
})

it('add is refused the second time, replace is not', async () => {
  const neigh = { link: 'br0', address: bytes('10.0.0.7'), mac: mac('02:00:00:00:00:07') } as const
  const fdb = { link: 'vx0', mac: mac('02:00:00:00:00:07'), dst: bytes('192.0.2.7') } as const
  await spaces.do({ op: 'neigh.add', ...neigh }, { op: 'fdb.add', ...fdb })
  expect(await refused({ op: 'neigh.add', ...neigh })).toMatchObject({ errno: -17, request: 'RTM_NEWNEIGH' })
  expect(await refused({ op: 'fdb.add', ...fdb })).toMatchObject({ errno: -17, request: 'RTM_NEWNEIGH' })
  const moved = { ...neigh, mac: mac('02:00:00:00:00:08') }
  await spaces.do({ op: 'neigh.replace', ...moved }, { op: 'fdb.replace', ...fdb, dst: bytes('192.0.2.8') })
  expect(show('ip', 'neigh')).toContain('02:00:00:00:00:08')
  expect(show('bridge', 'fdb', 'show', 'dev', 'vx0')).toContain('dst 192.0.2.8')
  const flood = { op: 'fdb.append', link: 'vx0', mac: new Uint8Array(6) } as const
  await spaces.do({ ...flood, dst: bytes('192.0.2.1') }, { ...flood, dst: bytes('192.0.2.2') })
  expect(show('bridge', 'fdb', 'show', 'dev', 'vx0').match(/^00:00:00:00:00:00 dst/gm)).toHaveLength(2)
})

it('what the kernel dislikes is named', async () => {
  const mac7 = mac('02:00:00:00:00:07')
  expect(await refused({ op: 'fdb.add', link: 'no', mac: mac7 })).toMatchObject({ errno: -19, request: 'RTM_GETLINK' })
  expect(await refused({ op: 'fdb.add', link: 'vx0', mac: mac7, dst: bytes('192.0.2.1'), via: 'no' })).toMatchObject({
    attribute: 'NDA_IFINDEX',
  })
  expect((await refused({ op: 'fdb.add', link: 'vx0', mac: mac7, vlan: 5000, master: true }))?.message).toContain('vlan')
})

const COUNT = 1000
/** Row i has a MAC address, an address and a VNI that can be told from all others. */
function columns(count = COUNT, family: 4 | 6 = 4) {
  const width = family === 4 ? 4 : 16
  const macs = new Uint8Array(count * 6)
  const addresses = new Uint8Array(count * width)
  for (let row = 0; row < count; row++) {
    macs.set([2, 0, 0, 0, row >> 8, row & 255], row * 6)
    addresses.set(family === 4 ? [10, 7] : [0xfd, 7], row * width)
    addresses.set([row >> 8, row & 255], (row + 1) * width - 2)
  }
  return { macs, addresses, vnis: Uint32Array.from({ length: count }, (_, row) => 100 + row) }
}
const entries = () => show('bridge', 'fdb', 'show', 'dev', 'vx0').match(/^02:00:00.* dst .*$/gm) ?? []

describe.each([4, 6] as const)('many neighbours, IPv%d', (family) => {
  const { macs, addresses } = columns(COUNT, family)
  const add: NeighManyOp = { op: 'neigh.addMany', link: 'br0', family, addresses, macs }
  const look = () => (show('ip', 'neigh').match(/PERMANENT/g) ?? []).length

  it('come and go', async () => {
    await spaces.do(add)
    expect(look()).toBe(COUNT)
    expect(show('ip', 'neigh')).toContain(`${family === 4 ? '10.7.3.231' : 'fd07::3e7'} dev br0 lladdr 02:00:00:00:03:e7 PERMANENT`)
    await spaces.do({ ...add, op: 'neigh.replaceMany' }, ...undoOf([add]))
    expect(look()).toBe(0)
  })
})

it('neighbours and forwarding entries are read as rows', async () => {
  const [netns] = spaces.netns
  if (!netns) return expect.fail()
  const state = 0x80
  await spaces.do(
    { op: 'neigh.add', link: 'br0', address: bytes('10.0.0.7'), mac: mac('02:00:00:00:00:07'), externLearn: true },
    { op: 'neigh.add', link: 'br0', address: bytes('fd00::7'), mac: mac('02:00:00:00:00:08') },
    { op: 'fdb.add', link: 'vx0', mac: mac('02:00:00:00:00:09'), dst: bytes('192.0.2.7'), vni: 77, port: 4000, via: 'br0' },
    { op: 'fdb.add', link: 'vx6', mac: mac('02:00:00:00:00:0a'), dst: bytes('fd00::7') },
    { op: 'fdb.add', link: 'vx1', mac: mac('02:00:00:00:00:0b'), dst: bytes('192.0.2.7'), srcVni: 9 },
    { op: 'fdb.add', link: 'vx0', mac: mac('02:00:00:00:00:0c'), master: true },
  )
  const [br0, vx0, vx6, vx1] = ['br0', 'vx0', 'vx6', 'vx1'].map((name) => spaces.link(0, name).ifindex)
  const ours = <T extends { mac: string }>(rows: readonly T[]) =>
    rows.filter(({ mac }) => mac.startsWith('02:00:00')).toSorted((a, b) => (a.mac < b.mac ? -1 : 1))
  expect(ours(await dump(netns, 'neigh'))).toEqual([
    { link: br0, address: parseAddress('10.0.0.7'), mac: '02:00:00:00:00:07', state, flags: 0x10 },
    { link: br0, address: parseAddress('fd00::7'), mac: '02:00:00:00:00:08', state, flags: 0 },
  ])
  const plain = { master: 0, dst: null, nhid: 0, vni: 0, srcVni: 0, port: 0, via: 0, vlan: 0, state, flags: 2 }
  expect(ours(await dump(netns, 'fdb'))).toEqual([
    { ...plain, link: vx0, mac: '02:00:00:00:00:09', dst: parseAddress('192.0.2.7'), vni: 77, port: 4000, via: br0 },
    { ...plain, link: vx6, mac: '02:00:00:00:00:0a', dst: parseAddress('fd00::7') },
    { ...plain, link: vx1, mac: '02:00:00:00:00:0b', dst: parseAddress('192.0.2.7'), srcVni: 9 },
    { ...plain, link: vx0, mac: '02:00:00:00:00:0c', master: br0, flags: 0 },
  ])
})

describe('many forwarding entries', () => {
  const { macs, addresses, vnis } = columns()
  const add: FdbManyOp = { op: 'fdb.addMany', link: 'vx0', family: 4, macs, dsts: addresses, vnis, port: 4000 }

  it('come and go', async () => {
    await spaces.do(add)
    expect(entries()).toHaveLength(COUNT)
    expect(entries().some((line) => line.startsWith('02:00:00:00:03:e7 dst 10.7.3.231 port 4000 vni 1099 self permanent'))).toBe(true)
    await spaces.do(...undoOf([add]))
    expect(entries()).toEqual([])
  })

  it('are the same when what is printed is pasted', async () => {
    await spaces.do(add)
    const native = entries().sort()
    await spaces.do(...undoOf([add]))
    paste(printPlan([add]), { netns: spaces.paths[0] })
    expect(entries().sort()).toEqual(native)
    paste(printPlan(undoOf([add])), { netns: spaces.paths[0] })
    expect(entries()).toEqual([])
  })

  it('are all or none: a refusal tells the rows, and takes back the others', async () => {
    const taken = [63, 64, 999]
    const there = { op: 'fdb.add', link: 'vx0', dst: bytes('192.0.2.9') } as const
    await spaces.do(...taken.map((row): Op => ({ ...there, mac: macs.subarray(row * 6, row * 6 + 6) })))
    const { refusal, done } = await spaces.apply({ op: 'link.set', link: 'br0', up: true }, add)
    expect(done).toBe(1)
    expect(refusal).toMatchObject({ op: 1, errno: -17, request: 'RTM_NEWNEIGH' })
    expect([...(refusal?.rows?.row ?? [])]).toEqual(taken)
    expect([...(refusal?.rows?.errno ?? [])]).toEqual([-17, -17, -17])
    expect(entries()).toHaveLength(3)
    expect(entries().every((line) => line.includes('192.0.2.9'))).toBe(true)
  })

  it('go as far as they are there', async () => {
    await spaces.do(add, { op: 'fdb.del', link: 'vx0', mac: macs.subarray(0, 6), dst: addresses.subarray(0, 4), vni: 100, port: 4000 })
    const refusal = await refused({ ...add, op: 'fdb.delMany' })
    expect(refusal).toMatchObject({ errno: -2, request: 'RTM_DELNEIGH' })
    expect([...(refusal?.rows?.row ?? [])]).toEqual([0])
    expect(refusal && isGone(refusal)).toBe(true)
    expect(entries()).toEqual([])
  })

  it('are refused one by one, with all of their answers', async () => {
    await spaces.do(add)
    const refusal = await refused(add)
    expect(refusal?.rows?.row).toEqual(Uint32Array.from({ length: COUNT }, (_, row) => row))
    expect(entries()).toHaveLength(COUNT)
    // None of them was left behind for the next to find.
    await spaces.do({ op: 'link.set', link: 'br0', up: true })
  })

  it('may be none', async () => {
    await spaces.do({ ...add, macs: new Uint8Array(), dsts: new Uint8Array(), vnis: new Uint32Array() })
    expect(entries()).toEqual([])
  })
})
