import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LinkAdd, LinkSet } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { parseMac } from '../../lib/model/ids.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { paste } from '../support/paste.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do({ op: 'link.add', name: 'under', kind: 'bridge', up: true })
})
afterEach(() => spaces[Symbol.asyncDispose]())

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
const mac = (text: string): Uint8Array => parseMac(text) ?? expect.fail(text)
const refused = async (set: Settings) => (await spaces.apply({ op: 'link.set', link: 'x0', ...set })).refusal

const vxlan: LinkAdd = { op: 'link.add', name: 'x0', kind: 'vxlan', vxlan: { id: 7, remote: bytes('192.0.2.1'), dev: 'under', ttl: 9 } }

/** What a link is made with, what changes it, what ip then shows behind its kind, and what changes it back. */
type Settings = Omit<LinkSet, 'op' | 'link' | 'undo'>
const changes: Readonly<Record<string, { readonly add: LinkAdd; readonly set: Settings; readonly data: object; readonly back: Settings }>> =
  {
    bridge: {
      add: { op: 'link.add', name: 'x0', kind: 'bridge', bridge: { ageingTime: 5000 } },
      set: { bridge: { ageingTime: 0, forwardDelay: 300, priority: 4096, mcastSnooping: false, groupFwdMask: 8 } },
      data: { ageing_time: 0, forward_delay: 300, priority: 4096, mcast_snooping: 0, group_fwd_mask: '0x8' },
      back: { bridge: { ageingTime: 5000, forwardDelay: 1500, priority: 32768, mcastSnooping: true, groupFwdMask: 0 } },
    },
    vxlan: {
      add: vxlan,
      set: { vxlan: { remote: bytes('192.0.2.2'), learning: false, ttl: 12, tos: 16, ageing: 77 } },
      data: { id: 7, remote: '192.0.2.2', learning: false, ttl: 12, tos: '0x10', ageing: 77 },
      back: { vxlan: { remote: bytes('192.0.2.1'), learning: true, ttl: 9, tos: 0, ageing: 300 } },
    },
    macvlan: {
      add: { op: 'link.add', name: 'x0', kind: 'macvlan', link: 'under', macvlan: { mode: 'private' } },
      set: { macvlan: { mode: 'bridge', bcQueueLen: 500 } },
      data: { mode: 'bridge', bcqueuelen: 500 },
      back: { macvlan: { mode: 'private', bcQueueLen: 1000 } },
    },
    'macvlan of other sources': {
      add: {
        op: 'link.add',
        name: 'x0',
        kind: 'macvlan',
        link: 'under',
        macvlan: { mode: 'source', macAddr: [mac('02:00:00:00:00:12')] },
      },
      set: { macvlan: { macAddr: [mac('02:00:00:00:00:13'), mac('02:00:00:00:00:14')] } },
      data: { mode: 'source', macaddr_count: 2, macaddr_data: expect.arrayContaining(['02:00:00:00:00:13', '02:00:00:00:00:14']) },
      back: { macvlan: { macAddr: [mac('02:00:00:00:00:12')] } },
    },
    macvtap: {
      add: { op: 'link.add', name: 'x0', kind: 'macvtap', link: 'under', macvtap: { mode: 'vepa' } },
      set: { macvtap: { mode: 'private' } },
      data: { mode: 'private' },
      back: { macvtap: { mode: 'vepa' } },
    },
  }

describe.each(Object.entries(changes))('%s', (_, { add, set, data, back }) => {
  const op: LinkSet = { op: 'link.set', link: 'x0', ...set }
  const look = () => {
    const shown = Object.entries(spaces.link(0, 'x0').linkinfo.info_data).filter(([name]) => !name.endsWith('_timer'))
    return Object.fromEntries(shown)
  }

  it('is as it is asked for, again too, and as before when that is taken back', async () => {
    await spaces.do(add)
    const before = look()
    expect(before).not.toEqual(expect.objectContaining(data))
    await spaces.do(op, op)
    expect(look()).toEqual(expect.objectContaining(data))
    await spaces.do(...undoOf([{ ...op, undo: [{ op: 'link.set', link: 'x0', ...back }] }]))
    expect(look()).toEqual(before)
  })

  it('is the same when what is printed is pasted', async () => {
    await spaces.do(add, op)
    const native = look()
    await spaces.do(...undoOf([add]), add)
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(look()).toEqual(native)
  })
})

it('a link is changed with all that is asked for beside it', async () => {
  const macvlan: LinkAdd = { op: 'link.add', name: 'x0', kind: 'macvlan', link: 'under', macvlan: { mode: 'vepa' } }
  const set: LinkSet = { op: 'link.set', link: 'x0', name: 'y0', mtu: 1400, up: true, moveTo: 1, macvlan: { mode: 'private' } }
  const look = () => {
    const { mtu, flags, linkinfo } = spaces.link(1, 'y0')
    return [mtu, flags.includes('UP'), linkinfo.info_data.mode]
  }
  await spaces.do(macvlan, set)
  expect(look()).toEqual([1400, true, 'private'])
  await spaces.do({ op: 'link.del', at: 1, link: 'y0' }, macvlan)
  paste(printPlan([set], spaces.paths), { netns: spaces.paths[0] })
  expect(look()).toEqual([1400, true, 'private'])
})

it('a port is changed as what it is itself, and as what it is to its bridge', async () => {
  const look = () => {
    const { info_data: own, info_slave_data: port } = spaces.link(0, 'x0').linkinfo
    return [own.ttl, port?.isolated]
  }
  await spaces.do({ op: 'link.add', name: 'over', kind: 'bridge' }, vxlan, {
    op: 'link.set',
    link: 'x0',
    master: 'over',
    vxlan: { ttl: 20 },
    port: { isolated: true },
  })
  expect(look()).toEqual([20, true])
  await spaces.do({ op: 'link.set', link: 'x0', vxlan: { ttl: 30 }, port: { isolated: false } })
  expect(look()).toEqual([30, false])
})

it('what cannot change is refused, and named', async () => {
  await spaces.do(vxlan)
  const before = spaces.link(0, 'x0').linkinfo
  expect(await refused({ vxlan: { id: 8 } })).toMatchObject({ errno: -95, message: 'Cannot change VNI', request: 'RTM_NEWLINK' })
  expect(await refused({ vxlan: { dev: 'no' } })).toMatchObject({ errno: -19, attribute: 'IFLA_VXLAN_LINK' })
  expect(await refused({ bridge: { stp: true } })).toMatchObject({ errno: -95, request: 'RTM_NEWLINK' })
  expect(spaces.link(0, 'x0').linkinfo).toEqual(before)
})

it('a kernel without ipvlan has none to change', async () => {
  const add: LinkAdd = { op: 'link.add', name: 'x0', kind: 'ipvlan', link: 'under', ipvlan: { mode: 'l2' } }
  const { refusal } = await spaces.apply(add)
  if (refusal) return expect(await refused({ ipvlan: { mode: 'l3' } })).toMatchObject({ errno: -19, request: 'RTM_NEWLINK' })
  await spaces.do({ op: 'link.set', link: 'x0', ipvlan: { mode: 'l3' } })
  expect(spaces.link(0, 'x0').linkinfo.info_data.mode).toBe('l3')
})

it.each([
  ['ops[0].vxlan: expected nothing, beside bridge', { bridge: {}, vxlan: {} }],
  ['ops[0].vlan: expected nothing: this kind has no options that change', { vlan: { id: 7 } }],
  ['ops[0].bridge.priority: expected an integer from 0 to 65535', { bridge: { priority: 65536 } }],
  ["ops[0].vxlan.ttl: expected an integer from 0 to 255, or 'inherit'", { vxlan: { ttl: 'inherited' } }],
  ['ops[0].bridge: expected nothing, since a whole group is set', { link: undefined, group: 7, bridge: {} }],
])('%s', (message, set) => {
  expect(() => spaces.apply({ op: 'link.set', link: 'x0', ...set } as LinkSet)).toThrow(
    expect.objectContaining({ message, code: 'ERR_CNM_INVALID_ARG' }),
  )
})
