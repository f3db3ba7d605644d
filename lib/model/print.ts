import type { Birth, GroupSet, LinkAdd, LinkRef, LinkSet, NetnsOp, NftOp, SysctlOp } from '../../binding.d.ts'
import type { Op, Plan } from './op.ts'
import { announceCommands } from './print-announce.ts'
import { addrManyCommand, routeManyCommand } from './print-columns.ts'
import { conntrackCommands, conntrackManyCommands } from './print-conntrack.ts'
import { changedWords, kindWords, parentOf, portWords, tunWords } from './print-kinds.ts'
import { nexthopCommand } from './print-nexthop.ts'
import { printNft } from './print-nft.ts'
import { classCommand, filterCommand, qdiscCommand } from './print-qdiscs.ts'
import { addrCommand, routeCommand } from './print-routes.ts'
import { fdbCommand, fdbManyCommand, neighCommand, neighManyCommand, ruleCommand } from './print-rows.ts'
import { vlanCommand, vniCommand } from './print-vlans.ts'
import { wireguardCommand } from './print-wireguard.ts'
import { xfrmPolicyCommand, xfrmPolicyFlushCommand } from './print-xfrm.ts'
import { xfrmStateCommands, xfrmStateFlushCommand } from './print-xfrm-state.ts'
import { hereDocument, linkRef, macText, option, quote, type Words, words } from './words.ts'

/**
 * The commands that do what `op` does, for a shell: ip, bridge, tc, sysctl, nft and the like, a line each (an nft transaction of several
 * commands is a here-document). `places[at]` is the path of namespace number `at`, '' for the one the shell is in; a
 * number above 0 that is not in `places` prints as NETNS1, NETNS2, …. Keys are not printed: see XfrmStatePut.
 */
export function printOp(op: Op, places: readonly string[] = []): string {
  const place = placeOf(op.at ?? 0, places)
  // What makes or ends a namespace is not done inside it.
  const inside = place === '' || op.op.startsWith('netns.') ? '' : `nsenter --net=${quote(place)} `
  return commandsOf(op, places)
    .map((command) => inside + command)
    .join('\n')
}

/** The commands of all steps, in order. */
export const printPlan = (plan: Plan, places: readonly string[] = []): string => plan.map((op) => printOp(op, places)).join('\n')

const placeOf = (at: number, places: readonly string[]): string => places[at] ?? (at === 0 ? '' : `NETNS${at}`)

function commandsOf(op: Op, places: readonly string[]): readonly string[] {
  const at = op.at ?? 0
  switch (op.op) {
    case 'link.add':
      return op.kind === 'tun' ? tunCommands(op) : [linkAddCommand(op, at, places)]
    case 'link.set':
      return op.link === undefined ? [words('ip link set', groupWords(op))] : linkSetCommands(op, places)
    case 'link.del':
      return [words('ip link del', op.link === undefined ? option('group', op.group) : ['dev', linkRef(op.link)])]
    case 'addr.add':
    case 'addr.replace':
    case 'addr.del':
      return [addrCommand(op)]
    case 'addr.addMany':
    case 'addr.replaceMany':
    case 'addr.delMany':
      return [addrManyCommand(op)]
    case 'route.add':
    case 'route.replace':
    case 'route.del':
      return [routeCommand(op)]
    case 'route.addMany':
    case 'route.replaceMany':
    case 'route.delMany':
      return [routeManyCommand(op)]
    case 'neigh.add':
    case 'neigh.replace':
    case 'neigh.del':
      return [neighCommand(op)]
    case 'neigh.addMany':
    case 'neigh.replaceMany':
    case 'neigh.delMany':
      return [neighManyCommand(op)]
    case 'fdb.add':
    case 'fdb.replace':
    case 'fdb.append':
    case 'fdb.del':
      return [fdbCommand(op)]
    case 'fdb.addMany':
    case 'fdb.replaceMany':
    case 'fdb.appendMany':
    case 'fdb.delMany':
      return [fdbManyCommand(op)]
    case 'nexthop.add':
    case 'nexthop.replace':
    case 'nexthop.del':
      return [nexthopCommand(op)]
    case 'vni.add':
    case 'vni.del':
      return [vniCommand(op)]
    case 'vlan.add':
    case 'vlan.del':
      return [vlanCommand(op)]
    case 'rule.add':
    case 'rule.del':
      return [ruleCommand(op)]
    case 'qdisc.add':
    case 'qdisc.replace':
    case 'qdisc.del':
      return [qdiscCommand(op)]
    case 'class.add':
    case 'class.replace':
    case 'class.del':
      return [classCommand(op)]
    case 'filter.add':
    case 'filter.del':
      return [filterCommand(op)]
    case 'announce':
      return announceCommands(op)
    case 'conntrack.del':
      return conntrackCommands(op)
    case 'conntrack.delMany':
      return conntrackManyCommands(op)
    case 'xfrm.policy.add':
    case 'xfrm.policy.replace':
    case 'xfrm.policy.del':
      return [xfrmPolicyCommand(op)]
    case 'xfrm.policy.flush':
      return [xfrmPolicyFlushCommand(op)]
    case 'xfrm.state.add':
    case 'xfrm.state.replace':
    case 'xfrm.state.del':
      return xfrmStateCommands(op)
    case 'xfrm.state.flush':
      return [xfrmStateFlushCommand(op)]
    case 'wireguard.sync':
      return [wireguardCommand(op)]
    case 'sysctl':
      return [sysctlCommand(op)]
    case 'nft':
      return [nftCommand(op)]
    case 'nft.get':
      return [words('nft', quote(`get element inet ${op.table} ${op.set} { "${op.ifname}" }`))]
    case 'netns.add':
    case 'netns.del':
      return [netnsCommand(op, placeOf(at, places))]
  }
}

/** What a link can be given when it is made, and later. */
const attributes = ({ mtu, mac, group, up }: Pick<LinkSet, 'mtu' | 'mac' | 'group' | 'up'>): Words => [
  ...option('mtu', mtu),
  ...option('address', mac && macText(mac)),
  ...option('group', group),
  ...(up === undefined ? [] : [up ? 'up' : 'down']),
]

/** `netns PATH`. $$ is the shell that reads this, and so the namespace it is in. */
function netnsWords(at: number, places: readonly string[]): Words {
  const place = placeOf(at, places)
  return ['netns', place === '' ? '$$' : quote(place)]
}

function linkAddCommand(link: LinkAdd, at: number, places: readonly string[]): string {
  const parent = parentOf(link)
  return words(
    'ip link add',
    parent === undefined ? [] : ['link', linkRef(parent), 'name'],
    quote(link.name),
    link.into === undefined || link.into === at ? [] : netnsWords(link.into, places),
    attributes(link),
    'type',
    link.kind,
    kindWords(link),
    link.kind === 'veth' ? peerWords(link.peer, at, places) : [],
  )
}

/** What is made by itself is set afterwards. */
function tunCommands(link: LinkAdd & { readonly kind: 'tun' }): readonly string[] {
  const settings = attributes(link)
  return [
    words('ip tuntap add dev', quote(link.name), tunWords(link.tun)),
    ...(settings.length > 0 ? [words('ip link set dev', quote(link.name), settings)] : []),
  ]
}

function peerWords(peer: (Birth & { readonly at: number }) | undefined, at: number, places: readonly string[]): Words {
  if (!peer) return []
  return ['peer', 'name', quote(peer.name), ...attributes(peer), ...(peer.at === at ? [] : netnsWords(peer.at, places))]
}

const masterWords = (master: LinkRef | undefined): Words =>
  master === undefined ? [] : master === 0 ? ['nomaster'] : ['master', linkRef(master)]

const groupWords = (op: GroupSet): Words => [...attributes(op), ...masterWords(op.master)]

function linkSetCommands(op: LinkSet, places: readonly string[]): readonly string[] {
  const { link, name, master, alias, moveTo, port } = op
  const settings = [
    ...option('name', name),
    ...attributes(op),
    ...masterWords(master),
    ...option('alias', alias),
    ...(moveTo === undefined ? [] : netnsWords(moveTo, places)),
    ...changedWords(op),
  ]
  return [
    ...(settings.length > 0 ? [words('ip link set dev', linkRef(link), settings)] : []),
    ...(port ? [words('bridge link set dev', linkRef(name ?? link), portWords(port))] : []),
  ]
}

/** Dots separate, as usual, unless a part of the path has one (the name of a VLAN); then slashes do. */
function sysctlCommand({ path, value }: SysctlOp): string {
  const name = path.includes('.') ? path : path.replaceAll('/', '.')
  return words('sysctl -w', quote(`${name}=${value}`))
}

function nftCommand({ commands }: NftOp): string {
  const lines = commands.map(printNft).filter((line) => line !== null)
  if (lines.length < commands.length) return hereDocument('nft -j -f -', [JSON.stringify({ nftables: commands })])
  const [line = ''] = lines
  if (lines.length > 1) return hereDocument('nft -f -', lines)
  return words('nft', /^[\w .,:{}/@-]+$/.test(line) ? line : quote(line))
}

const KNOWN = '/run/netns/'

/** iproute2 keeps namespaces in a folder of its own; elsewhere they are kept by hand. */
function netnsCommand({ op }: NetnsOp, path: string): string {
  const name = path.startsWith(KNOWN) ? quote(path.slice(KNOWN.length)) : null
  if (op === 'netns.add') return name ? `ip netns add ${name}` : `touch ${quote(path)} && unshare --net=${quote(path)} true`
  return name ? `ip netns del ${name}` : `umount ${quote(path)} && rm ${quote(path)}`
}
