import type { AddrOp, RouteHop, RouteOp } from '../../binding.d.ts'
import { addressText, cidrText, flag, linkRef, option, quote, type Words, words } from './words.ts'

const address = (name: string, given: Uint8Array | undefined): Words => option(name, given && addressText(given))

/** How a next hop is said, of a route or in a list of several. */
const hopWords = ({ via, link, onlink, weight }: RouteHop): Words => [
  ...address('via', via),
  ...(link === undefined ? [] : ['dev', linkRef(link)]),
  ...option('weight', weight),
  ...flag('onlink', onlink),
]

export const routeCommand = (op: RouteOp): string =>
  words(
    op.to.length === 16 ? 'ip -6 route' : 'ip route',
    op.op.replace('route.', ''),
    op.type ?? [],
    op.prefix === 0 ? 'default' : cidrText(op.to, op.prefix),
    op.hops ? [] : hopWords(op),
    option('nhid', op.nexthopId),
    option('table', op.table),
    option('metric', op.metric),
    option('proto', op.protocol),
    option('scope', op.scope),
    address('src', op.src),
    option('mtu', op.mtu),
    (op.hops ?? []).flatMap((hop) => ['nexthop', ...hopWords(hop)]),
  )

/** What tells an address from another is said of one that is to go, too. */
export const addrCommand = (op: AddrOp): string =>
  words(
    'ip addr',
    op.op.replace('addr.', ''),
    op.peer ? [addressText(op.address), 'peer', cidrText(op.peer, op.prefix)] : cidrText(op.address, op.prefix),
    'dev',
    linkRef(op.link),
    op.label === undefined ? [] : ['label', quote(op.label)],
    op.op === 'addr.del' ? [] : settingWords(op),
  )

const settingWords = (op: AddrOp): Words => [
  ...address('broadcast', op.broadcast),
  ...option('scope', op.scope),
  ...flag('nodad', op.address.length === 16),
  ...flag('home', op.home),
  ...flag('mngtmpaddr', op.mngTmpAddr),
  ...flag('noprefixroute', op.noPrefixRoute),
  ...option('valid_lft', op.validLifetime),
  // Without the other, ip would leave it at for ever, and the kernel refuse that.
  ...option('preferred_lft', op.preferredLifetime ?? op.validLifetime),
]
