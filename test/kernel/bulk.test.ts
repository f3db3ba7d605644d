import { constants } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FdbManyOp, NeighManyOp, Op, Outcome } from '../../binding.d.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { must, run } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'
import { flood, sockets, starve } from '../support/starve.ts'

const { EEXIST, ECANCELED, ENOENT } = constants.errno

let spaces: Spaces
/** Of the rtnetlink socket, which the first op opened. */
let socket: string
beforeEach(async () => {
  spaces = await Spaces.open()
  const before = sockets()
  await spaces.do(
    { op: 'link.add', name: 'vx0', kind: 'vxlan', vxlan: { id: 5, learning: false } },
    { op: 'link.add', name: 'br0', kind: 'bridge' },
    { op: 'link.set', link: 'vx0', master: 'br0' },
  )
  socket = sockets().find((fd) => !before.includes(fd)) ?? expect.fail('no socket was opened')
})
afterEach(() => spaces[Symbol.asyncDispose]())

const show = (...argv: string[]): string[] => must(argv, { netns: spaces.paths[0] }).split('\n')
const entries = () => show('bridge', 'fdb', 'show', 'dev', 'vx0').filter((line) => line.includes(' dst '))
const refused = async (op: Op) => (await spaces.apply(op)).refusal

/** Row i has the last three bytes of its MAC address and of its destination. */
function columns(count: number) {
  const macs = new Uint8Array(count * 6)
  const dsts = new Uint8Array(count * 4)
  for (let row = 0; row < count; row++) {
    macs.set([2, 0, 0, row >> 16, (row >> 8) & 255, row & 255], row * 6)
    dsts.set([10, row >> 16, (row >> 8) & 255, row & 255], row * 4)
  }
  return { macs, dsts }
}
const macOf = (row: number): string =>
  Buffer.from([2, 0, 0, row >> 16, (row >> 8) & 255, row & 255])
    .toString('hex')
    .replace(/\B(?=(..)+$)/g, ':')

describe('answers that the kernel had to drop', () => {
  const COUNT = 1000
  const { macs, dsts } = columns(COUNT)
  const add: FdbManyOp = { op: 'fdb.addMany', link: 'vx0', family: 4, macs, dsts }
  const rows = (...numbers: number[]): Pick<FdbManyOp, 'macs' | 'dsts'> => ({
    macs: Uint8Array.from(numbers.flatMap((row) => [...macs.subarray(row * 6, row * 6 + 6)])),
    dsts: Uint8Array.from(numbers.flatMap((row) => [...dsts.subarray(row * 4, row * 4 + 4)])),
  })
  const every = Array.from({ length: COUNT }, (_, row) => row)

  it('are found out: rows that are there otherwise are refused, all of them, and the others taken back', async () => {
    const taken = every.filter((row) => row % 3 === 0)
    const elsewhere = new Uint8Array(taken.length * 4).fill(192)
    await spaces.do({ ...add, ...rows(...taken), dsts: elsewhere })
    starve(socket)
    const refusal = await refused(add)
    expect(refusal).toMatchObject({ errno: -EEXIST, request: 'RTM_NEWNEIGH' })
    expect([...(refusal?.rows?.row ?? [])]).toEqual(taken)
    expect(new Set(refusal?.rows?.errno)).toEqual(new Set([-EEXIST]))
    expect(entries()).toHaveLength(taken.length)
    expect(entries().every((line) => line.includes('192.192.192.192'))).toBe(true)
  })

  it('are found out: what is gone counts as deleted, what is not is deleted', async () => {
    await spaces.do({ ...add, ...rows(...every.filter((row) => row % 5 === 0)) })
    starve(socket)
    const refusal = await refused({ ...add, op: 'fdb.delMany' })
    expect(new Set(refusal?.rows?.errno)).toEqual(new Set([-ENOENT]))
    expect([...(refusal?.rows?.row ?? [])].filter((row) => row % 5 === 0)).toEqual([])
    expect(entries()).toEqual([])
  })

  it('are found out: what is replaced points where it was wanted to', async () => {
    await spaces.do({ ...add, dsts: new Uint8Array(dsts.length).fill(192) })
    starve(socket)
    await spaces.do({ ...add, op: 'fdb.replaceMany' })
    expect(entries().some((line) => line.includes('192.192.192.192'))).toBe(false)
    expect(entries()).toHaveLength(COUNT)
  })

  it('do not mix the entries of a link with those that its bridge has of it', async () => {
    const { dsts: _, family: __, ...ofBridge } = { ...add, master: true } as FdbManyOp & { family: 4 }
    await spaces.do(ofBridge, { ...add, ...rows(...every.filter((row) => row % 2 === 0)) })
    starve(socket)
    await refused(add)
    await refused({ ...add, op: 'fdb.replaceMany' })
    expect(entries()).toHaveLength(COUNT)
    await refused({ ...ofBridge, op: 'fdb.delMany' })
    expect(entries()).toHaveLength(COUNT)
  })

  it.each([4, 6] as const)('are found out of neighbours too, IPv%d', async (family) => {
    const width = family === 4 ? 4 : 16
    const addresses = new Uint8Array(COUNT * width).fill(family === 4 ? 10 : 0xfd)
    for (const row of every) addresses.set([row >> 8, row & 255], (row + 1) * width - 2)
    const neighs: NeighManyOp = { op: 'neigh.addMany', link: 'br0', family, addresses, macs }
    const look = () => show('ip', 'neigh').filter((line) => line.includes('PERMANENT'))
    await spaces.do({ ...neighs, macs: macs.map((byte) => byte ^ 4) })
    starve(socket)
    const refusal = await refused(neighs)
    expect(refusal?.errno).toBe(-EEXIST)
    expect(refusal?.rows?.row).toHaveLength(COUNT)
    await spaces.do({ ...neighs, op: 'neigh.replaceMany' })
    expect(look().some((line) => line.includes(`lladdr ${macOf(COUNT - 1)}`))).toBe(true)
    await spaces.do({ ...neighs, op: 'neigh.delMany' })
    expect(look()).toEqual([])
  })

  it('of a dump are asked for again, over another socket', async () => {
    const long = 30_000
    const { macs: all, dsts: ends } = columns(long)
    await spaces.do({ ...add, macs: all, dsts: ends })
    const link = spaces.link(0, 'vx0').ifindex
    await using _flood = await flood(socket)
    const { length, refusal } = await addon().dump(spaces.netns[0] ?? expect.fail(), 'fdb', 1, { link })
    expect(refusal).toBeNull()
    expect(length).toBe(long + 1)
  })
})

describe('an op with many rows that is cancelled on its way', () => {
  const COUNT = 150_000
  const add: FdbManyOp = { op: 'fdb.addMany', link: 'vx0', family: 4, ...columns(COUNT) }
  const JOB = 7
  const count = () => Number(run(['sh', '-c', 'bridge fdb show dev vx0 | grep -c dst'], { netns: spaces.paths[0] }).stdout)
  const isThere = (row: number) => run(['bridge', 'fdb', 'get', macOf(row), 'dev', 'vx0', 'self'], { netns: spaces.paths[0] }).status === 0

  /** Cancels the op once `begun`. */
  async function cancelled(op: Op, begun: () => boolean): Promise<Outcome> {
    const running = addon().apply(spaces.netns, [op], JOB)
    while (!begun()) await new Promise(setImmediate)
    expect(addon().cancel(JOB)).toBe(true)
    return running
  }

  it('is taken back when it adds', async () => {
    const { done, refusal } = await cancelled(add, () => isThere(0))
    expect({ done, refusal }).toMatchObject({ done: 0, refusal: { errno: -ECANCELED, untried: expect.any(Number) } })
    expect(refusal?.untried).toBeLessThan(COUNT)
    expect(count()).toBe(0)
  })

  it('says how far it got when it deletes, from the last row on', async () => {
    await spaces.do(add)
    const { refusal } = await cancelled({ ...add, op: 'fdb.delMany' }, () => !isThere(COUNT - 1))
    expect(refusal).toMatchObject({ errno: -ECANCELED })
    expect(count()).toBe(refusal?.untried)
    expect(isThere(0)).toBe(true)
    expect(refusal?.rows).toBeUndefined()
  })

  it('says how far it got when it replaces', async () => {
    const { refusal } = await cancelled({ ...add, op: 'fdb.replaceMany' }, () => isThere(0))
    expect(refusal).toMatchObject({ errno: -ECANCELED })
    expect(count()).toBe(COUNT - (refusal?.untried ?? 0))
  })
})
