import type { AddressTable, FdbTable, LinkTable, NeighTable, RouteTable, TableName, Tables } from '../../binding.d.ts'
import type { Address, Cidr } from '../model/address.ts'
import { addressAt, at, cidrTextAt, familyAt, macAt, rows, type Wanted } from './cells.ts'
import { type ConntrackRow, conntrackRows } from './conntrack.ts'
import { type LinkStatsRow, linkStatsRows } from './link-stats.ts'
import { type NexthopRow, nexthopRows } from './nexthop.ts'
import { type QdiscRow, qdiscRows } from './qdiscs.ts'
import { type VlanRow, type VniRow, vlanRows, vniRows } from './vlans.ts'
import { type XfrmPolicyRow, xfrmPolicyRows } from './xfrm.ts'
import { type XfrmStateRow, xfrmStateRows } from './xfrm-state.ts'

export interface LinkRow {
  readonly index: number
  readonly name: string
  /** 'bridge', 'veth'; '' for a physical link. */
  readonly kind: string
  /** IFF_*. */
  readonly flags: number
  readonly mtu: number
  /** '02:42:ac:11:00:02' */
  readonly mac: string
  /** ifindex of its bridge; 0 when it is in none. */
  readonly master: number
  /** ifindex of a veth's other end, or of the link that it is on; in that one's namespace. */
  readonly parent: number
  /** That namespace, as the link's own counts others; -1 is that itself. */
  readonly parentNetns: number
  readonly group: number
  /** IF_OPER_*; 6 is up. */
  readonly operState: number
  /** Of kind vlan: its number; 0 of others. */
  readonly vlan: number
  /** A bridge that filters VLANs. */
  readonly vlanFiltering: boolean
}

export interface AddressRow {
  /** ifindex. */
  readonly link: number
  readonly address: Cidr
  /** RT_SCOPE_*. */
  readonly scope: number
  /** IFA_F_*. */
  readonly flags: number
}

/** RT_TABLE_MAIN. */
export const MAIN = 254

export interface RouteRow {
  readonly to: Cidr
  /** Of an IPv4 route, it can be of IPv6. */
  readonly via: Address | null
  /** ifindex; 0 when there is none. */
  readonly link: number
  /** 0 when its next hops are its own. */
  readonly nexthopId: number
  /** As `ip route` names it: 'unicast', 'local', 'blackhole'. */
  readonly type: string
  /** 254 is main. */
  readonly table: number
  readonly metric: number
  /** RTPROT_*. */
  readonly protocol: number
  /** RT_SCOPE_*. */
  readonly scope: number
}

export interface NeighRow {
  /** ifindex. */
  readonly link: number
  readonly address: Address
  readonly mac: string
  /** NUD_*; 128 is permanent. */
  readonly state: number
  /** NTF_*. */
  readonly flags: number
}

export interface FdbRow {
  /** ifindex. */
  readonly link: number
  readonly mac: string
  /** ifindex of the bridge whose entry it is; 0 for the link's own. */
  readonly master: number
  /** The other end of a tunnel. */
  readonly dst: Address | null
  /** The next hop that knows the other end; 0 when there is none. */
  readonly nhid: number
  /** This and the next are 0 where the vxlan's own number is meant, as is the port. */
  readonly vni: number
  readonly srcVni: number
  readonly port: number
  /** ifindex; 0 when the routes decide. */
  readonly via: number
  readonly vlan: number
  /** NUD_*; 128 is permanent. */
  readonly state: number
  /** NTF_*. */
  readonly flags: number
}

interface RowTypes {
  readonly link: LinkRow
  readonly address: AddressRow
  readonly route: RouteRow
  readonly neigh: NeighRow
  readonly fdb: FdbRow
  readonly nexthop: NexthopRow
  readonly conntrack: ConntrackRow
  readonly linkStats: LinkStatsRow
  readonly qdisc: QdiscRow
  readonly xfrmPolicy: XfrmPolicyRow
  readonly xfrmState: XfrmStateRow
  readonly vni: VniRow
  readonly vlan: VlanRow
}
export type Row<T extends TableName> = RowTypes[T]
export type Rows<T extends TableName> = readonly Row<T>[]

/** Tables cross as columns, which is cheap; here they become what is pleasant to work with. */
export const rowsOf = <T extends TableName>(table: T, columns: Tables[T]): Rows<T> => readers[table](columns)

const readers: { readonly [T in TableName]: (columns: Tables[T]) => Rows<T> } = {
  link: linkRows,
  address: addressRows,
  route: routeRows,
  neigh: neighRows,
  fdb: fdbRows,
  nexthop: nexthopRows,
  conntrack: conntrackRows,
  linkStats: linkStatsRows,
  qdisc: qdiscRows,
  xfrmPolicy: xfrmPolicyRows,
  xfrmState: xfrmStateRows,
  vni: vniRows,
  vlan: vlanRows,
}

function linkRows(columns: LinkTable): readonly LinkRow[] {
  const names = columns.names.split('\n')
  const kinds = columns.kinds.split('\n')
  return rows(columns, (row) => ({
    index: at(columns.index, row),
    name: names[row] ?? '',
    kind: kinds[row] ?? '',
    flags: at(columns.flags, row),
    mtu: at(columns.mtu, row),
    mac: macAt(columns.mac, row),
    master: at(columns.master, row),
    parent: at(columns.parent, row),
    parentNetns: at(columns.parentNetns, row),
    group: at(columns.group, row),
    operState: at(columns.operState, row),
    vlan: at(columns.vlan, row),
    vlanFiltering: at(columns.vlanFiltering, row) === 1,
  }))
}

function addressRows(columns: AddressTable): readonly AddressRow[] {
  return rows(columns, (row) => ({
    link: at(columns.link, row),
    address: { ...addressAt(columns.address, row, familyAt(columns.family, row)), prefix: at(columns.prefix, row) },
    scope: at(columns.scope, row),
    flags: at(columns.flags, row),
  }))
}

/** 'IP/PREFIX' of each row. */
export const addressTexts = (columns: AddressTable): readonly string[] =>
  rows(columns, (row) => cidrTextAt(columns.address, row, familyAt(columns.family, row), at(columns.prefix, row)))

/** RTN_*, in their order. */
const ROUTE_TYPES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
]

const routeType = (type: number): string => ROUTE_TYPES[type] ?? String(type)

function routeRows(columns: RouteTable): readonly RouteRow[] {
  return routesWhere(columns, () => true)
}

/** Those of a type whose destination, 'IP/PREFIX', by that link, is wanted; others cost next to nothing. Kernels before 5.0 filter no types. */
export const routesTo = (
  columns: RouteTable,
  type: string | undefined,
  isWanted: (to: string, link: number) => boolean,
): readonly RouteRow[] =>
  routesWhere(
    columns,
    (row) =>
      routeType(at(columns.type, row)) === type &&
      isWanted(cidrTextAt(columns.to, row, familyAt(columns.family, row), at(columns.prefix, row)), at(columns.link, row)),
  )

function routesWhere(columns: RouteTable, wanted: Wanted): readonly RouteRow[] {
  const read = (row: number): RouteRow => {
    const family = familyAt(columns.family, row)
    const viaFamily = at(columns.viaFamily, row)
    return {
      to: { ...addressAt(columns.to, row, family), prefix: at(columns.prefix, row) },
      via: viaFamily === 0 ? null : addressAt(columns.via, row, familyAt(columns.viaFamily, row)),
      link: at(columns.link, row),
      nexthopId: at(columns.nexthopId, row),
      type: routeType(at(columns.type, row)),
      table: at(columns.table, row),
      metric: at(columns.metric, row),
      protocol: at(columns.protocol, row),
      scope: at(columns.scope, row),
    }
  }
  return rows(columns, read, wanted)
}

function neighRows(columns: NeighTable): readonly NeighRow[] {
  return rows(columns, (row) => ({
    link: at(columns.link, row),
    address: addressAt(columns.address, row, familyAt(columns.family, row)),
    mac: macAt(columns.mac, row),
    state: at(columns.state, row),
    flags: at(columns.flags, row),
  }))
}

function fdbRows(columns: FdbTable): readonly FdbRow[] {
  return rows(columns, (row) => ({
    link: at(columns.link, row),
    mac: macAt(columns.mac, row),
    master: at(columns.master, row),
    dst: at(columns.family, row) === 0 ? null : addressAt(columns.dst, row, familyAt(columns.family, row)),
    nhid: at(columns.nhid, row),
    vni: at(columns.vni, row),
    srcVni: at(columns.srcVni, row),
    port: at(columns.port, row),
    via: at(columns.via, row),
    vlan: at(columns.vlan, row),
    state: at(columns.state, row),
    flags: at(columns.flags, row),
  }))
}
