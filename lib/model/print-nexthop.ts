import type { NexthopMember, NexthopOp } from '../../binding.d.ts'
import { addressOption, flag, linkRef, option, verbOf, type Words, words } from './words.ts'

const memberText = ({ id, weight = 1 }: NexthopMember): string => (weight === 1 ? String(id) : `${id},${weight}`)

const groupWords = ({ group, resilient }: NexthopOp): Words =>
  group
    ? [
        ...option('group', group.map(memberText).join('/')),
        ...(resilient ? ['type', 'resilient'] : []),
        ...option('buckets', resilient?.buckets),
        ...option('idle_timer', resilient?.idleTimer),
        ...option('unbalanced_timer', resilient?.unbalancedTimer),
      ]
    : []

const settingWords = (op: NexthopOp): Words => [
  ...addressOption('via', op.via),
  ...(op.link === undefined ? [] : ['dev', linkRef(op.link)]),
  ...flag('onlink', op.onlink),
  ...flag('blackhole', op.blackhole),
  ...groupWords(op),
  ...flag('fdb', op.fdb),
  ...option('proto', op.protocol),
]

export const nexthopCommand = (op: NexthopOp): string =>
  words(
    op.family === 6 ? 'ip -6 nexthop' : 'ip nexthop',
    verbOf(op.op),
    option('id', op.id),
    op.op === 'nexthop.del' ? [] : settingWords(op),
  )
