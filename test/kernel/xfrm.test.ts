import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op, XfrmPolicyOp } from '../../binding.d.ts'
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
})
afterEach(() => spaces[Symbol.asyncDispose]())

const refused = async (op: Op) => (await spaces.apply(op)).refusal
const policies = () => must(['ip', 'xfrm', 'policy'], { netns: spaces.paths[0] })

const ends = { src: { address: bytes('10.0.0.1'), prefix: 32 }, dst: { address: bytes('10.0.0.2'), prefix: 32 } } as const
const esp = { proto: 'esp', mode: 'transport', reqid: 7, src: bytes('10.0.0.1'), dst: bytes('10.0.0.2') } as const
const vxlan = { family: 4, dir: 'out', ...ends, proto: 'udp', dport: 4789, mark: 0x10, mask: 0xff, priority: 5, tmpls: [esp] } as const

/** What is added, and what the witness has of it. */
const cases: Readonly<Record<string, readonly [Omit<XfrmPolicyOp, 'op'>, RegExp]>> = {
  'the packets of a vxlan': [
    vxlan,
    /^src 10\.0\.0\.1\/32 dst 10\.0\.0\.2\/32 proto udp dport 4789 \n\tdir out priority 5 \n\tmark 0x10\/0xff \n\ttmpl src 10\.0\.0\.1 dst 10\.0\.0\.2\n\t\tproto esp reqid 7 mode transport\n$/,
  ],
  'a tunnel through IPv4, of IPv6': [
    { family: 6, dir: 'fwd', src: { address: bytes('fd00::'), prefix: 64 }, tmpls: [{ ...esp, mode: 'tunnel', spi: 0x100, level: 'use' }] },
    /^src fd00::\/64 dst ::\/0 \n\tdir fwd priority 0 \n\ttmpl src 10\.0\.0\.1 dst 10\.0\.0\.2\n\t\tproto esp spi 0x00000100 reqid 7 mode tunnel\n\t\tlevel use \n$/,
  ],
  'whatever its ends, of an interface': [
    {
      family: 4,
      dir: 'out',
      proto: 'gre',
      ifId: 7,
      flags: ['localok', 'icmp'],
      tmpls: [{ proto: 'esp', mode: 'transport', reqid: 7 }],
    },
    /^src 0\.0\.0\.0\/0 dst 0\.0\.0\.0\/0 proto gre \n\tdir out priority 0 flag localok icmp\n\ttmpl src 0\.0\.0\.0 dst 0\.0\.0\.0\n\t\tproto esp reqid 7 mode transport\n\tif_id 0x7\n$/,
  ],
  'what is not to pass': [
    { family: 4, dir: 'in', proto: 'tcp', sport: 80, action: 'block' },
    /^src 0\.0\.0\.0\/0 dst 0\.0\.0\.0\/0 proto tcp sport 80 \n\tdir in action block priority 0 \n$/,
  ],
}

describe.each(Object.entries(cases))('%s', (_, [settings, text]) => {
  const op = { op: 'xfrm.policy.add', ...settings } as const
  const look = () => policies().replaceAll(' ptype main', '')

  it('is there, refused the second time, and taken back by its inverse', async () => {
    await spaces.do(op)
    expect(look()).toMatch(text)
    expect(await refused(op)).toMatchObject({ errno: -17, request: 'XFRM_MSG_NEWPOLICY' })
    await spaces.do({ ...op, op: 'xfrm.policy.replace', priority: 99 })
    expect(look()).toContain('priority 99')
    await spaces.do(...undoOf([op]))
    expect(look()).toBe('')
    const gone = await refused(undoOf([op])[0] as Op)
    expect(gone && isGone(gone)).toBe(true)
  })

  it('is the same when what is printed is pasted, as is its inverse', () => {
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(look()).toMatch(text)
    paste(printPlan([{ ...op, op: 'xfrm.policy.replace', priority: 99 }]), { netns: spaces.paths[0] })
    expect(look()).toContain('priority 99')
    paste(printPlan(undoOf([op])), { netns: spaces.paths[0] })
    expect(look()).toBe('')
  })
})

it('has its limits, pasted too', async () => {
  const limits = { byteSoft: 1, byteHard: 2, packetSoft: 3, packetHard: 4, timeSoft: 5, timeHard: 6, timeUseSoft: 7, timeUseHard: 2 ** 40 }
  const op: Op = { op: 'xfrm.policy.add', family: 4, dir: 'out', limits }
  const look = () => must(['ip', '-s', 'xfrm', 'policy'], { netns: spaces.paths[0] }).match(/(?<=soft )\d+|(?<=hard )\d+/g)
  await spaces.do(op)
  expect(look()).toEqual(['1', '2', '3', '4', '5', '6', '7', '1099511627776'])
  await spaces.do(...undoOf([op]))
  paste(printPlan([op]), { netns: spaces.paths[0] })
  expect(look()).toEqual(['1', '2', '3', '4', '5', '6', '7', '1099511627776'])
})

it('are read as rows', async () => {
  const [netns] = spaces.netns
  if (!netns) return expect.fail()
  await spaces.do({ op: 'xfrm.policy.add', ...vxlan, ifId: 7 }, { op: 'xfrm.policy.add', family: 6, dir: 'in', action: 'block' })
  const [one, two] = [parseAddress('10.0.0.1'), parseAddress('10.0.0.2')]
  const found = (await dump(netns, 'xfrmPolicy')).toSorted((a, b) => b.dir - a.dir)
  expect(found).toMatchObject([
    {
      dir: 1,
      src: { ...one, prefix: 32 },
      dst: { ...two, prefix: 32 },
      proto: 17,
      sport: 0,
      dport: 4789,
      mark: 0x10,
      mask: 0xff,
      ifId: 7,
      priority: 5,
      action: 0,
      tmpls: 1,
      tmpl: { src: one, dst: two, proto: 50, spi: 0, reqid: 7, mode: 0, optional: false },
    },
    { dir: 0, src: { ...parseAddress('::'), prefix: 0 }, action: 1, mark: 0, tmpls: 0, tmpl: null },
  ])
})

it('what the kernel dislikes is refused', async () => {
  const bad = { ...vxlan, tmpls: [{ proto: 'esp', mode: 'tunnel', src: bytes('fd00::1'), dst: bytes('10.0.0.2') }] } as unknown
  expect(() => spaces.apply({ op: 'xfrm.policy.add', ...(bad as typeof vxlan) })).toThrow('ops[0].tmpls[0].dst: ')
  const far = {
    family: 4,
    dir: 'out',
    src: { address: bytes('10.0.0.0'), prefix: 8 },
    tmpls: [{ ...esp, src: bytes('fd00::1'), dst: bytes('fd00::2') }],
  } as const
  expect(await refused({ op: 'xfrm.policy.add', ...far })).toMatchObject({ errno: -22, request: 'XFRM_MSG_NEWPOLICY' })
})

it.each([
  ['family', { dir: 'in' }],
  ['dir', { family: 4 }],
  ['dir', { family: 4, dir: 'up' }],
  ['src.address', { family: 6, dir: 'in', src: ends.src }],
  ['proto', { family: 4, dir: 'in', proto: 'ipx' }],
  ['dport', { family: 4, dir: 'in', proto: 'icmp', dport: 1 }],
  ['mask', { family: 4, dir: 'in', mask: 1 }],
  ['action', { family: 4, dir: 'in', action: 'drop' }],
  ['ifId', { family: 4, dir: 'in', ifId: 0 }],
  ['flags', { family: 4, dir: 'in', flags: ['remote'] }],
  ['limits.timeHard', { family: 4, dir: 'in', limits: { timeHard: 0.5 } }],
  ['tmpls', { family: 4, dir: 'in', tmpls: Array(7).fill(esp) }],
  ['tmpls[0].mode', { family: 4, dir: 'in', tmpls: [{ proto: 'esp' }] }],
  ['tmpls[0].level', { family: 4, dir: 'in', tmpls: [{ ...esp, level: 'maybe' }] }],
])('a wrong %s is misuse', (field, settings) => {
  expect(() => spaces.apply({ op: 'xfrm.policy.add', ...settings } as unknown as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})
