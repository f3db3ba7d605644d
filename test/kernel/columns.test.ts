import { constants } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AddrManyOp, Op, RouteManyOp } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { isGone } from '../../lib/netlink/refusal.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'
import { sockets, starve } from '../support/starve.ts'

const { EEXIST } = constants.errno
const COUNT = 300
const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))

let spaces: Spaces
let links: Int32Array
let socket: string
beforeEach(async () => {
  spaces = await Spaces.open()
  const before = sockets()
  const { ifindex } = await spaces.do(
    { op: 'link.add', name: 'br0', kind: 'bridge', up: true },
    { op: 'link.add', name: 'br1', kind: 'bridge', up: true },
    { op: 'addr.add', link: 'br0', address: bytes('192.0.2.1'), prefix: 24 },
    { op: 'addr.add', link: 'br0', address: bytes('fd02::1'), prefix: 64 },
  )
  socket = sockets().find((fd) => !before.includes(fd)) ?? expect.fail('no socket was opened')
  links = Int32Array.from({ length: COUNT }, (_, row) => ifindex[row % 2] ?? 0)
})
afterEach(() => spaces[Symbol.asyncDispose]())

const show = (...argv: string[]): string[] =>
  must(argv, { netns: spaces.paths[0] })
    .split('\n')
    .map((line) => line.trim())
const refused = async (op: Op) => (await spaces.apply(op)).refusal
/** Of each row another network: 24 or 64 bits tell it. */
function addresses(family: 4 | 6, start: string, end = 0): Uint8Array {
  const width = family === 4 ? 4 : 16
  const column = new Uint8Array(COUNT * width)
  for (let row = 0; row < COUNT; row++) {
    column.set(bytes(start), row * width)
    column.set([row >> 8, row & 255], row * width + (family === 4 ? 1 : 6))
    column[(row + 1) * width - 1] = end
  }
  return column
}

/** The first rows of an op. */
function half<T extends RouteManyOp | AddrManyOp>(op: T): T {
  const cut = Object.entries(op).map(([key, value]) => {
    const isColumn = ArrayBuffer.isView(value) && (value as Uint8Array).length >= COUNT
    return [key, isColumn ? (value as Uint8Array).slice(0, (value as Uint8Array).length / 2) : value]
  })
  return Object.fromEntries(cut)
}

/** Made when the links are there. */
const routes: Readonly<Record<string, () => RouteManyOp>> = {
  'IPv4 over one gateway': () => ({ op: 'route.addMany', family: 4, tos: addresses(4, '10.0.0.0'), prefix: 24, via: bytes('192.0.2.9') }),
  'IPv4 over one gateway of IPv6': () => ({
    op: 'route.addMany',
    family: 4,
    tos: addresses(4, '10.0.0.0'),
    prefix: 24,
    via: bytes('fd02::9'),
    link: 'br0',
  }),
  'IPv4, each with its own': () => ({
    op: 'route.addMany',
    family: 4,
    tos: addresses(4, '10.0.0.0'),
    prefixes: Uint8Array.from({ length: COUNT }, (_, row) => 24 + (row % 9)),
    vias: addresses(4, '192.0.2.0', 0).map((byte, i) => [192, 0, 2, 2 + (i % 200)][i % 4] ?? byte),
    table: 1000,
    metric: 77,
  }),
  'IPv4 over links': () => ({ op: 'route.addMany', family: 4, tos: addresses(4, '10.0.0.0'), prefix: 24, links }),
  'IPv6 over one link': () => ({ op: 'route.addMany', family: 6, tos: addresses(6, 'fd09::'), prefix: 64, link: 'br0', table: 1000 }),
  'IPv6 over one gateway and links': () => ({
    op: 'route.addMany',
    family: 6,
    tos: addresses(6, 'fd09::'),
    prefix: 64,
    via: bytes('fd02::9'),
    links: links.map(() => links[0] ?? 0),
  }),
}

describe.each(Object.entries(routes))('many routes, %s', (_, make) => {
  const look = (op: RouteManyOp) =>
    show('ip', `-${op.family}`, 'route', 'show', 'table', String(op.table ?? 'main'))
      .filter((line) => /^(10\.|fd09)/.test(line))
      .toSorted()
  // iproute2 refuses a table without a single route.
  const keep = (op: RouteManyOp): Op => ({
    op: 'route.add',
    to: op.family === 4 ? bytes('172.16.0.0') : bytes('fd0f::'),
    prefix: 16,
    link: 'br1',
    ...(op.table === undefined ? {} : { table: op.table }),
  })

  it('come and go', async () => {
    const op = make()
    await spaces.do(keep(op), op)
    expect(look(op)).toHaveLength(COUNT)
    expect(look(op).filter((line) => line.includes('dev br1'))).toHaveLength(op.links?.[1] === links[1] && op.links ? COUNT / 2 : 0)
    await spaces.do({ ...op, op: 'route.replaceMany' }, ...undoOf([op]))
    expect(look(op)).toEqual([])
    const refusal = await refused({ ...op, op: 'route.delMany' })
    expect(refusal?.rows?.row).toHaveLength(COUNT)
    expect(refusal && isGone(refusal)).toBe(true)
  })

  it('are the same when what is printed is pasted', async () => {
    const op = make()
    await spaces.do(keep(op), op)
    const native = look(op)
    await spaces.do(...undoOf([op]))
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(look(op)).toEqual(native)
    paste(printPlan([{ ...op, op: 'route.replaceMany' }, ...undoOf([op])]), { netns: spaces.paths[0] })
    expect(look(op)).toEqual([])
  })

  it('are all or none', async () => {
    const op = make()
    const width = op.family === 4 ? 4 : 16
    const taken = [0, 64, COUNT - 1]
    await spaces.do(
      keep(op),
      ...taken.map(
        (row): Op => ({
          op: 'route.add',
          to: op.tos.subarray(row * width, (row + 1) * width),
          prefix: op.prefixes?.[row] ?? op.prefix ?? 0,
          link: 'br0',
          ...(op.table === undefined ? {} : { table: op.table }),
          ...(op.metric === undefined ? {} : { metric: op.metric }),
        }),
      ),
    )
    const before = look(op)
    const refusal = await refused(op)
    expect(refusal).toMatchObject({ errno: -EEXIST, request: 'RTM_NEWROUTE' })
    expect([...(refusal?.rows?.row ?? [])]).toEqual(taken)
    expect(look(op)).toEqual(before)
  })

  it('survive lost answers, and are told from others to the same place', async () => {
    const op = { ...make(), metric: 77 }
    const others = { ...op, metric: 5 }
    await spaces.do(keep(op), others, half(op))
    starve(socket)
    const refusal = await refused({ ...op, op: 'route.delMany' })
    expect(refusal && isGone(refusal)).toBe(true)
    expect(look(op)).toHaveLength(COUNT)
    expect(look(op).every((line) => line.includes('metric 5'))).toBe(true)
    expect(await refused({ ...others, op: 'route.addMany' })).toMatchObject({ errno: -EEXIST })
  })
})

const addrs: Readonly<Record<string, () => AddrManyOp>> = {
  'IPv4 of one link and one subnet': () => ({
    op: 'addr.addMany',
    family: 4,
    addresses: addresses(4, '10.0.0.0', 7),
    prefix: 8,
    link: 'br1',
  }),
  'IPv4 of links': () => ({
    op: 'addr.addMany',
    family: 4,
    addresses: addresses(4, '10.0.0.0', 7),
    prefixes: new Uint8Array(COUNT).fill(32),
    links,
  }),
  'IPv6 of one link': () => ({ op: 'addr.addMany', family: 6, addresses: addresses(6, 'fd09::', 7), prefix: 64, link: 'br1' }),
  'IPv6 of links': () => ({ op: 'addr.addMany', family: 6, addresses: addresses(6, 'fd09::', 7), prefix: 128, links }),
}

describe.each(Object.entries(addrs))('many addresses, %s', (_, make) => {
  const look = () =>
    show('ip', '-o', 'addr')
      .filter((line) => / (10\.|fd09)/.test(line))
      .map((line) => line.replace(/^\d+: /, ''))
      .toSorted()

  it('come and go, the later ones of a subnet before the first', async () => {
    const op = make()
    await spaces.do(op)
    expect(look()).toHaveLength(COUNT)
    expect(look().join()).not.toMatch(/tentative|dadfailed/)
    expect(look().filter((line) => line.startsWith('br1'))).toHaveLength(op.links ? COUNT / 2 : COUNT)
    await spaces.do({ ...op, op: 'addr.replaceMany' }, ...undoOf([op]))
    expect(look()).toEqual([])
    const refusal = await refused({ ...op, op: 'addr.delMany' })
    expect(refusal?.rows?.row).toEqual(Uint32Array.from({ length: COUNT }, (_, row) => row))
    expect(refusal && isGone(refusal)).toBe(true)
  })

  it('are the same when what is printed is pasted', async () => {
    const op = make()
    await spaces.do(op)
    const native = look()
    await spaces.do(...undoOf([op]))
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(look()).toEqual(native)
    paste(printPlan([{ ...op, op: 'addr.replaceMany' }, ...undoOf([op])]), { netns: spaces.paths[0] })
    expect(look()).toEqual([])
  })

  it('are all or none', async () => {
    const op = make()
    const width = op.family === 4 ? 4 : 16
    const one = (row: number): Op => ({
      op: 'addr.add',
      address: op.addresses.subarray(row * width, (row + 1) * width),
      prefix: op.prefixes?.[row] ?? op.prefix ?? 0,
      link: op.links?.[row] ?? op.link ?? '',
    })
    await spaces.do(one(3), one(200))
    const refusal = await refused(op)
    expect(refusal).toMatchObject({ errno: -EEXIST, request: 'RTM_NEWADDR' })
    expect([...(refusal?.rows?.row ?? [])]).toEqual([3, 200])
    expect(look()).toHaveLength(2)
  })

  it('survive lost answers', async () => {
    const op = make()
    await spaces.do(half(op))
    starve(socket)
    const refusal = await refused({ ...op, op: 'addr.delMany' })
    expect(refusal && isGone(refusal)).toBe(true)
    expect(look()).toEqual([])
  })
})

describe('misuse of columns', () => {
  const tos = new Uint8Array(8)
  const route = { op: 'route.addMany', family: 4, tos, prefix: 24 }
  const addr = { op: 'addr.addMany', family: 4, addresses: tos, prefix: 24, link: 'lo' }
  it.each([
    ['ops[0].prefix: expected an integer from 0 to 32', { ...route, prefix: 33 }],
    ["ops[0].prefix: expected a number, or the column 'prefixes'", { ...route, prefix: undefined }],
    ["ops[0].prefix: expected a number, or the column 'prefixes'", { ...route, prefixes: new Uint8Array(2) }],
    ['ops[0].prefixes: expected integers from 0 to 32', { ...route, prefix: undefined, prefixes: Uint8Array.of(1, 33) }],
    ['ops[0].prefixes: expected 1 bytes for each of 2 rows', { ...route, prefix: undefined, prefixes: new Uint8Array(3) }],
    ['ops[0].tos: expected 4 bytes for each row', { ...route, tos: new Uint8Array(7) }],
    [
      'ops[0].via: expected a Uint8Array of 16 bytes',
      { op: 'route.addMany', family: 6, tos: new Uint8Array(16), prefix: 24, via: new Uint8Array(4) },
    ],
    ['ops[0].vias: expected nothing, beside via', { ...route, via: new Uint8Array(4), vias: tos }],
    ['ops[0].links: expected nothing, beside link', { ...route, link: 'lo', links: new Int32Array(2) }],
    ['ops[0].links: expected 4 bytes for each of 2 rows', { ...route, links: new Int32Array(1) }],
    ["ops[0].link: expected a link's name or ifindex, or the column 'links'", { ...addr, link: undefined }],
    ['ops[0].family: expected 4 or 6', { ...addr, family: 5 }],
  ])('%s', (message, op) => {
    const call = () => addon().apply(spaces.netns, [op as unknown as Op], 1)
    expect(call).toThrow(expect.objectContaining({ message, code: 'ERR_CNM_INVALID_ARG' }))
  })
})
