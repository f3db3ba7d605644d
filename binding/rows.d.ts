/** Rows of the kernel's tables: addresses, routes, neighbours, forwarding entries, rules; one by one, or as packed columns. */

import type { LinkRef } from './links.d.ts'

/** Addresses are 4 or 16 bytes. An IPv6 address is added with NODAD: whoever plans it knows that it is free. */
export interface AddrOp {
  readonly op: 'addr.add' | 'addr.replace' | 'addr.del'
  readonly link: LinkRef
  readonly address: Uint8Array
  readonly prefix: number
  /** The other end of a point-to-point link, whose prefix it then is. */
  readonly peer?: Uint8Array
  /** Of IPv4, as the next two. */
  readonly broadcast?: Uint8Array
  /** The link's name, or that and a colon and more; 15 bytes at most. */
  readonly label?: string
  /** Default: global. */
  readonly scope?: Scope
  /** Without a route to its prefix. */
  readonly noPrefixRoute?: boolean
  /** Of IPv6, as the next: the home address of a mobile node. */
  readonly home?: boolean
  /** What temporary addresses are made from. */
  readonly mngTmpAddr?: boolean
  /** Seconds; default: for ever. The preferred one is not the longer. */
  readonly validLifetime?: number
  readonly preferredLifetime?: number
}

/** Where a route leads: to a next hop or link, to this host, or nowhere. */
export type RouteType = 'unicast' | 'local' | 'blackhole' | 'unreachable' | 'prohibit' | 'throw'

export type Scope = 'global' | 'site' | 'link' | 'host' | 'nowhere'

/** One of several ways that a route has. */
export interface RouteHop {
  /** An IPv4 route can have one of IPv6. */
  readonly via?: Uint8Array
  readonly link?: LinkRef
  readonly onlink?: boolean
  /** 1 to 256; default 1. */
  readonly weight?: number
}

/**
 * Prefix 0 is the default route. `via` without `link` lets the kernel find the link. To delete, every field that is there has
 * to fit, and of several routes that do the first goes.
 */
export interface RouteOp {
  readonly op: 'route.add' | 'route.replace' | 'route.del'
  readonly to: Uint8Array
  readonly prefix: number
  /** Default: unicast. The last four lead nowhere, and take no link. */
  readonly type?: RouteType
  /** An IPv4 route can have one of IPv6. */
  readonly via?: Uint8Array
  readonly link?: LinkRef
  /** `via` is behind the link, whatever the routes say. */
  readonly onlink?: boolean
  /** In the place of via, link and onlink. */
  readonly hops?: readonly RouteHop[]
  /** In the place of all these: a next hop with a number, see NexthopOp. */
  readonly nexthopId?: number
  /** Default: main (254); of type local, local (255). */
  readonly table?: number
  readonly metric?: number
  /** RTPROT_*; default: boot (3). */
  readonly protocol?: number
  /** Of IPv4. Default: link without a next hop, host of type local, else global. */
  readonly scope?: Scope
  /** The address that packets have as their source, where the sender does not say. */
  readonly src?: Uint8Array
  readonly mtu?: number
}

/** A neighbour's link address, or (proxy) an address that is answered for. */
export interface NeighShared {
  readonly link: LinkRef
  /** Default: permanent. */
  readonly state?: 'permanent' | 'reachable' | 'stale' | 'noarp'
  readonly proxy?: boolean
  readonly router?: boolean
  readonly externLearn?: boolean
}

export interface NeighOp extends NeighShared {
  readonly op: 'neigh.add' | 'neigh.replace' | 'neigh.del'
  readonly address: Uint8Array
  /** 6 bytes. */
  readonly mac?: Uint8Array
}

/** What a link does with a MAC address; `self` is the link's own table (the default), `master` that of its bridge. */
export interface FdbShared {
  readonly link: LinkRef
  /** Default: permanent. */
  readonly state?: 'permanent' | 'static' | 'dynamic'
  readonly self?: boolean
  readonly master?: boolean
  readonly externLearn?: boolean
  readonly sticky?: boolean
  readonly vlan?: number
  /** Of a vxlan: a next hop in the place of dst, see NexthopOp. */
  readonly nhid?: number
  /** Of a vxlan, as the next two: the UDP port there. */
  readonly port?: number
  readonly srcVni?: number
  /** The link that the outer packets leave by. */
  readonly via?: LinkRef
}

/**
 * A vxlan has one entry for a unicast MAC address, and several, by append, for the one of zeros and for multicast ones. To append to
 * the former, or to delete a `dst` that an entry does not have, the kernel (6.18) says yes and does nothing.
 */
export interface FdbOp extends FdbShared {
  readonly op: 'fdb.add' | 'fdb.replace' | 'fdb.append' | 'fdb.del'
  /** 6 bytes. */
  readonly mac: Uint8Array
  /** Of a vxlan: the tunnel's other end. */
  readonly dst?: Uint8Array
  readonly vni?: number
}

/**
 * Many rows in packed columns, sent in batches; deleting begins with the last row. All are tried; a refusal tells `rows`.
 * To add and to append is all or nothing: what was added is taken back when another row is refused, or when cancel() comes.
 * Replacing and deleting goes as far as it can; cancelled, it ends behind the batch that was under way, and the refusal
 * tells how many rows were `untried`.
 *
 * Where the kernel had to drop its answers, the table is read back: a row that is there as it is wanted counts as added or
 * replaced (nobody can tell by whom), one that is gone as deleted; the others are sent once more, and refused with ENOBUFS if that is lost too.
 */
export interface NeighManyOp extends NeighShared {
  readonly op: 'neigh.addMany' | 'neigh.replaceMany' | 'neigh.delMany'
  readonly family: 4 | 6
  /** 4 or 16 bytes a row. */
  readonly addresses: Uint8Array
  /** 6 bytes a row. */
  readonly macs?: Uint8Array
}

/** See NeighManyOp. */
export interface FdbManyOp extends FdbShared {
  readonly op: 'fdb.addMany' | 'fdb.replaceMany' | 'fdb.appendMany' | 'fdb.delMany'
  /** 6 bytes a row. */
  readonly macs: Uint8Array
  /** Of `dsts`. */
  readonly family?: 4 | 6
  /** 4 or 16 bytes a row. */
  readonly dsts?: Uint8Array
  readonly vnis?: Uint32Array
}

/** See NeighManyOp. What is no column holds for all rows; either of the two, not both. */
export interface RouteManyOp {
  readonly op: 'route.addMany' | 'route.replaceMany' | 'route.delMany'
  readonly family: 4 | 6
  /** 4 or 16 bytes a row. */
  readonly tos: Uint8Array
  readonly prefix?: number
  /** A byte a row. */
  readonly prefixes?: Uint8Array
  /** An IPv4 route can have one of IPv6. */
  readonly via?: Uint8Array
  /** 4 or 16 bytes a row. */
  readonly vias?: Uint8Array
  readonly link?: LinkRef
  /** Ifindexes. */
  readonly links?: Int32Array
  readonly table?: number
  readonly metric?: number
}

/** See NeighManyOp and RouteManyOp. */
export interface AddrManyOp {
  readonly op: 'addr.addMany' | 'addr.replaceMany' | 'addr.delMany'
  readonly family: 4 | 6
  /** 4 or 16 bytes a row. */
  readonly addresses: Uint8Array
  readonly prefix?: number
  readonly prefixes?: Uint8Array
  readonly link?: LinkRef
  readonly links?: Int32Array
}

/** `ip rule`: which packets look into which routing table. Priorities go up; `iif` and `oif` are names, of links to come too. */
export interface RuleOp {
  readonly op: 'rule.add' | 'rule.del'
  readonly family: 4 | 6
  readonly priority: number
  readonly table: number
  readonly not?: boolean
  readonly from?: { readonly address: Uint8Array; readonly prefix: number }
  readonly to?: { readonly address: Uint8Array; readonly prefix: number }
  readonly iif?: string
  readonly oif?: string
  /** Of the packet, under `mask`; default 4294967295. */
  readonly mark?: number
  readonly mask?: number
  /** Ignore what the table says by a prefix of this length or less. */
  readonly suppressPrefixLength?: number
}
