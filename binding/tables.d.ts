/** The kernel's tables, as columns. */

import type { ConntrackTable } from './conntrack.d.ts'
import type { LinkRef } from './links.d.ts'
import type { NexthopTable } from './nexthop.d.ts'
import type { Refusal } from './outcome.d.ts'
import type { QdiscTable } from './qdiscs.d.ts'
import type { RouteType } from './rows.d.ts'
import type { VlanTable, VniTable } from './vlans.d.ts'
import type { XfrmPolicyTable } from './xfrm.d.ts'
import type { XfrmStateTable } from './xfrm-state.d.ts'

/** Columns of a kernel table; row i of every column belongs together. */
export interface Table {
  readonly length: number
  readonly refusal: Refusal | null
}

export interface LinkTable extends Table {
  readonly index: Int32Array
  /** IFF_*. */
  readonly flags: Uint32Array
  readonly mtu: Uint32Array
  readonly master: Int32Array
  /** IFLA_LINK: the other end of a veth, the parent of a macvlan. */
  readonly parent: Int32Array
  /** IFLA_LINK_NETNSID: where that is, as the link's namespace counts others; -1 there itself. */
  readonly parentNetns: Int32Array
  readonly group: Uint32Array
  /** 6 bytes a row. */
  readonly mac: Uint8Array
  readonly operState: Uint8Array
  /** Joined by '\n', which no link name may contain; '' when length is 0. */
  readonly names: string
  /** IFLA_INFO_KIND joined by '\n'; an empty line for a physical link. */
  readonly kinds: string
  /** Of a link of kind vlan: its number; 0 of others. */
  readonly vlan: Uint16Array
  /** 1: a bridge with `vlanFiltering`. */
  readonly vlanFiltering: Uint8Array
}

/** What passed each link, received (rx) and sent (tx). */
export interface LinkStatsTable extends Table {
  readonly link: Int32Array
  readonly rxBytes: BigUint64Array
  readonly txBytes: BigUint64Array
  readonly rxPackets: BigUint64Array
  readonly txPackets: BigUint64Array
  readonly rxErrors: BigUint64Array
  readonly txErrors: BigUint64Array
  readonly rxDropped: BigUint64Array
  readonly txDropped: BigUint64Array
}

export interface AddressTable extends Table {
  readonly link: Int32Array
  /** 4 or 6. */
  readonly family: Uint8Array
  readonly prefix: Uint8Array
  readonly scope: Uint8Array
  /** IFA_F_*. */
  readonly flags: Uint32Array
  /** 16 bytes a row; IPv4 in the first 4. */
  readonly address: Uint8Array
}

export interface RouteTable extends Table {
  readonly family: Uint8Array
  readonly prefix: Uint8Array
  readonly table: Uint32Array
  /** RTPROT_*. */
  readonly protocol: Uint8Array
  readonly scope: Uint8Array
  /** RTN_*. */
  readonly type: Uint8Array
  /** 0 when none (or several: the first next hop is reported). */
  readonly link: Int32Array
  readonly metric: Uint32Array
  /** 16 bytes a row. */
  readonly to: Uint8Array
  /** Of via: 4 or 6, be it not that of the route; 0 when there is no next hop. */
  readonly viaFamily: Uint8Array
  /** 16 bytes a row. */
  readonly via: Uint8Array
  /** 0 when its next hops are its own. */
  readonly nexthopId: Uint32Array
}

/** IPv4 and IPv6 neighbours. */
export interface NeighTable extends Table {
  readonly link: Int32Array
  /** 4 or 6. */
  readonly family: Uint8Array
  /** NUD_*. */
  readonly state: Uint16Array
  /** NTF_*. */
  readonly flags: Uint8Array
  /** 16 bytes a row; IPv4 in the first 4. */
  readonly address: Uint8Array
  /** 6 bytes a row; zero while it is unknown. */
  readonly mac: Uint8Array
}

/** What bridges and vxlans do with MAC addresses. */
export interface FdbTable extends Table {
  readonly link: Int32Array
  /** NUD_*. */
  readonly state: Uint16Array
  /** NTF_*. */
  readonly flags: Uint8Array
  /** The bridge whose entry it is; 0 for the link's own. */
  readonly master: Int32Array
  /** 6 bytes a row. */
  readonly mac: Uint8Array
  /** Of dst: 4 or 6; 0 without one. */
  readonly family: Uint8Array
  /** 16 bytes a row; IPv4 in the first 4. */
  readonly dst: Uint8Array
  /** The next hop that is in the place of dst; 0 when there is none. */
  readonly nhid: Uint32Array
  /** This and the next are 0 where the vxlan's own number is meant, as is the port. */
  readonly vni: Uint32Array
  readonly srcVni: Uint32Array
  readonly port: Uint16Array
  readonly via: Int32Array
  readonly vlan: Uint16Array
}

export interface Tables {
  readonly link: LinkTable
  /** Apart from the links, since counting costs. */
  readonly linkStats: LinkStatsTable
  readonly address: AddressTable
  readonly route: RouteTable
  readonly neigh: NeighTable
  readonly fdb: FdbTable
  readonly nexthop: NexthopTable
  readonly conntrack: ConntrackTable
  readonly qdisc: QdiscTable
  readonly xfrmPolicy: XfrmPolicyTable
  readonly xfrmState: XfrmStateTable
  readonly vni: VniTable
  readonly vlan: VlanTable
}
export type TableName = keyof Tables

/**
 * Which rows are asked for; the kernel itself leaves out the others. `link` and `master` are looked up when the table is
 * read, and refused with ENODEV when there is no such link.
 */
export interface Filters {
  readonly link: { readonly link: LinkRef } | { readonly master?: LinkRef }
  /** None: the kernel has none. */
  readonly linkStats: Readonly<Record<never, never>>
  readonly address: { readonly link?: LinkRef; readonly family?: 4 | 6 }
  /** ENOENT when `family` is given and there is no such table. */
  readonly route: { readonly link?: LinkRef; readonly family?: 4 | 6; readonly table?: number; readonly type?: RouteType }
  /** `proxy`: the addresses that are answered for, in the place of neighbours. */
  readonly neigh: { readonly link?: LinkRef; readonly master?: LinkRef; readonly family?: 4 | 6; readonly proxy?: boolean }
  readonly fdb: { readonly link?: LinkRef; readonly master?: LinkRef }
  readonly nexthop: { readonly link?: LinkRef }
  /** None: conntrack.del tells connections apart. */
  readonly conntrack: Readonly<Record<never, never>>
  /** None: the kernel has none. */
  readonly qdisc: Readonly<Record<never, never>>
  readonly xfrmPolicy: Readonly<Record<never, never>>
  /** `keys`: with the keys, which are left out otherwise. */
  readonly xfrmState: { readonly keys?: boolean }
  readonly vni: { readonly link?: LinkRef }
  /** None: the kernel has none. */
  readonly vlan: Readonly<Record<never, never>>
}
export type Filter<T extends TableName> = Filters[T]
