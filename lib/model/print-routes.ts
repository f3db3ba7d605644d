import type { AddrManyOp, AddrOp, RouteHop, RouteManyOp, RouteOp } from '../../binding.d.ts'
import { rowsOf } from './columns.ts'
import { addressOption, addressText, cidrText, flag, hereDocument, linkRef, option, quote, verbOf, type Words, words } from './words.ts'

/** How a next hop is said, of a route or in a list of several. */
const hopWords = ({ via, link, onlink, weight }: RouteHop): Words => [
  ...addressOption('via', via),
  ...(link === undefined ? [] : ['dev', linkRef(link)]),
  ...option('weight', weight),
  ...flag('onlink', onlink),
]

const routeWords = (op: RouteOp): Words => [
  'route',
  verbOf(op.op),
  ...(op.type ? [op.type] : []),
  op.prefix === 0 ? 'default' : cidrText(op.to, op.prefix),
  ...(op.hops ? [] : hopWords(op)),
  ...option('nhid', op.nexthopId),
  ...option('table', op.table),
  ...option('metric', op.metric),
  ...option('proto', op.protocol),
  ...option('scope', op.scope),
  ...addressOption('src', op.src),
  ...option('mtu', op.mtu),
  ...(op.hops ?? []).flatMap((hop) => ['nexthop', ...hopWords(hop)]),
]

/** What tells an address from another is said of one that is to go, too. */
const addrWords = (op: AddrOp): Words => [
  'addr',
  verbOf(op.op),
  ...(op.peer ? [addressText(op.address), 'peer', cidrText(op.peer, op.prefix)] : [cidrText(op.address, op.prefix)]),
  'dev',
  linkRef(op.link),
  ...(op.label === undefined ? [] : ['label', quote(op.label)]),
  ...(op.op === 'addr.del' ? [] : settingWords(op)),
]

const settingWords = (op: AddrOp): Words => [
  ...addressOption('broadcast', op.broadcast),
  ...option('scope', op.scope),
  ...flag('nodad', op.address.length === 16),
  ...flag('home', op.home),
  ...flag('mngtmpaddr', op.mngTmpAddr),
  ...flag('noprefixroute', op.noPrefixRoute),
  ...option('valid_lft', op.validLifetime),
  // Without the other, ip would leave it at for ever, and the kernel refuse that.
  ...option('preferred_lft', op.preferredLifetime ?? op.validLifetime),
]

const ipOf = (family: 4 | 6): string => (family === 6 ? 'ip -6' : 'ip')

export const routeCommand = (op: RouteOp): string => words(ipOf(op.to.length === 16 ? 6 : 4), routeWords(op))
export const addrCommand = (op: AddrOp): string => words('ip', addrWords(op))

export const routeManyCommand = (op: RouteManyOp): string =>
  hereDocument(
    `${ipOf(op.family)} -batch -`,
    rowsOf(op).map((row) => words(routeWords(row))),
  )

export function addrManyCommand(op: AddrManyOp): string {
  const rows = rowsOf(op)
  // The first address of a link takes those along that came after it.
  const inOrder = op.op === 'addr.delMany' ? rows.toReversed() : rows
  return hereDocument(
    'ip -batch -',
    inOrder.map((row) => words(addrWords(row))),
  )
}
