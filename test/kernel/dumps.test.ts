import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Filters, TableName, WatchedTable } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { apply, dump, dumpColumns } from '../../lib/netlink/kernel.ts'
import { Netns } from '../../lib/netlink/namespace.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
/** Of a row without one. */
const ZERO = '00:00:00:00:00:00'
const mac = (last: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, last)

let spaces: Spaces
let netns: Netns
beforeEach(async () => {
  spaces = await Spaces.open()
  netns = spaces.netns[0] ?? expect.fail()
  await spaces.do(
    { op: 'link.add', name: 'br0', kind: 'bridge', up: true },
    { op: 'link.add', name: 'br1', kind: 'bridge', up: true },
    { op: 'link.add', name: 'vx0', kind: 'vxlan', vxlan: { id: 5, learning: false } },
    { op: 'link.set', link: 'vx0', master: 'br0', up: true },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const show = (...argv: string[]): string[] => must(argv, { netns: spaces.paths[0] }).split('\n').filter(Boolean)

describe('a filter', () => {
  beforeEach(() =>
    spaces.do(
      { op: 'addr.add', link: 'br0', address: bytes('10.0.0.1'), prefix: 24 },
      { op: 'addr.add', link: 'br1', address: bytes('10.0.1.1'), prefix: 24 },
      { op: 'addr.add', link: 'br1', address: bytes('fd01::1'), prefix: 64 },
      { op: 'route.add', to: bytes('10.9.0.0'), prefix: 16, via: bytes('10.0.0.9'), table: 1000 },
      { op: 'route.add', to: bytes('fd09::'), prefix: 16, link: 'br1', table: 1000 },
      { op: 'neigh.add', link: 'br0', address: bytes('10.0.0.7'), mac: mac(7) },
      { op: 'neigh.add', link: 'br1', address: bytes('fd01::7'), mac: mac(8) },
      { op: 'neigh.add', link: 'vx0', address: bytes('10.0.0.8'), mac: mac(9) },
      { op: 'neigh.add', link: 'br1', address: bytes('10.0.1.9'), proxy: true },
      { op: 'fdb.add', link: 'vx0', mac: mac(10), dst: bytes('192.0.2.1') },
      { op: 'fdb.add', link: 'vx0', mac: mac(11), master: true },
      { op: 'fdb.add', link: 'br1', mac: mac(12), self: true },
    ),
  )

  /** The witness counts the rows that ours has to have. */
  const filters: { readonly [T in WatchedTable]: readonly (readonly [Filters[T], readonly string[]])[] } = {
    link: [
      [{ link: 'br1' }, ['ip', '-o', 'link', 'show', 'dev', 'br1']],
      [{ master: 'br0' }, ['ip', '-o', 'link', 'show', 'master', 'br0']],
    ],
    address: [
      [{ link: 'br1' }, ['ip', '-o', 'addr', 'show', 'dev', 'br1']],
      [{ family: 6 }, ['ip', '-6', '-o', 'addr']],
      [{ link: 'br1', family: 4 }, ['ip', '-4', '-o', 'addr', 'show', 'dev', 'br1']],
    ],
    route: [
      [{ table: 1000, family: 4 }, ['ip', 'route', 'show', 'table', '1000']],
      [{ table: 1000, family: 6 }, ['ip', '-6', 'route', 'show', 'table', '1000']],
      [{ type: 'local', family: 4 }, ['ip', '-4', 'route', 'show', 'table', 'all', 'type', 'local']],
      [{ type: 'unicast', family: 6 }, ['ip', '-6', 'route', 'show', 'table', 'all', 'type', 'unicast']],
      [{ link: 'br0', family: 4 }, ['ip', '-4', 'route', 'show', 'table', 'all', 'dev', 'br0']],
    ],
    neigh: [
      [{ link: 'br0', family: 4 }, ['ip', '-4', 'neigh', 'show', 'dev', 'br0']],
      [{ master: 'br0' }, ['ip', 'neigh', 'show', 'master', 'br0', 'nud', 'all']],
      [{ family: 6, link: 'br1' }, ['ip', '-6', 'neigh', 'show', 'dev', 'br1', 'nud', 'all']],
      [{ proxy: true }, ['ip', 'neigh', 'show', 'proxy']],
    ],
    fdb: [
      [{ link: 'vx0' }, ['bridge', 'fdb', 'show', 'brport', 'vx0']],
      [{ master: 'br0' }, ['bridge', 'fdb', 'show', 'br', 'br0']],
    ],
  }
  const cases = Object.entries(filters).flatMap(([table, list]) => list.map(([filter, witness]) => ({ table, filter, witness })))

  /** IPv6 and the bridges make neighbours and entries of their own, now and then. */
  const isMade = (text: string) => text.startsWith('02:00:00:00:00:') || text === ZERO
  const count = async (table: TableName, filter?: object): Promise<number> => {
    if (table !== 'neigh' && table !== 'fdb') return (await dumpColumns(netns, table, filter)).length
    return (await dump(netns, table, filter)).filter(({ mac }) => isMade(mac)).length
  }

  it.each(cases)('of $table: $filter', async ({ table, filter, witness }) => {
    const lines = () => show(...witness).filter((line) => !/neigh|fdb/.test(witness.join()) || /02:00:00:00:00:|proxy/.test(line))
    await expect.poll(async () => (await count(table as TableName, filter)) - lines().length).toBe(0)
    expect(lines().length).toBeGreaterThan(0)
    if (!('proxy' in filter)) expect(lines().length).toBeLessThan(await count(table as TableName))
  })

  it('leaves the right rows', async () => {
    const br1 = spaces.link(0, 'br1').ifindex
    const [address] = await dump(netns, 'address', { link: br1, family: 4 })
    expect(address).toMatchObject({ link: br1, address: { ...parseAddress('10.0.1.1'), prefix: 24 } })
    const [proxy] = await dump(netns, 'neigh', { proxy: true, link: 'br1' })
    expect(proxy).toMatchObject({ link: br1, address: parseAddress('10.0.1.9') })
    expect((await dump(netns, 'route', { table: 1000 })).map(({ table }) => table)).toEqual([1000, 1000])
  })

  it('by a link that is not there is refused', async () => {
    const refusal = { refusal: { errno: -19, request: 'RTM_GETLINK' } }
    await expect(dump(netns, 'fdb', { link: 'no' })).rejects.toMatchObject(refusal)
    await expect(dump(netns, 'link', { master: 'no' })).rejects.toMatchObject(refusal)
    await expect(dump(netns, 'link', { link: 'no' })).rejects.toMatchObject(refusal)
    await expect(dump(netns, 'link', { link: 999_999 })).rejects.toMatchObject(refusal)
    await expect(dump(netns, 'route', { family: 4, table: 77 })).rejects.toMatchObject({ errno: -2 })
  })

  it.each([
    ['filter: expected an object', 'fdb', 7],
    ["filter.link: expected a link's name or ifindex", 'fdb', { link: 0 }],
    ['filter.master: expected nothing: this table has no such filter', 'address', { master: 'br0' }],
    ['filter.family: expected 4 or 6', 'neigh', { family: 5 }],
    ['filter.table: expected an integer from 1 to 4294967295', 'route', { table: 0 }],
    ["filter.type: expected one of 'unicast', 'local', 'blackhole', 'unreachable', 'prohibit', 'throw'", 'route', { type: 'best' }],
    ['filter.proxy: expected a boolean', 'neigh', { proxy: 1 }],
  ])('%s', (message, table, filter) => {
    expect(() => addon().dump(netns, table as 'fdb', 1, filter as object)).toThrow(
      expect.objectContaining({ message, code: 'ERR_CNM_INVALID_ARG' }),
    )
  })
})

/** Enough for columns that are handed over rather than copied, and for several datagrams. */
const COUNT = 20_000

it('a long table comes whole, and stays when the namespace is closed', async () => {
  const macs = new Uint8Array(COUNT * 6)
  const dsts = new Uint8Array(COUNT * 4)
  for (let row = 0; row < COUNT; row++) {
    macs.set([2, 1, 0, 0, row >> 8, row & 255], row * 6)
    dsts.set([10, 7, row >> 8, row & 255], row * 4)
  }
  await spaces.do({ op: 'fdb.addMany', link: 'vx0', family: 4, macs, dsts })
  const again = Netns.at(spaces.paths[0])
  const columns = await dumpColumns(again, 'fdb', { link: 'vx0' })
  again.close()
  const seen = new Set<string>()
  for (let row = 0; row < columns.length; row++) {
    if (columns.mac[row * 6 + 1] !== 1) continue
    const last = columns.mac.subarray(row * 6 + 4, row * 6 + 6)
    expect(columns.dst.subarray(row * 16, row * 16 + 4)).toEqual(Uint8Array.of(10, 7, ...last))
    seen.add(last.join())
  }
  expect(seen.size).toBe(COUNT)
  const witness = show('bridge', 'fdb', 'show', 'dev', 'vx0').filter((line) => line.startsWith('02:01:'))
  expect(witness).toHaveLength(COUNT)
  columns.mac.fill(0)
  expect(columns.mac.some(Boolean)).toBe(false)
})

describe('an abort', () => {
  const reason = new Error('changed my mind')

  it('is heeded before a dump begins', async () => {
    await expect(dump(netns, 'link', {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('ends a dump at once, while the kernel thread is busy with something else', async () => {
    const controller = new AbortController()
    const order: string[] = []
    const busy = apply(spaces.netns, bridges(300)).then(() => order.push('busy'))
    const waiting = dump(netns, 'link', {}, { signal: controller.signal }).catch((error) => {
      order.push('aborted')
      return error
    })
    controller.abort(reason)
    expect(await waiting).toBe(reason)
    await busy
    expect(order).toEqual(['aborted', 'busy'])
  })

  it('ends a plan at once; what was done is known when its step is over', async () => {
    const controller = new AbortController()
    const order: string[] = []
    const busy = apply(spaces.netns, bridges(300)).then(() => order.push('busy'))
    const stop = apply(spaces.netns, [{ op: 'link.del', link: 'br1' }], { signal: controller.signal }).catch((error) => {
      order.push('aborted')
      return error
    })
    controller.abort(reason)
    const { cause, done } = await stop
    expect(cause).toBe(reason)
    done.then(() => order.push('known'))
    await busy
    expect(await done).toBe(0)
    expect(order).toEqual(['aborted', 'busy', 'known'])
    expect(spaces.link(0, 'br1')).toBeDefined()
  })
})

const bridges = (count: number) => Array.from({ length: count }, (_, n) => ({ op: 'link.add', name: `x${n}`, kind: 'bridge' }) as const)
