import { describe, expect, it } from 'vitest'
import { lendUplinks, lengthsOf, raiseWall, razeWall } from '../../../lib/firewall/firewall.ts'
import type { Op, Plan } from '../../../lib/model/op.ts'
import { undoOf } from '../../../lib/model/op.ts'
import { printPlan } from '../../../lib/model/print.ts'
import type { Wall } from '../../../lib/model/wall.ts'

const subnets = ['172.18.0.0/16', 'fd00:18::/64']
const plain: Wall = { link: 'br-open', internal: false, icc: true, modes: { 4: 'nat', 6: 'nat' }, subnets, masquerade: {}, trusted: [] }
const open: Wall = { ...plain, masquerade: { 4: {}, 6: {} } }
const internal: Wall = { ...plain, link: 'br-internal', internal: true }

const commandsOf = (plan: Plan) => plan.flatMap((op: Op) => (op.op === 'nft' ? op.commands : []))
const bare = (plan: Plan) => plan.map(({ undo: _, ...op }) => op)

describe('raiseWall', () => {
  it('is one transaction in the namespace of the host', () => {
    expect(raiseWall(open, 'walls')).toMatchObject([{ op: 'nft' }])
    expect(raiseWall(open, 'walls')[0]).not.toHaveProperty('at')
  })

  it('of a network with two subnets', async () => {
    await expect(`${printPlan(raiseWall(open, 'walls'))}\n`).toMatchFileSnapshot('../../plans/wall-open.txt')
  })

  it('of an internal network', async () => {
    await expect(`${printPlan(raiseWall(internal, 'walls'))}\n`).toMatchFileSnapshot('../../plans/wall-internal.txt')
  })

  it('takes an asterisk in the name of a link for a character', () => {
    expect(printPlan(raiseWall({ ...open, link: 'br*' }, 'walls'))).toContain('within { "br\\*" . "br\\*" }')
  })

  it('masquerades nothing that was not asked for, but answers to published ports', () => {
    const text = printPlan(raiseWall({ ...open, masquerade: {} }, 'walls'))
    expect(text).not.toContain('masquerades')
    expect(text).toContain('add element inet cnm subnets4_16 { "br-open" . 172.18.0.0 }')
    expect(printPlan(raiseWall({ ...open, masquerade: { 6: { source: 'fd00::1' } } }, 'walls'))).toContain(
      'add element inet cnm sources6 { "br-open" : fd00::1 }',
    )
  })

  it('is elements only where others have subnets of the same lengths', () => {
    const verbs = printPlan(raiseWall(open, 'walls', new Set(lengthsOf(open)))).match(/^(add|flush|delete) \w+/gm)
    expect(new Set(verbs)).toEqual(new Set(['add element']))
    expect(lengthsOf(open)).toEqual(['subnets4_16', 'subnets6_64'])
    expect(lengthsOf(internal)).toEqual([])
  })

  it('leads no link to a chain: the kernel would look at all that a map leads to', () => {
    const maps = commandsOf(raiseWall(open, 'nothing')).flatMap((command) => ('add' in command ? [command.add] : []))
    expect(JSON.stringify(maps)).not.toMatch(/"vmap"|"verdict"/)
  })

  it('is taken back by razing; the first one without a trace', () => {
    expect(undoOf(raiseWall(open, 'walls'))).toEqual(bare(razeWall(open, 'walls')))
    expect(undoOf(raiseWall(open, 'nothing'))).toEqual(bare(razeWall(open, 'nothing')))
  })
})

describe('razeWall', () => {
  it('touches the network’s own elements and chains only', async () => {
    await expect(`${printPlan(razeWall(open, 'walls'))}\n`).toMatchFileSnapshot('../../plans/wall-razed.txt')
  })

  it('leaves what others need', async () => {
    const text = printPlan(razeWall(open, 'walls', new Set(['subnets4_16'])))
    expect(text).toContain('delete element inet cnm subnets4_16')
    expect(text).not.toContain('delete set inet cnm subnets4_16')
    expect(text).toContain('delete set inet cnm subnets6_64')
  })

  it('of the last one leaves nothing', () => {
    expect(commandsOf(razeWall(open, 'nothing'))).toEqual([
      { add: { table: { family: 'inet', name: 'cnm' } } },
      { delete: { table: { family: 'inet', name: 'cnm' } } },
    ])
  })

  it('is taken back by raising', () => {
    expect(undoOf(razeWall(open, 'walls'))).toEqual(bare(raiseWall(open, 'walls')))
  })
})

describe('lendUplinks', () => {
  it('adds links for the families that were lent', () => {
    expect(printPlan(lendUplinks([{ family: 6, names: ['lan0', 'wifi0'] }]))).toBe(
      `nft 'add element inet cnm uplinks6 { "lan0", "wifi0" }'`,
    )
    expect(
      commandsOf(
        lendUplinks([
          { family: 4, names: ['lan0'] },
          { family: 6, names: ['lan0'] },
        ]),
      ),
    ).toHaveLength(2)
  })

  it('is not taken back: another network may have borrowed the same link', () => {
    expect(
      undoOf(
        lendUplinks([
          { family: 4, names: ['lan0'] },
          { family: 6, names: ['lan0'] },
        ]),
      ),
    ).toEqual([])
  })

  it('of no links is no step', () => {
    expect(lendUplinks([{ family: 4, names: [] }])).toEqual([])
  })
})
