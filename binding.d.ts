/**
 * The door between TypeScript and the kernel: every native symbol, with the thread it runs on, who owns what, and how it
 * fails. Only lib/netlink imports it; everybody may import its types.
 *
 * What can wait returns a promise; what cannot is synchronous. A promise of `apply` or `dump` resolves with facts even
 * when the kernel said no; it rejects only for misuse. Misuse (wrong type, closed handle, index out of range) throws
 * synchronously, before anything is sent, with `code` ERR_CNM_INVALID_ARG or ERR_CNM_CLOSED.
 */

/** Bumped on every change of this file; lib/netlink/addon.ts refuses a binary with another number. */
export const abi: number

/**
 * A network namespace, and the sockets that live in it. A handle owns its descriptors until close(); a handle that is
 * collected while open is closed and raises a process warning (code CNM_WARN_COLLECTED).
 *
 * The descriptor, the rtnetlink socket and the libnftables context are opened at first use, on a throwaway thread that
 * enters the namespace and ends, so no thread that lives on ever leaves its own namespace.
 */
export class Netns {
  /** The namespace this process was in when called. JS thread, opens one descriptor. Throws Error with errno. */
  static current(): Netns
  /**
   * The namespace that `path` names when it is first used: '/run/netns/x', '/proc/PID/ns/net', or a path that the op
   * `netns.add` is going to make. Touches nothing yet; a path that leads nowhere is a refusal of the op that uses it.
   */
  static at(path: string): Netns
  /** '' for current(). */
  readonly path: string
  readonly closed: boolean
  /** Closes all descriptors once the job that uses them has ended. Idempotent. JS thread, does not wait. */
  close(): void
}

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
  readonly ttl?: number
  /** 1 inherits. */
  readonly tos?: number
  readonly df?: 'unset' | 'set' | 'inherit'
  readonly udpCsum?: boolean
  readonly udp6ZeroCsumTx?: boolean
  readonly udp6ZeroCsumRx?: boolean
  /** Seconds; 0 never forgets. */
  readonly ageing?: number
  /** Most entries that are learned. */
  readonly maxAddress?: number
  readonly external?: boolean
  readonly vniFilter?: boolean
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

/** The kinds, with the options of each. `link` is the parent, which lives in the op's namespace too. */
export type LinkKind =
  | { readonly kind: 'bridge'; readonly bridge?: BridgeOptions }
  /** The other end is born in the namespace number `at` under its final name. */
  | { readonly kind: 'veth'; readonly peer?: Birth & { readonly at: number } }
  | { readonly kind: 'vxlan'; readonly vxlan: VxlanOptions }
  | { readonly kind: 'macvlan'; readonly link: LinkRef; readonly macvlan?: MacvlanOptions }
  | { readonly kind: 'macvtap'; readonly link: LinkRef; readonly macvtap?: MacvlanOptions }
  | { readonly kind: 'ipvlan'; readonly link: LinkRef; readonly ipvlan?: IpvlanOptions }
  | { readonly kind: 'vlan'; readonly link: LinkRef; readonly vlan: VlanOptions }
  | { readonly kind: 'dummy' | 'ifb' }

export type LinkAdd = { readonly op: 'link.add'; readonly up?: boolean } & Birth & LinkKind

export interface LinkSet {
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

/** Addresses are 4 or 16 bytes. An IPv6 address is added with NODAD: whoever plans it knows that it is free. */
export interface AddrOp {
  readonly op: 'addr.add' | 'addr.del'
  readonly link: LinkRef
  readonly address: Uint8Array
  readonly prefix: number
}

/** A unicast route; prefix 0 is the default route. `via` without `link` lets the kernel find the link. */
export interface RouteOp {
  readonly op: 'route.add' | 'route.replace' | 'route.del'
  readonly to: Uint8Array
  readonly prefix: number
  readonly via?: Uint8Array
  readonly link?: LinkRef
  /** Default: main (254). */
  readonly table?: number
  readonly metric?: number
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
  /** Of a vxlan, as the next two: the UDP port there. */
  readonly port?: number
  readonly srcVni?: number
  /** The link that the outer packets leave by. */
  readonly via?: LinkRef
}

export interface FdbOp extends FdbShared {
  readonly op: 'fdb.add' | 'fdb.replace' | 'fdb.append' | 'fdb.del'
  /** 6 bytes. */
  readonly mac: Uint8Array
  /** Of a vxlan: the tunnel's other end. */
  readonly dst?: Uint8Array
  readonly vni?: number
}

/**
 * Many rows in packed columns, sent in batches. All are tried; a refusal tells `rows`. To add and to append is all or
 * nothing: what was added is taken back when another row is refused. Replacing and deleting goes as far as it can.
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

/**
 * Write /proc/sys/PATH in the op's namespace; `path` is relative ('net/ipv4/conf/eth0/forwarding'), has no '..', and
 * begins with 'net/'.
 */
export interface SysctlOp {
  readonly op: 'sysctl'
  readonly path: string
  readonly value: string
}

/** One nftables transaction: the commands of libnftables' JSON, see libnftables-json(5). */
export interface NftOp {
  readonly op: 'nft'
  readonly commands: readonly object[]
}

/**
 * netns.add makes a namespace and keeps it at the path of handle number `at` by a bind mount (the file is made; its
 * folder must exist; refused with EEXIST when the path is taken). netns.del unmounts and unlinks it and closes the
 * descriptors of that handle, so that the namespace ends with its last process.
 */
export interface NetnsOp {
  readonly op: 'netns.add' | 'netns.del'
}

/**
 * `at` chooses among the namespaces given to apply(); default 0. `undo` is what takes the op back where that cannot be
 * computed from the op itself (the value a sysctl had before); native code does not read it.
 */
export type Op = { readonly at?: number; readonly undo?: readonly Op[] } & (
  | LinkAdd
  | LinkSet
  | GroupSet
  | LinkDel
  | GroupDel
  | AddrOp
  | RouteOp
  | NeighOp
  | NeighManyOp
  | FdbOp
  | FdbManyOp
  | RuleOp
  | SysctlOp
  | NftOp
  | NetnsOp
)

/** What the kernel refused, in its own words. */
export interface Refusal {
  /** Index of the refused op. */
  readonly op: number
  /** Negative, as Node has it: util.getSystemErrorName(errno) works. */
  readonly errno: number
  /** The kernel's (extended ack) or libnftables' words; '' when it had none. */
  readonly message: string
  /** 'IFLA_LINKINFO.IFLA_INFO_DATA.IFLA_VXLAN_ID'; '' when unknown. */
  readonly attribute: string
  /** 'RTM_NEWLINK', 'nft', 'sysctl', 'netns', or 'open' when the namespace itself could not be entered; '' when cancelled. */
  readonly request: string
  /** Of an op with many rows: which were refused, and why; the rest of the refusal speaks of the first. */
  readonly rows?: { readonly row: Uint32Array; readonly errno: Int32Array }
}

export interface Outcome {
  /** Ops carried out; ops.length on success. */
  readonly done: number
  /** Per op: the link it made, else 0. */
  readonly ifindex: Int32Array
  /** null on success. errno -ECANCELED when cancel() came first. */
  readonly refusal: Refusal | null
}

/**
 * Carry out ops in order on the kernel thread (one per environment, FIFO); stop at the first refusal. All input is copied
 * before the call returns. `job` is any number that is not in use; cancel() takes it.
 */
export function apply(namespaces: readonly Netns[], ops: readonly Op[], job: number): Promise<Outcome>

/** Do not start the next op of this job. False when it is already over. JS thread, does not wait. */
export function cancel(job: number): boolean

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
  readonly group: Uint32Array
  /** 6 bytes a row. */
  readonly mac: Uint8Array
  readonly operState: Uint8Array
  /** Joined by '\n', which no link name may contain; '' when length is 0. */
  readonly names: string
  /** IFLA_INFO_KIND joined by '\n'; an empty line for a physical link. */
  readonly kinds: string
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
  /** 16 bytes a row; all zero when there is no next hop. */
  readonly via: Uint8Array
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
  /** This and the next are 0 where the vxlan's own number is meant, as is the port. */
  readonly vni: Uint32Array
  readonly srcVni: Uint32Array
  readonly port: Uint16Array
  readonly via: Int32Array
  readonly vlan: Uint16Array
}

export interface Tables {
  readonly link: LinkTable
  readonly address: AddressTable
  readonly route: RouteTable
  readonly neigh: NeighTable
  readonly fdb: FdbTable
}
export type TableName = keyof Tables

/** One table, on the kernel thread. A dump that the kernel interrupted is repeated; EINTR when that happens five times. */
export function dump<T extends TableName>(namespace: Netns, table: T, job: number): Promise<Tables[T]>

/**
 * Read /proc/sys/PATH of a namespace, without the trailing newline; null when there is no such file. Throwaway thread.
 * Rejects with Error{errno} for anything else.
 */
export function readSysctl(namespace: Netns, path: string): Promise<string | null>

/**
 * List the ruleset of one table as libnftables JSON text (`nft -j list table FAMILY NAME`); null when there is no such
 * table. Kernel thread. Rejects with Error{message} when libnftables is missing or refuses.
 */
export function listNftTable(namespace: Netns, family: string, table: string): Promise<string | null>

/** The inode of the namespace: equal numbers are the same namespace. Kernel thread. Rejects with Error{errno}. */
export function inode(namespace: Netns): Promise<bigint>

/**
 * flock(2) LOCK_EX | LOCK_NB on an open descriptor; false when another open file holds it. Never waits. The kernel drops
 * the lock when the descriptor closes, however the process ends. Throws Error{errno}.
 */
export function tryLock(fd: number): boolean

/** FD_CLOEXEC on an open descriptor: programs that this process starts do not get it. Throws Error{errno}. */
export function closeOnExec(fd: number): void
