import type {
  BridgeOptions,
  IpvlanOptions,
  KindSettings,
  LinkKind,
  LinkRef,
  MacvlanOptions,
  PortOptions,
  TunOptions,
  VlanFlags,
  VlanOptions,
  VxlanOptions,
} from '../../binding.d.ts'
import { type Sayings, say } from './sayings.ts'
import { addressText, linkRef, macText, quote, type Words } from './words.ts'

const value = (name: string) => (given: string | number) => [name, quote(String(given))]
const bit = (name: string) => (given: boolean) => [name, given ? '1' : '0']
const onOff = (name: string) => (given: boolean) => [name, given ? 'on' : 'off']
/** `learning` or `nolearning`. */
const yesNo = (name: string) => (given: boolean) => [given ? name : `no${name}`]
/** There is no word for its absence. */
const present = (name: string) => (given: boolean) => (given ? [name] : [])
const address = (name: string) => (given: Uint8Array) => [name, addressText(given)]

const BRIDGE: Sayings<BridgeOptions> = {
  stp: bit('stp_state'),
  forwardDelay: value('forward_delay'),
  helloTime: value('hello_time'),
  maxAge: value('max_age'),
  ageingTime: value('ageing_time'),
  priority: value('priority'),
  groupFwdMask: value('group_fwd_mask'),
  vlanFiltering: bit('vlan_filtering'),
  vlanProtocol: value('vlan_protocol'),
  vlanDefaultPvid: value('vlan_default_pvid'),
  mcastSnooping: bit('mcast_snooping'),
  mcastQuerier: bit('mcast_querier'),
  mcastQueryUseIfaddr: bit('mcast_query_use_ifaddr'),
  mcastRouter: value('mcast_router'),
  mcastIgmpVersion: value('mcast_igmp_version'),
  mcastMldVersion: value('mcast_mld_version'),
  nfCallIptables: bit('nf_call_iptables'),
  nfCallIp6tables: bit('nf_call_ip6tables'),
  nfCallArptables: bit('nf_call_arptables'),
}

const VXLAN: Sayings<VxlanOptions> = {
  id: value('id'),
  local: address('local'),
  group: address('group'),
  remote: address('remote'),
  dev: (link) => ['dev', linkRef(link)],
  dstPort: value('dstport'),
  srcPort: ([low, high]) => ['srcport', String(low), String(high)],
  // Turns learning off in ip, but not in the kernel, until it is told otherwise.
  external: yesNo('external'),
  learning: yesNo('learning'),
  proxy: yesNo('proxy'),
  rsc: yesNo('rsc'),
  l2miss: yesNo('l2miss'),
  l3miss: yesNo('l3miss'),
  ttl: value('ttl'),
  // A bare 1 is iproute2's word for a class of service, not for the number.
  tos: (tos) => ['tos', tos === 1 ? 'inherit' : `0x${tos.toString(16).padStart(2, '0')}`],
  df: value('df'),
  label: value('flowlabel'),
  udpCsum: yesNo('udpcsum'),
  udp6ZeroCsumTx: yesNo('udp6zerocsumtx'),
  udp6ZeroCsumRx: yesNo('udp6zerocsumrx'),
  ageing: value('ageing'),
  maxAddress: value('maxaddress'),
  vniFilter: yesNo('vnifilter'),
  gbp: present('gbp'),
  gpe: present('gpe'),
  remCsumTx: yesNo('remcsumtx'),
  remCsumRx: yesNo('remcsumrx'),
}

const MACVLAN: Sayings<MacvlanOptions> = {
  mode: value('mode'),
  noPromisc: present('nopromisc'),
  bcQueueLen: value('bcqueuelen'),
  macAddr: (macs) => ['macaddr', 'set', ...macs.map(macText)],
}

const IPVLAN: Sayings<IpvlanOptions> = { mode: value('mode'), flag: (flag) => [flag] }

const VLAN_FLAGS: Sayings<VlanFlags> = {
  reorderHdr: onOff('reorder_hdr'),
  gvrp: onOff('gvrp'),
  mvrp: onOff('mvrp'),
  looseBinding: onOff('loose_binding'),
  bridgeBinding: onOff('bridge_binding'),
}

/** `name 1:2 3:4`; nothing when it is empty. */
const mappings = (name: string) => (pairs: readonly (readonly [number, number])[]) =>
  pairs.length > 0 ? [name, ...pairs.map((pair) => pair.join(':'))] : []

const VLAN: Sayings<VlanOptions> = {
  // iproute2 wants it before the id.
  protocol: value('protocol'),
  id: value('id'),
  flags: (flags) => say(VLAN_FLAGS, flags),
  ingressQosMap: mappings('ingress-qos-map'),
  egressQosMap: mappings('egress-qos-map'),
}

const TUN: Sayings<TunOptions> = {
  mode: value('mode'),
  user: value('user'),
  group: value('group'),
  multiQueue: present('multi_queue'),
  vnetHdr: present('vnet_hdr'),
  pi: present('pi'),
}

const PORT: Sayings<PortOptions> = {
  hairpin: onOff('hairpin'),
  isolated: onOff('isolated'),
  learning: onOff('learning'),
  flood: onOff('flood'),
  mcastFlood: onOff('mcast_flood'),
  bcastFlood: onOff('bcast_flood'),
  neighSuppress: onOff('neigh_suppress'),
  guard: onOff('guard'),
  rootBlock: onOff('root_block'),
  fastLeave: onOff('fastleave'),
  mcastToUnicast: onOff('mcast_to_unicast'),
  vlanTunnel: onOff('vlan_tunnel'),
  locked: onOff('locked'),
  cost: value('cost'),
  priority: value('priority'),
}

/** What stands behind `type KIND`; for a veth, whose peer has a place of its own, nothing. */
export function kindWords(link: LinkKind): Words {
  switch (link.kind) {
    case 'bridge':
      return say(BRIDGE, link.bridge)
    case 'vxlan':
      return say(VXLAN, link.vxlan.external ? { learning: true, ...link.vxlan } : link.vxlan)
    case 'macvlan':
      return say(MACVLAN, link.macvlan)
    case 'macvtap':
      return say(MACVLAN, link.macvtap)
    case 'ipvlan':
      return say(IPVLAN, link.ipvlan)
    case 'vlan':
      return say(VLAN, link.vlan)
    default:
      return []
  }
}

const typeWords = <Options>(kind: string, sayings: Sayings<Options>, options: Options | undefined): Words =>
  options === undefined ? [] : ['type', kind, ...say(sayings, options)]

/** `type KIND` with what is changed of a link that is there. */
export const changedWords = ({ bridge, vxlan, macvlan, macvtap, ipvlan }: KindSettings): Words => [
  ...typeWords('bridge', BRIDGE, bridge),
  ...typeWords('vxlan', VXLAN, vxlan),
  ...typeWords('macvlan', MACVLAN, macvlan),
  ...typeWords('macvtap', MACVLAN, macvtap),
  ...typeWords('ipvlan', IPVLAN, ipvlan),
]

/** The link that another stands on. */
export const parentOf = (link: LinkKind): LinkRef | undefined => ('link' in link ? link.link : undefined)

export const tunWords = (tun: TunOptions): Words => say(TUN, tun)

export const portWords = (port: PortOptions): Words => say(PORT, port)
