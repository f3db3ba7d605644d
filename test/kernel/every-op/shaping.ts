import type { Op } from '../../../binding.d.ts'
import { type Cases, EEXIST, EINVAL, ENOENT, type Name, veth } from './case.ts'

const htb: Op = { op: 'qdisc.add', link: 'v0', kind: 'htb', handle: '1:' }
const klass = { link: 'v0', parent: '1:', classId: '1:7', rate: 1_000_000 } as const
const filter = { link: 'v0', parent: '1:', kind: 'u32', priority: 7, classId: '1:7' } as const

export const shaping: Cases<Extract<Name, `${'qdisc' | 'class' | 'filter'}.${string}`>> = {
  'qdisc.add': {
    before: [veth],
    op: { op: 'qdisc.add', link: 'v0', kind: 'htb', handle: '1:' },
    look: 'tc qdisc show dev v0',
    sees: /htb 1:/,
    again: EEXIST,
    wrong: { op: 'qdisc.add', link: 'v0', kind: 'htb', parent: '9:1' },
    refusal: { errno: ENOENT, request: 'RTM_NEWQDISC' },
  },
  'qdisc.replace': {
    before: [veth],
    op: { op: 'qdisc.replace', link: 'v0', kind: 'tbf', handle: '1:', tbf: { rate: 1_000_000, burst: 10_000, limit: 10_000 } },
    look: 'tc qdisc show dev v0',
    sees: /tbf 1:/,
    again: 0,
    wrong: { op: 'qdisc.replace', link: 'v0', kind: 'htb', parent: '9:1' },
    refusal: { errno: ENOENT, request: 'RTM_NEWQDISC' },
    back: [{ op: 'qdisc.del', link: 'v0', kind: 'tbf' }],
  },
  'qdisc.del': {
    before: [veth, htb],
    op: { op: 'qdisc.del', link: 'v0', kind: 'htb' },
    look: 'tc qdisc show dev v0',
    sees: /htb/,
    gone: true,
    // The link has what links begin with.
    again: EINVAL,
    wrong: { op: 'qdisc.del', link: 'v0', kind: 'ingress' },
    refusal: { request: 'RTM_DELQDISC' },
    back: [htb],
  },
  'class.add': {
    before: [veth, htb],
    op: { op: 'class.add', ...klass },
    look: 'tc class show dev v0',
    sees: /htb 1:7 .*rate 1Mbit/,
    again: EEXIST,
    wrong: { op: 'class.add', ...klass, parent: '9:' },
    refusal: { errno: EINVAL, request: 'RTM_NEWTCLASS' },
  },
  'class.replace': {
    before: [veth, htb],
    op: { op: 'class.replace', ...klass },
    look: 'tc class show dev v0',
    sees: /htb 1:7 .*rate 1Mbit/,
    again: 0,
    wrong: { op: 'class.replace', ...klass, parent: '9:' },
    refusal: { errno: EINVAL, request: 'RTM_NEWTCLASS' },
    back: [{ op: 'class.del', link: 'v0', classId: '1:7' }],
  },
  'class.del': {
    before: [veth, htb, { op: 'class.add', ...klass }],
    op: { op: 'class.del', link: 'v0', classId: '1:7' },
    look: 'tc class show dev v0',
    sees: /htb 1:7/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'class.del', link: 'v0', classId: '1:8' },
    refusal: { errno: ENOENT, request: 'RTM_DELTCLASS' },
    back: [{ op: 'class.add', ...klass }],
  },
  'filter.add': {
    before: [veth, htb, { op: 'class.add', ...klass }],
    op: { op: 'filter.add', ...filter },
    look: 'tc filter show dev v0',
    sees: /pref 7 u32 .*flowid 1:7/,
    // Two of the same priority, which go together.
    again: 0,
    wrong: { op: 'filter.add', ...filter, parent: '9:' },
    refusal: { errno: EINVAL, request: 'RTM_NEWTFILTER' },
  },
  'filter.del': {
    before: [veth, htb, { op: 'class.add', ...klass }, { op: 'filter.add', ...filter }],
    op: { op: 'filter.del', link: 'v0', parent: '1:', kind: 'u32', priority: 7 },
    look: 'tc filter show dev v0',
    sees: /pref 7 u32/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'filter.del', link: 'v0', parent: '1:', kind: 'u32', priority: 8 },
    refusal: { errno: ENOENT, request: 'RTM_DELTFILTER' },
    back: [{ op: 'filter.add', ...filter }],
  },
}
