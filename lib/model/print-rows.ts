import type { FdbManyOp, FdbOp, FdbShared, NeighManyOp, NeighOp, RuleOp } from '../../binding.d.ts'
import { rowsOf } from './columns.ts'
import { addressOption, addressText, cidrText, flag, hereDocument, linkRef, macText, option, verbOf, type Words, words } from './words.ts'

function neighWords(op: NeighOp): Words {
  const settings = [
    ...option('lladdr', op.mac && macText(op.mac)),
    ...(op.proxy ? [] : ['nud', op.state ?? 'permanent']),
    ...flag('router', op.router),
    ...flag('extern_learn', op.externLearn),
  ]
  const address = [...flag('proxy', op.proxy), addressText(op.address)]
  return ['neigh', verbOf(op.op), ...address, 'dev', linkRef(op.link), ...(op.op === 'neigh.del' ? [] : settings)]
}

const fdbWords = (op: FdbOp): Words => [
  'fdb',
  verbOf(op.op),
  macText(op.mac),
  'dev',
  linkRef(op.link),
  ...addressOption('dst', op.dst),
  ...option('nhid', op.nhid),
  ...option('port', op.port),
  ...option('vni', op.vni),
  ...option('src_vni', op.srcVni),
  ...(op.via === undefined ? [] : ['via', linkRef(op.via)]),
  ...option('vlan', op.vlan),
  ...placeWords(op),
]

const placeWords = ({ self, master, state, externLearn, sticky }: FdbShared): Words => [
  ...flag('self', self || !master),
  ...flag('master', master),
  state ?? 'permanent',
  ...flag('extern_learn', externLearn),
  ...flag('sticky', sticky),
]

export const neighCommand = (op: NeighOp): string => words('ip', neighWords(op))
export const fdbCommand = (op: FdbOp): string => words('bridge', fdbWords(op))

export const neighManyCommand = (op: NeighManyOp): string =>
  hereDocument(
    'ip -batch -',
    rowsOf(op).map((row) => words(neighWords(row))),
  )

export const fdbManyCommand = (op: FdbManyOp): string =>
  hereDocument(
    'bridge -batch -',
    rowsOf(op).map((row) => words(fdbWords(row))),
  )

const markText = ({ mark, mask }: RuleOp): string | undefined =>
  mark === undefined || mask === undefined ? mark?.toString() : `${mark}/${mask}`

export const ruleCommand = (op: RuleOp): string =>
  words(
    op.family === 6 ? 'ip -6 rule' : 'ip rule',
    verbOf(op.op),
    flag('not', op.not),
    option('from', op.from && cidrText(op.from.address, op.from.prefix)),
    option('to', op.to && cidrText(op.to.address, op.to.prefix)),
    option('iif', op.iif),
    option('oif', op.oif),
    option('fwmark', markText(op)),
    option('priority', op.priority),
    option('table', op.table),
    option('suppress_prefixlength', op.suppressPrefixLength),
  )
