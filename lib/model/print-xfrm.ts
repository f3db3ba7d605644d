import type { XfrmLimits, XfrmPolicyFlush, XfrmPolicyOp, XfrmSelector, XfrmTemplate } from '../../binding.d.ts'
import { type Sayings, say } from './sayings.ts'
import { addressOption, cidrText, option, type Words, words } from './words.ts'

const VERBS = { 'xfrm.policy.add': 'add', 'xfrm.policy.replace': 'update', 'xfrm.policy.del': 'delete' } as const

/** Both ends are said, so that the family is. */
const endText = (family: 4 | 6, end: XfrmSelector['src']): string =>
  end ? cidrText(end.address, end.prefix) : family === 6 ? '::/0' : '0.0.0.0/0'

export const selectorWords = (selector: XfrmSelector): Words => [
  ...option('src', endText(selector.family, selector.src)),
  ...option('dst', endText(selector.family, selector.dst)),
  ...option('proto', selector.proto),
  ...option('sport', selector.sport),
  ...option('dport', selector.dport),
]

const limit = (name: string) => (given: number) => ['limit', name, String(given)]

const LIMITS: Sayings<XfrmLimits> = {
  byteSoft: limit('byte-soft'),
  byteHard: limit('byte-hard'),
  packetSoft: limit('packet-soft'),
  packetHard: limit('packet-hard'),
  timeSoft: limit('time-soft'),
  timeHard: limit('time-hard'),
  timeUseSoft: limit('time-use-soft'),
  timeUseHard: limit('time-use-hard'),
}

export const limitWords = (limits: XfrmLimits | undefined): Words => say(LIMITS, limits)

/** `name` with all of its words; nothing without any. */
export const listWords = (name: string, list: Words = []): Words => (list.length > 0 ? [name, ...list] : [])

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
  ...listWords('flag', op.flags),
  ...limitWords(op.limits),
  ...(op.tmpls ?? []).flatMap(templateWords),
]

export const xfrmPolicyFlushCommand = ({ dir, priority, action }: XfrmPolicyFlush): string =>
  words('ip xfrm policy deleteall', option('dir', dir), option('action', action), option('priority', priority))

export const xfrmPolicyCommand = (op: XfrmPolicyOp): string =>
  words(
    'ip xfrm policy',
    VERBS[op.op],
    selectorWords(op),
    option('dir', op.dir),
    option('mark', op.mark),
    option('mask', op.mask),
    option('if_id', op.ifId),
    op.op === 'xfrm.policy.del' ? [] : settingWords(op),
  )
