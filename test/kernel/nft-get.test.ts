import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Op } from '../../binding.d.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const get = { op: 'nft.get', table: 't', set: 'links', ifname: 'br0' } as const
const nft = (script: string) => must(['nft', script], { netns: spaces.paths[0] })

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  nft('add table inet t; add set inet t links { type ifname; }; add element inet t links { br0, a-name-of-15-ch }')
})
afterEach(() => spaces[Symbol.asyncDispose]())

it.each(['br0', 'a-name-of-15-ch'])('%s is there, as often as it is asked, and as nft has it', async (ifname) => {
  const before = nft('list ruleset')
  await spaces.do({ ...get, ifname }, { ...get, ifname })
  paste(printPlan([{ ...get, ifname }]), { netns: spaces.paths[0] })
  expect(nft('list ruleset')).toBe(before)
})

it.each([
  ['element', { ifname: 'br1' }],
  ['beginning of an element', { ifname: 'br' }],
  ['set', { set: 'none' }],
  ['table', { table: 'none' }],
])('no such %s is refused', async (_, part) => {
  const wanted = { ...get, ...part }
  expect((await spaces.apply(wanted)).refusal).toMatchObject({ op: 0, errno: -2, request: 'nft' })
  expect(() => paste(printPlan([wanted]), { netns: spaces.paths[0] })).toThrow('No such file or directory')
})

it('a question is not taken back', () => {
  expect(undoOf([get])).toEqual([])
})

it.each([
  ['table', { table: 1 }],
  ['set', { set: undefined }],
  ['ifname', { ifname: '' }],
  ['ifname', { ifname: 'a-name-of-16-chr' }],
])('a wrong %s is misuse', (field, part) => {
  expect(() => spaces.apply({ ...get, ...part } as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})
