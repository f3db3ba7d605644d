import { afterEach, beforeEach, expect, it } from 'vitest'
import type { LinkAdd, Op } from '../../binding.d.ts'
import { parseMac } from '../../lib/model/ids.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { isGone } from '../../lib/netlink/refusal.ts'
import { paste } from '../support/paste.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

const mac = parseMac('02:00:00:00:00:11') ?? expect.fail()
const refused = async (op: Op) => (await spaces.apply(op)).refusal

/** What is asked for, and what ip shows behind its kind. */
const links: Readonly<Record<string, { readonly op: LinkAdd; readonly data: object }>> = {
  tun: {
    op: { op: 'link.add', name: 'x0', kind: 'tun', tun: { mode: 'tun' } },
    data: { type: 'tun', pi: false, vnet_hdr: false, multi_queue: false, persist: true },
  },
  'tun with its protocol, of somebody': {
    op: { op: 'link.add', name: 'x0', kind: 'tun', up: true, mtu: 1300, tun: { mode: 'tun', pi: true, user: 1234, group: 4321 } },
    data: { type: 'tun', pi: true, persist: true, user: 1234, group: 4321 },
  },
  tap: {
    op: {
      op: 'link.add',
      name: 'x0',
      kind: 'tun',
      mac,
      group: 7,
      mtu: 1400,
      up: true,
      tun: { mode: 'tap', multiQueue: true, vnetHdr: true },
    },
    data: { type: 'tap', pi: false, vnet_hdr: true, multi_queue: true, persist: true },
  },
}

/** Without what the kernel draws for each: an ifindex, and a MAC address where none is asked for. */
function look(address: boolean) {
  const { ifindex: _index, ifalias: _alias, address: drawn, ...shown } = spaces.link(0, 'x0')
  return address ? { ...shown, address: drawn } : shown
}

it.each(Object.entries(links))(
  '%s has what is asked for, goes when it is taken back, and prints as what does so',
  async (_, { op, data }) => {
    const { ifindex } = await spaces.do(op)
    const shown = spaces.link(0, 'x0')
    expect(shown.linkinfo).toMatchObject({ info_kind: 'tun', info_data: data })
    expect(shown).toMatchObject({ ifindex: ifindex[0], mtu: op.mtu ?? 1500, group: op.group === undefined ? 'default' : String(op.group) })
    expect(shown.flags.includes('UP')).toBe(op.up === true)
    if (op.mac) expect(shown.address).toBe('02:00:00:00:00:11')
    const native = look(op.mac !== undefined)
    await spaces.do(...undoOf([op]))
    expect(spaces.link(0, 'x0')).toBeUndefined()
    const gone = await refused(undoOf([op])[0] ?? expect.fail())
    expect(gone && isGone(gone)).toBe(true)
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(look(op.mac !== undefined)).toEqual(native)
  },
)

it('a tun is born in the namespace that is asked for, and nowhere else', async () => {
  await spaces.do({ op: 'link.add', at: 1, name: 'x0', kind: 'tun', tun: { mode: 'tap' } })
  expect(spaces.link(1, 'x0').linkinfo.info_kind).toBe('tun')
  expect(spaces.link(0, 'x0')).toBeUndefined()
})

it('a name that is taken is refused, whoever has it', async () => {
  const op: LinkAdd = { op: 'link.add', name: 'x0', kind: 'tun', tun: { mode: 'tap' } }
  await spaces.do(op)
  expect(await refused(op)).toMatchObject({ errno: -16, request: 'TUNSETIFF' })
  await spaces.do(...undoOf([op]), { op: 'link.add', name: 'x0', kind: 'bridge' })
  expect(await refused(op)).toMatchObject({ errno: -16, request: 'TUNSETIFF' })
  expect(spaces.link(0, 'x0').linkinfo.info_kind).toBe('bridge')
  expect(await refused({ ...op, name: 'x'.repeat(16) })).toMatchObject({ errno: -34, request: 'TUNSETIFF' })
})

it('what the kernel dislikes leaves no link', async () => {
  const op: LinkAdd = { op: 'link.add', name: 'x0', kind: 'tun', mtu: 1, tun: { mode: 'tap' } }
  expect(await refused(op)).toMatchObject({ errno: -22, request: 'RTM_NEWLINK' })
  expect(spaces.link(0, 'x0')).toBeUndefined()
})

it.each([
  ['ops[0].tun: expected an object', { tun: undefined }],
  ["ops[0].tun.mode: expected 'tun' or 'tap'", { tun: {} }],
  ["ops[0].tun.mode: expected one of 'tun', 'tap'", { tun: { mode: 'tub' } }],
  ['ops[0].tun.user: expected an integer from 0 to 4294967295', { tun: { mode: 'tun', user: -1 } }],
  ["ops[0].tun: expected nothing, since kind is not 'tun'", { kind: 'bridge', tun: { mode: 'tun' } }],
])('%s', (message, fields) => {
  const op = { op: 'link.add', name: 'x0', kind: 'tun', ...fields } as LinkAdd
  expect(() => spaces.apply(op)).toThrow(expect.objectContaining({ message, code: 'ERR_CNM_INVALID_ARG' }))
})
