import { describe, expect, it } from 'vitest'
import { lendUplinks, raiseWall, razeWall } from '../../../lib/firewall/firewall.ts'
import type { Op, Plan } from '../../../lib/model/op.ts'
import { undoOf } from '../../../lib/model/op.ts'
import { printPlan } from '../../../lib/model/print.ts'
import type { Wall } from '../../../lib/model/wall.ts'

const id = '0123456789ab'.padEnd(64, 'c')
const subnets = ['172.18.0.0/16', 'fd00:18::/64']
const plain: Wall = { id, link: 'br-open', internal: false, icc: true, modes: { 4: 'nat', 6: 'nat' }, subnets, masquerade: [], trusted: [] }
const open: Wall = { ...plain, masquerade: subnets.map((subnet) => ({ subnet })) }
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

  it('names chains after the first 12 characters of the id', () => {
    expect(printPlan(raiseWall(open, 'walls'))).toContain('jump to_0123456789ab }')
  })

  it('takes an asterisk in the name of a link for a character', () => {
    expect(printPlan(raiseWall({ ...open, link: 'br*' }, 'walls'))).toContain('iifname "br\\*" accept')
  })

  it('masquerades nothing that was not asked for, but answers to published ports', () => {
    const text = printPlan(raiseWall({ ...open, masquerade: [] }, 'walls'))
    const rules = text.split('\n').filter((line) => line.startsWith('add rule inet cnm masquerade_'))
    expect(rules).toEqual([
      'add rule inet cnm masquerade_0123456789ab iifname "br-open" oifname "br-open" ct status dnat masquerade',
      'add rule inet cnm masquerade_0123456789ab ip saddr 172.18.0.0/16 oifname "br-open" ct status dnat masquerade',
      'add rule inet cnm masquerade_0123456789ab ip6 saddr fd00:18::/64 oifname "br-open" ct status dnat masquerade',
    ])
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
