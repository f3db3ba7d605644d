import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op, VniOp } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { isGone } from '../../lib/netlink/refusal.ts'
import { paste } from '../support/paste.ts'
import { Spaces } from '../support/spaces.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.add', name: 'under', kind: 'bridge', up: true },
    {
      op: 'link.add',
      name: 'vx0',
      kind: 'vxlan',
      vxlan: { external: true, vniFilter: true, dstPort: 4789, dev: 'under', local: bytes('192.0.2.1') },
    },
    {
      op: 'link.add',
      name: 'vx6',
      kind: 'vxlan',
      vxlan: { external: true, vniFilter: true, dstPort: 4790, dev: 'under', local: bytes('fd00::1') },
    },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const refused = async (op: Op) => (await spaces.apply(op)).refusal
const vnis = (name: string): unknown =>
  spaces.look(0, 'bridge', '-j', 'vni').find((link: { ifname: string }) => link.ifname === name)?.vnis ?? []

/** What is added, and what the witness has of it. */
const cases: Readonly<Record<string, readonly [Omit<VniOp, 'op'>, object]>> = {
  'a network': [{ link: 'vx0', vni: 100 }, { vni: 100 }],
  'the highest': [{ link: 'vx0', vni: 0xffffff }, { vni: 0xffffff }],
  'several networks': [
    { link: 'vx0', vni: 200, end: 299 },
    { vni: 200, vniEnd: 299 },
  ],
  'a network with one other end': [
    { link: 'vx0', vni: 100, remote: bytes('192.0.2.9') },
    { vni: 100, remote: '192.0.2.9' },
  ],
  'a network with a group': [
    { link: 'vx0', vni: 100, group: bytes('239.1.1.1') },
    { vni: 100, group: '239.1.1.1' },
  ],
  'a network over IPv6': [
    { link: 'vx6', vni: 100, remote: bytes('fd00::9') },
    { vni: 100, remote: 'fd00::9' },
  ],
}

describe.each(Object.entries(cases))('%s', (_, [settings, line]) => {
  const op = { op: 'vni.add', ...settings } as const
  const look = () => vnis(String(settings.link))

  it('is there, the second time too, and taken back by its inverse', async () => {
    await spaces.do(op)
    expect(look()).toEqual([line])
    await spaces.do(op)
    expect(look()).toEqual([line])
    await spaces.do(...undoOf([op]))
    expect(look()).toEqual([])
    const gone = await refused(undoOf([op])[0] as Op)
    expect(gone && isGone(gone)).toBe(true)
  })

  it('is the same when what is printed is pasted, as is its inverse', () => {
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(look()).toEqual([line])
    paste(printPlan(undoOf([op])), { netns: spaces.paths[0] })
    expect(look()).toEqual([])
  })
})

it('are read as rows, of one link too', async () => {
  const [netns] = spaces.netns
  if (!netns) return expect.fail()
  await spaces.do(
    { op: 'vni.add', link: 'vx0', vni: 100, end: 102 },
    { op: 'vni.add', link: 'vx0', vni: 7, remote: bytes('192.0.2.9') },
    { op: 'vni.add', link: 'vx6', vni: 7, group: bytes('ff0e::1') },
  )
  const [vx0, vx6] = ['vx0', 'vx6'].map((name) => spaces.link(0, name).ifindex)
  const found = (await dump(netns, 'vni')).toSorted((a, b) => a.link - b.link || a.vni - b.vni)
  expect(found).toEqual([
    { link: vx0, vni: 7, end: 7, remote: parseAddress('192.0.2.9') },
    { link: vx0, vni: 100, end: 102, remote: null },
    { link: vx6, vni: 7, end: 7, remote: parseAddress('ff0e::1') },
  ])
  expect(await dump(netns, 'vni', { link: 'vx6' })).toEqual(found.slice(2))
})

it('what the kernel dislikes is refused', async () => {
  expect(await refused({ op: 'vni.add', link: 'under', vni: 7 })).toMatchObject({
    errno: -22,
    message: expect.stringContaining('not a vxlan device'),
    request: 'RTM_NEWTUNNEL',
  })
  expect(await refused({ op: 'vni.add', link: 'no', vni: 7 })).toMatchObject({ errno: -19 })
})

it.each([
  ['link', { vni: 1 }],
  ['vni', { link: 'vx0', vni: 0 }],
  ['vni', { link: 'vx0', vni: 1 << 24 }],
  ['end', { link: 'vx0', vni: 7, end: 6 }],
  ['end', { link: 'vx0', vni: 7, end: 1 << 24 }],
  ['group', { link: 'vx0', vni: 7, group: '239.1.1.1' }],
  ['remote', { link: 'vx0', vni: 7, group: bytes('239.1.1.1'), remote: bytes('192.0.2.9') }],
])('a wrong %s is misuse', (field, settings) => {
  expect(() => spaces.apply({ op: 'vni.add', ...settings } as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})
