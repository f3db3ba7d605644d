import type { ClassAdd, ClassDel, FilterAdd, FilterDel, HtbOptions, NetemOptions, QdiscAdd, QdiscDel, TbfOptions } from '../../binding.d.ts'
import { type Sayings, say } from './sayings.ts'
import { linkRef, option, verbOf, type Words, words } from './words.ts'

const value = (name: string) => (given: number) => [name, String(given)]
const bits = (name: string) => (given: number) => [name, `${given}bit`]
const microseconds = (name: string) => (given: number) => [name, `${given}us`]
const percent = (name: string) => (given: number) => [name, `${given}%`]

const TBF: Sayings<TbfOptions> = {
  rate: bits('rate'),
  burst: value('burst'),
  limit: value('limit'),
  latency: microseconds('latency'),
  peakRate: bits('peakrate'),
  mtu: value('mtu'),
}

const HTB: Sayings<HtbOptions> = {
  // tc reads the number of a class in hexadecimal.
  default: (minor) => ['default', minor.toString(16)],
  r2q: value('r2q'),
  directQlen: value('direct_qlen'),
}

const CLASS: Sayings<Pick<ClassAdd, 'rate' | 'ceil' | 'burst' | 'cburst' | 'quantum' | 'prio'>> = {
  rate: bits('rate'),
  ceil: bits('ceil'),
  burst: value('burst'),
  cburst: value('cburst'),
  quantum: value('quantum'),
  prio: value('prio'),
}

/** A second number stands behind the first, without a name. */
const bare = (unit: string) => (given: number) => [`${given}${unit}`]

const NETEM: Sayings<NetemOptions> = {
  limit: value('limit'),
  delay: microseconds('delay'),
  jitter: bare('us'),
  delayCorrelation: bare('%'),
  loss: percent('loss'),
  lossCorrelation: bare('%'),
  duplicate: percent('duplicate'),
  duplicateCorrelation: bare('%'),
  corrupt: percent('corrupt'),
  corruptCorrelation: bare('%'),
  reorder: percent('reorder'),
  reorderCorrelation: bare('%'),
  gap: value('gap'),
  rate: bits('rate'),
}

/** `root`, `ingress` and `egress` are words of their own. */
const parentWords = (parent: string): Words => (parent.includes(':') ? ['parent', parent] : [parent])

function kindWords(op: QdiscAdd): Words {
  switch (op.kind) {
    case 'tbf':
      return say(TBF, op.tbf)
    case 'htb':
      return say(HTB, op.htb)
    case 'netem':
      return say(NETEM, op.netem)
    default:
      return []
  }
}

const isHook = (kind: string): boolean => kind === 'ingress' || kind === 'clsact'

export function qdiscCommand(op: QdiscAdd | QdiscDel): string {
  const place = isHook(op.kind) ? [] : parentWords(op.parent ?? 'root')
  const head = words('tc qdisc', verbOf(op.op), ['dev', linkRef(op.link)], place)
  // Of a kind that is to go tc would want the options too; those that are a place of their own have none.
  if (op.op === 'qdisc.del') return isHook(op.kind) ? words(head, op.kind) : head
  return words(head, option('handle', op.handle), op.kind, kindWords(op))
}

export const classCommand = (op: ClassAdd | ClassDel): string =>
  words(
    'tc class',
    verbOf(op.op),
    ['dev', linkRef(op.link)],
    op.op === 'class.del' ? [] : parentWords(op.parent),
    ['classid', op.classId],
    op.op === 'class.del' ? [] : ['htb', ...say(CLASS, op)],
  )

/** What tc calls a filter of all packets. */
const ALL = { matchall: ['matchall'], u32: ['u32', 'match', 'u32', '0', '0'] } as const

export const filterCommand = (op: FilterAdd | FilterDel): string =>
  words(
    'tc filter',
    verbOf(op.op),
    ['dev', linkRef(op.link)],
    parentWords(op.parent),
    ['protocol', 'all', 'prio', String(op.priority)],
    op.op === 'filter.del' ? [op.kind] : [...ALL[op.kind], ...option('classid', op.classId), ...redirectWords(op)],
  )

const redirectWords = ({ redirect }: FilterAdd): Words =>
  redirect === undefined ? [] : ['action', 'mirred', 'egress', 'redirect', 'dev', linkRef(redirect)]
