import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op, VlanOp } from '../../binding.d.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { Netns } from '../../lib/netlink/namespace.ts'
import { lacks } from '../support/lacks.ts'
import { paste } from '../support/paste.ts'
import { Spaces } from '../support/spaces.ts'
import { pings } from '../support/traffic.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.add', name: 'br0', kind: 'bridge', up: true },
    { op: 'link.add', name: 'p0', kind: 'veth', peer: { name: 'p1', at: 1 } },
    { op: 'link.set', link: 'p0', master: 'br0', up: true },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const refused = async (op: Op) => (await spaces.apply(op)).refusal
const vlans = (name: string): unknown =>
  spaces.look(0, 'bridge', '-j', 'vlan').find((link: { ifname: string }) => link.ifname === name)?.vlans ?? []

/** What is added, and what the witness has of it. Each kernel has VLAN 1 from the beginning, or no VLANs. */
const cases: Readonly<Record<string, readonly [Omit<VlanOp, 'op'>, readonly object[]]>> = {
  'a VLAN of a port': [{ link: 'p0', vid: 10 }, [{ vlan: 10 }]],
  'that of what has no tag': [{ link: 'p0', vid: 10, pvid: true, untagged: true }, [{ vlan: 10, flags: ['PVID', 'Egress Untagged'] }]],
  'several VLANs': [
    { link: 'p0', vid: 20, end: 22, untagged: true, master: true },
    [20, 21, 22].map((vlan) => ({ vlan, flags: ['Egress Untagged'] })),
  ],
  'a VLAN of the bridge itself': [{ link: 'br0', vid: 10, self: true }, [{ vlan: 10 }]],
}

describe.each(Object.entries(cases))('%s', (_, [settings, lines]) => {
  const op = { op: 'vlan.add', ...settings } as const
  const look = () => vlans(String(settings.link))

  it('is there, the second time too, and taken back by its inverse; or the kernel says so', async () => {
    const before = look()
    const refusal = await refused(op)
    if (refusal) return lacks(refusal, { errno: -95, request: 'RTM_SETLINK' })
    expect(look()).toEqual(expect.arrayContaining([...lines]))
    await spaces.do(op)
    expect(look()).toEqual(expect.arrayContaining([...lines]))
    await spaces.do(...undoOf([op]), ...undoOf([op]))
    if (!settings.pvid) expect(look()).toEqual(before)
    expect(look()).not.toContainEqual(lines.at(-1))
  })

  it('is the same when what is printed is pasted, as is its inverse; or the kernel says so', async () => {
    const refusal = await refused(op)
    if (refusal) {
      expect(() => paste(printPlan([op]), { netns: spaces.paths[0] })).toThrow('Operation not supported')
      return lacks(refusal, { errno: -95 })
    }
    await spaces.do(...undoOf([op]))
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(look()).toEqual(expect.arrayContaining([...lines]))
    paste(printPlan(undoOf([op])), { netns: spaces.paths[0] })
    expect(look()).not.toContainEqual(lines.at(-1))
  })
})

it('packets stay in their VLAN, or the kernel says that it has none', async () => {
  const [one, two] = [Uint8Array.of(10, 0, 0, 1), Uint8Array.of(10, 0, 0, 2)]
  await spaces.do(
    { op: 'link.set', at: 1, link: 'p1', up: true },
    { op: 'addr.add', link: 'br0', address: one, prefix: 24 },
    { op: 'addr.add', at: 1, link: 'p1', address: two, prefix: 24 },
  )
  const answers = () => pings(spaces.paths[0], '10.0.0.2')
  expect(await answers()).toBe(true)
  const refusal = await refused({ op: 'link.set', link: 'br0', bridge: { vlanFiltering: true } })
  if (refusal) return lacks(refusal, { errno: -95, request: 'RTM_NEWLINK' })
  const untagged = { vid: 10, pvid: true, untagged: true } as const
  await spaces.do({ op: 'vlan.add', link: 'p0', ...untagged })
  expect(await answers()).toBe(false)
  await spaces.do({ op: 'vlan.add', link: 'br0', self: true, ...untagged })
  expect(await answers()).toBe(true)
  await spaces.do({ op: 'vlan.del', link: 'p0', vid: 10 })
  expect(await answers()).toBe(false)
})

it('the tables have what a bridge filters, and who is in which VLAN; or the kernel says so', async () => {
  const refusal = await refused({ op: 'link.set', link: 'br0', bridge: { vlanFiltering: true } })
  using netns = Netns.at(spaces.paths[0])
  const links = await dump(netns, 'link')
  const [br0, p0] = ['br0', 'p0'].map((name) => links.find((link) => link.name === name))
  if (refusal) {
    expect([br0?.vlanFiltering, await dump(netns, 'vlan')]).toEqual([false, []])
    return lacks(refusal, { errno: -95 })
  }
  await spaces.do(
    { op: 'vlan.add', link: 'p0', vid: 20, end: 22 },
    { op: 'vlan.add', link: 'p0', vid: 30, pvid: true, untagged: true },
    { op: 'vlan.add', link: 'br0', vid: 20, self: true },
  )
  const table = (await dump(netns, 'vlan')).filter(({ vid }) => vid > 1)
  expect([br0?.vlanFiltering, p0?.vlanFiltering, p0?.parentNetns]).toEqual([true, false, expect.any(Number)])
  expect(table.toSorted((one, other) => one.vid - other.vid || one.link - other.link)).toEqual([
    { link: br0?.index, vid: 20, end: 20, pvid: false, untagged: false },
    { link: p0?.index, vid: 20, end: 22, pvid: false, untagged: false },
    { link: p0?.index, vid: 30, end: 30, pvid: true, untagged: true },
  ])
})

it('a link that is no port is in none', async () => {
  await spaces.do({ op: 'link.set', link: 'p0', master: 0 })
  expect(await refused({ op: 'vlan.add', link: 'p0', vid: 10 })).toMatchObject({ errno: -95, request: 'RTM_SETLINK' })
})

it.each([
  ['link', { vid: 1 }],
  ['vid', { link: 'p0', vid: 0 }],
  ['vid', { link: 'p0', vid: 4095 }],
  ['end', { link: 'p0', vid: 7, end: 6 }],
  ['pvid', { link: 'p0', vid: 7, end: 8, pvid: true }],
  ['untagged', { link: 'p0', vid: 7, untagged: 1 }],
])('a wrong %s is misuse', (field, settings) => {
  expect(() => spaces.apply({ op: 'vlan.add', ...settings } as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})

describe('a link of kind vlan', () => {
  const op: Op = {
    op: 'link.add',
    name: 'v7',
    kind: 'vlan',
    link: 'br0',
    vlan: {
      id: 7,
      flags: { reorderHdr: false, gvrp: true, looseBinding: true },
      ingressQosMap: [
        [1, 2],
        [3, 4],
      ],
      egressQosMap: [[5, 6]],
    },
  }
  const data = {
    id: 7,
    flags: ['GVRP', 'LOOSE_BINDING'],
    ingress_qos: [
      { from: 1, to: 2 },
      { from: 3, to: 4 },
    ],
    egress_qos: [{ from: 5, to: 6 }],
  }

  it('has its flags and maps, pasted too; or the kernel says so', async () => {
    const refusal = await refused(op)
    if (refusal) return lacks(refusal, { errno: -95, message: 'Unknown device type' })
    expect(spaces.link(0, 'v7').linkinfo.info_data).toMatchObject(data)
    await spaces.do(...undoOf([op]))
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(spaces.link(0, 'v7').linkinfo.info_data).toMatchObject(data)
  })

  it.each([
    ['flags', { flags: ['gvrp'] }],
    ['flags', { flags: { gvrp: 1 } }],
    ['flags', { flags: { vrrp: true } }],
    ['ingressQosMap', { ingressQosMap: [[1]] }],
    ['egressQosMap', { egressQosMap: [1, 2] }],
  ])('a wrong %s is misuse', (field, settings) => {
    expect(() => spaces.apply({ ...op, vlan: { id: 7, ...settings } } as unknown as Op)).toThrow(
      expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].vlan.${field}: `) }),
    )
  })
})
