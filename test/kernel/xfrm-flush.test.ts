import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op, XfrmPolicyFlush, XfrmStateFlush } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

const show = (...argv: readonly string[]): string => must(['ip', 'xfrm', ...argv], { netns: spaces.paths[0] })
const policies = () => [...show('policy').matchAll(/priority (\d+)/g)].map(([, priority]) => Number(priority)).toSorted()
const states = () => [...show('state').matchAll(/reqid (\d+)/g)].map(([, reqid]) => Number(reqid)).toSorted()

describe('policies that fit go, and no others,', () => {
  const filters: Readonly<Record<string, readonly [Omit<XfrmPolicyFlush, 'op'>, readonly number[]]>> = {
    'by direction': [{ dir: 'out' }, [3]],
    'by priority': [{ priority: 3 }, [1, 2, 4]],
    'by direction and priority': [{ dir: 'out', priority: 1 }, [2, 3, 3, 4]],
    'by action': [{ action: 'block' }, [1, 2, 3, 3]],
  }
  beforeEach(() =>
    spaces.do(
      { op: 'xfrm.policy.add', family: 4, dir: 'out', priority: 1 },
      { op: 'xfrm.policy.add', family: 4, dir: 'out', priority: 2, mark: 0x10, mask: 0xf0 },
      { op: 'xfrm.policy.add', family: 6, dir: 'out', priority: 3, ifId: 7 },
      { op: 'xfrm.policy.add', family: 4, dir: 'in', priority: 3 },
      { op: 'xfrm.policy.add', family: 6, dir: 'out', priority: 4, action: 'block' },
    ),
  )

  it.each(Object.entries(filters))('%s', async (_, [filter, rest]) => {
    const op: Op = { op: 'xfrm.policy.flush', ...filter }
    expect([...(await spaces.do(op)).count]).toEqual([5 - rest.length])
    expect(policies()).toEqual(rest)
    // Once more: there are none, and that is well.
    expect([...(await spaces.do(op)).count]).toEqual([0])
    expect(undoOf([op])).toEqual([])
  })

  it.each(Object.entries(filters))('%s, when what is printed is pasted', (_, [filter, rest]) => {
    paste(printPlan([{ op: 'xfrm.policy.flush', ...filter }]), { netns: spaces.paths[0] })
    expect(policies()).toEqual(rest)
  })
})

describe('states that fit go, and no others,', () => {
  const filters: Readonly<Record<string, readonly [Omit<XfrmStateFlush, 'op'>, readonly number[]]>> = {
    'by reqid': [{ reqid: 77 }, [78, 79]],
    'by their end': [{ dst: bytes('10.0.0.2') }, [79]],
    'by both ends': [{ src: bytes('10.0.0.1'), dst: bytes('10.0.0.2') }, [79]],
    'by mode': [{ mode: 'transport' }, [77, 79]],
    'by protocol, IPv6': [{ src: bytes('fd00::1'), proto: 'esp' }, [77, 77, 78]],
  }
  /** Every kernel makes a state that only holds an SPI. */
  const reserve = (reqid: number, src: string, dst: string, mode: string, ...more: readonly string[]) =>
    show(
      'state',
      'allocspi',
      'src',
      src,
      'dst',
      dst,
      'proto',
      'esp',
      'mode',
      mode,
      'reqid',
      String(reqid),
      ...more,
      'min',
      '0x100',
      'max',
      '0xfff',
    )
  beforeEach(() => {
    reserve(77, '10.0.0.1', '10.0.0.2', 'tunnel')
    reserve(77, '10.0.0.1', '10.0.0.2', 'transport', 'mark', '1', 'mask', '3')
    reserve(78, '10.0.0.1', '10.0.0.2', 'transport')
    reserve(79, 'fd00::1', 'fd00::2', 'tunnel')
    expect(states()).toEqual([77, 77, 78, 79])
  })

  it.each(Object.entries(filters))('%s', async (_, [filter, rest]) => {
    const op: Op = { op: 'xfrm.state.flush', ...filter }
    expect([...(await spaces.do(op)).count]).toEqual([4 - rest.length])
    expect(states()).toEqual(rest)
    expect([...(await spaces.do(op)).count]).toEqual([0])
    expect(undoOf([op])).toEqual([])
  })

  it.each(Object.entries(filters))('%s, when what is printed is pasted', (_, [filter, rest]) => {
    paste(printPlan([{ op: 'xfrm.state.flush', ...filter }]), { netns: spaces.paths[0] })
    expect(states()).toEqual(rest)
  })
})

it.each([
  ['xfrm.policy.flush', 'dir', {}],
  ['xfrm.policy.flush', 'action', { action: 'drop' }],
  ['xfrm.state.flush', 'src', {}],
  ['xfrm.state.flush', 'dst', { dst: '10.0.0.2' }],
  ['xfrm.state.flush', 'proto', { proto: 'gre' }],
])('%s with a wrong %s is misuse', (op, field, settings) => {
  expect(() => spaces.apply({ op, ...settings } as unknown as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})
