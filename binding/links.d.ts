/** Links: what makes, changes and removes them. */

/** A link in the op's namespace, by name or by ifindex. */
export type LinkRef = string | number

/** Options of a kind, each named as iproute2 names it (`ip link add … type KIND help`), in camel case. Absent = the kernel's default. */
export interface BridgeOptions {
  readonly stp?: boolean
  /** This and the next two in units of 1/100 s, as iproute2. */
  readonly forwardDelay?: number
  readonly helloTime?: number
  readonly maxAge?: number
  /** Units of 1/100 s; 0 forgets what was learned at once. */
  readonly ageingTime?: number
  readonly priority?: number
  readonly groupFwdMask?: number
  readonly vlanFiltering?: boolean
  readonly vlanProtocol?: VlanProtocol
  /** 0: a new port is in no VLAN. */
  readonly vlanDefaultPvid?: number
  readonly mcastSnooping?: boolean
  readonly mcastQuerier?: boolean
  readonly mcastQueryUseIfaddr?: boolean
  /** 0 never, 1 while a querier is heard, 2 always. */
  readonly mcastRouter?: number
  readonly mcastIgmpVersion?: number
  readonly mcastMldVersion?: number
  readonly nfCallIptables?: boolean
  readonly nfCallIp6tables?: boolean
  readonly nfCallArptables?: boolean
}

/** Addresses are 4 or 16 bytes, all of one family. `group` (multicast) and `remote` are one attribute: not both. */
export interface VxlanOptions {
  /** 0 to 16777215; needed unless `external`. */
  readonly id?: number
  readonly local?: Uint8Array
  readonly group?: Uint8Array
  readonly remote?: Uint8Array
  /** The link that the outer packets leave by. */
  readonly dev?: LinkRef
  /** Default: 8472, Linux's own; the assigned port is 4789. */
  readonly dstPort?: number
  /** [lowest, highest]. */
  readonly srcPort?: readonly [number, number]
  readonly learning?: boolean
  readonly proxy?: boolean
  readonly rsc?: boolean
  readonly l2miss?: boolean
  readonly l3miss?: boolean
  /** 'inherit' takes that of the inner packet. */
  readonly ttl?: number | 'inherit'
  /** 1 inherits. */
  readonly tos?: number
  readonly df?: 'unset' | 'set' | 'inherit'
  /** The flow label of outer packets: of IPv6, 0 to 1048575. */
  readonly label?: number
  readonly udpCsum?: boolean
  readonly udp6ZeroCsumTx?: boolean
  readonly udp6ZeroCsumRx?: boolean
  /** Seconds; 0 never forgets. */
  readonly ageing?: number
  /** Most entries that are learned. */
  readonly maxAddress?: number
  readonly external?: boolean
  readonly vniFilter?: boolean
  /** Carry the sender's firewall mark; not together with `gpe`, which carries more than Ethernet. */
  readonly gbp?: boolean
  readonly gpe?: boolean
  /** Leave the inner checksum to the outer one. */
  readonly remCsumTx?: boolean
  readonly remCsumRx?: boolean
}

/** Of macvlan and of macvtap. */
export interface MacvlanOptions {
  readonly mode?: 'private' | 'vepa' | 'bridge' | 'passthru' | 'source'
  /** Mode passthru: do not make the parent promiscuous. */
  readonly noPromisc?: boolean
  readonly bcQueueLen?: number
  /** Mode source: whom it hears, 6 bytes each. */
  readonly macAddr?: readonly Uint8Array[]
}

export interface IpvlanOptions {
  readonly mode?: 'l2' | 'l3' | 'l3s'
  /** How its siblings reach it. */
  readonly flag?: 'bridge' | 'private' | 'vepa'
}

export type VlanProtocol = '802.1Q' | '802.1ad'

export interface VlanOptions {
  /** 0 to 4095. */
  readonly id: number
  readonly protocol?: VlanProtocol
  readonly flags?: VlanFlags
  /** [priority in the tag, that of the packet], and the other way round. */
  readonly ingressQosMap?: readonly (readonly [from: number, to: number])[]
  readonly egressQosMap?: readonly (readonly [from: number, to: number])[]
}

export interface VlanFlags {
  /** Who listens on the link sees no tag; on by default. */
  readonly reorderHdr?: boolean
  readonly gvrp?: boolean
  readonly mvrp?: boolean
  /** It stays up while its parent is down. */
  readonly looseBinding?: boolean
  /** It is up while a port of its bridge is that has this VLAN. */
  readonly bridgeBinding?: boolean
}

/** Named as `ip tuntap` names them. */
export interface TunOptions {
  /** What its packets begin with: an IP header, or an Ethernet header. */
  readonly mode: 'tun' | 'tap'
  /** The uid and the gid of those who may open it; default: who may administer the network. */
  readonly user?: number
  readonly group?: number
  /** Several may have it open, or one several times. */
  readonly multiQueue?: boolean
  /** Packets stand behind a virtio_net_hdr. */
  readonly vnetHdr?: boolean
  /** Packets stand behind their protocol: 4 bytes more. */
  readonly pi?: boolean
}

/** Settings of a bridge port (IFLA_BRPORT_*), as `bridge link set` names them. */
export interface PortOptions {
  readonly hairpin?: boolean
  readonly isolated?: boolean
  readonly learning?: boolean
  readonly flood?: boolean
  readonly mcastFlood?: boolean
  readonly bcastFlood?: boolean
  /** Answer ARP and neighbour solicitations from the neighbour table, and do not flood them to this port. */
  readonly neighSuppress?: boolean
  readonly guard?: boolean
  readonly rootBlock?: boolean
  readonly fastLeave?: boolean
  readonly mcastToUnicast?: boolean
  readonly vlanTunnel?: boolean
  readonly locked?: boolean
  readonly cost?: number
  readonly priority?: number
}

/** What a link has from the moment it is there. */
export interface Birth {
  readonly name: string
  readonly mtu?: number
  /** 6 bytes. */
  readonly mac?: Uint8Array
  /** Ownership mark: `ip link show group N`. */
  readonly group?: number
}

/** What a link has that is on another. */
interface OnParent {
  /** In the op's namespace. */
  readonly link: LinkRef
}

/** The kinds, with the options of each. */
export type LinkKind =
  | { readonly kind: 'bridge'; readonly bridge?: BridgeOptions }
  /** The other end is born in the namespace number `at` under its final name. */
  | { readonly kind: 'veth'; readonly peer?: Birth & { readonly at: number } }
  | { readonly kind: 'vxlan'; readonly vxlan: VxlanOptions }
  | ({ readonly kind: 'macvlan'; readonly macvlan?: MacvlanOptions } & OnParent)
  | ({ readonly kind: 'macvtap'; readonly macvtap?: MacvlanOptions } & OnParent)
  | ({ readonly kind: 'ipvlan'; readonly ipvlan?: IpvlanOptions } & OnParent)
  | ({ readonly kind: 'vlan'; readonly vlan: VlanOptions } & OnParent)
  /** For a program that opens /dev/net/tun; it stays when nobody has it open. EBUSY when the name is taken. */
  | { readonly kind: 'tun'; readonly tun: TunOptions }
  /** What it knows of its peers is told by `wireguard.sync`; its UDP socket stays where the op is carried out. */
  | { readonly kind: 'wireguard' }
  | { readonly kind: 'dummy' | 'ifb' }

/**
 * `into`: the number of the namespace that it is born in, of any kind but tun; what it is made of (a parent, the socket of a vxlan or of WireGuard)
 * stays in the op's own. Nothing is moved, which would take a grace period of RCU. Before Linux 6.15 the name of a link that has
 * a parent has to be free in that one's namespace too.
 */
export type LinkAdd = { readonly op: 'link.add'; readonly up?: boolean; readonly into?: number } & Birth & LinkKind

/** Options of the link's kind, in the field of its name; at most one. Some stay as they were made, a vxlan's id for one: EOPNOTSUPP. */
export interface KindSettings {
  readonly bridge?: BridgeOptions
  readonly vxlan?: VxlanOptions
  readonly macvlan?: MacvlanOptions
  readonly macvtap?: MacvlanOptions
  readonly ipvlan?: IpvlanOptions
}

export interface LinkSet extends KindSettings {
  readonly op: 'link.set'
  readonly link: LinkRef
  readonly name?: string
  readonly up?: boolean
  /** 0 takes it out of its bridge. */
  readonly master?: LinkRef
  readonly mac?: Uint8Array
  readonly mtu?: number
  readonly group?: number
  readonly alias?: string
  /** Move it into the namespace number `moveTo`; not together with master or port. */
  readonly moveTo?: number
  readonly port?: PortOptions
}

/** All links of a group, above 0; the kernel stops at the first that it cannot set. An empty group is no refusal. */
export interface GroupSet {
  readonly op: 'link.set'
  readonly group: number
  readonly link?: undefined
  readonly up?: boolean
  readonly master?: LinkRef
  readonly mtu?: number
}

export interface LinkDel {
  readonly op: 'link.del'
  readonly link: LinkRef
  /** Nobody waits for it: a controller takes it out of service at once, and deletes it a moment later. Here no difference. */
  readonly behind?: boolean
}

/**
 * All links of a group, above 0, or none: ENODEV when it is empty. They go together, and so many times faster than one by
 * one, each of which waits until the whole kernel has let go of it.
 */
export interface GroupDel {
  readonly op: 'link.del'
  readonly group: number
  readonly link?: undefined
}
