import type { XfrmPolicyOp, XfrmTemplate } from '../../binding.d.ts'
import { addressOption, cidrText, option, type Words, words } from './words.ts'

const VERBS = { 'xfrm.policy.add': 'add', 'xfrm.policy.replace': 'update', 'xfrm.policy.del': 'delete' } as const

/** Both ends are said, so that the family is. */
const endText = (family: 4 | 6, end: XfrmPolicyOp['src']): string =>
  end ? cidrText(end.address, end.prefix) : family === 6 ? '::/0' : '0.0.0.0/0'

const selectorWords = (op: XfrmPolicyOp): Words => [
  ...option('src', endText(op.family, op.src)),
  ...option('dst', endText(op.family, op.dst)),
  ...option('proto', op.proto),
  ...option('sport', op.sport),
  ...option('dport', op.dport),
]

const templateWords = ({ src, dst, proto, spi, reqid, mode, level }: XfrmTemplate): Words => [
  'tmpl',
  ...addressOption('src', src),
  ...addressOption('dst', dst),
  ...option('proto', proto),
  ...option('spi', spi),
  ...option('reqid', reqid),
  ...option('mode', mode),
  ...option('level', level),
]

const settingWords = (op: XfrmPolicyOp): Words => [
  ...option('action', op.action),
  ...option('priority', op.priority),
  ...(op.tmpls ?? []).flatMap(templateWords),
]

export const xfrmPolicyCommand = (op: XfrmPolicyOp): string =>
  words(
    'ip xfrm policy',
    VERBS[op.op],
    selectorWords(op),
    option('dir', op.dir),
    option('mark', op.mark),
    option('mask', op.mask),
    op.op === 'xfrm.policy.del' ? [] : settingWords(op),
  )
