import type { VlanOp, VniOp } from '../../binding.d.ts'
import { addressOption, flag, linkRef, option, verbOf, words } from './words.ts'

/** `100`, or `100-109`. */
const rangeText = (first: number, end: number | undefined): string => (end === undefined ? String(first) : `${first}-${end}`)

export const vniCommand = (op: VniOp): string =>
  words(
    // Whatever its usage says, here bridge knows no short word for it.
    op.op === 'vni.del' ? 'bridge vni delete' : 'bridge vni add',
    option('vni', rangeText(op.vni, op.end)),
    addressOption('group', op.group),
    addressOption('remote', op.remote),
    'dev',
    linkRef(op.link),
  )

export const vlanCommand = (op: VlanOp): string =>
  words(
    'bridge vlan',
    verbOf(op.op),
    option('vid', rangeText(op.vid, op.end)),
    'dev',
    linkRef(op.link),
    flag('pvid', op.pvid),
    flag('untagged', op.untagged),
    flag('self', op.self),
    flag('master', op.master),
  )
