import type { AddrOp, RouteHop, RouteOp } from '../../binding.d.ts'
import { addressOption, addressText, cidrText, flag, linkRef, option, quote, verbOf, viaWords, type Words, words } from './words.ts'

/** How a next hop is said, of a route or in a list of several; `length` is that of the route's addresses. */
const hopWords = ({ via, link, onlink, weight }: RouteHop, length: number): Words => [
  ...viaWords(via, length),
  ...(link === undefined ? [] : ['dev', linkRef(link)]),
  ...option('weight', weight),
  ...flag('onlink', onlink),
]

export const routeCommand = (op: RouteOp): string =>
  words(
    op.to.length === 16 ? 'ip -6 route' : 'ip route',
    verbOf(op.op),
    op.type ?? [],
    op.prefix === 0 ? 'default' : cidrText(op.to, op.prefix),
    op.hops ? [] : hopWords(op, op.to.length),
    option('nhid', op.nexthopId),
    option('table', op.table),
    option('metric', op.metric),
    option('proto', op.protocol),
    option('scope', op.scope),
    addressOption('src', op.src),
    option('mtu', op.mtu),
    (op.hops ?? []).flatMap((hop) => ['nexthop', ...hopWords(hop, op.to.length)]),
  )

/** What tells an address from another is said of one that is to go, too. */
export const addrCommand = (op: AddrOp): string =>
  words(
    'ip addr',
    verbOf(op.op),
    op.peer ? [addressText(op.address), 'peer', cidrText(op.peer, op.prefix)] : cidrText(op.address, op.prefix),
    'dev',
    linkRef(op.link),
    op.label === undefined ? [] : ['label', quote(op.label)],
    op.op === 'addr.del' ? [] : settingWords(op),
  )

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
