/** Networks inside a link: VLANs of a bridge, and VNIs of a vxlan. */

import type { LinkRef } from './links.d.ts'
import type { Table } from './tables.d.ts'

/** Which networks a vxlan carries that was made with `external` and `vniFilter`. One that is there already is not refused. */
export interface VniOp {
  readonly op: 'vni.add' | 'vni.del'
  readonly link: LinkRef
  /** 1 to 16777215. */
  readonly vni: number
  /** With all up to this one. */
  readonly end?: number
  /** Where packets go for whom there is no forwarding entry: many, or one. One attribute: not both. */
  readonly group?: Uint8Array
  readonly remote?: Uint8Array
}

export interface VniTable extends Table {
  readonly link: Int32Array
  /** The first and the last of several with the same remote. */
  readonly vni: Uint32Array
  readonly end: Uint32Array
  /** Of remote: 4 or 6; 0 without one. */
  readonly family: Uint8Array
  /** 16 bytes a row, IPv4 in the first 4. */
  readonly remote: Uint8Array
}

/**
 * Which VLANs a port of a bridge with `vlanFiltering` is in. To add is to change, too; to delete, `pvid` and `untagged` do not
 * matter, and one that it is not in is not refused.
 */
export interface VlanOp {
  readonly op: 'vlan.add' | 'vlan.del'
  readonly link: LinkRef
  /** 1 to 4094. */
  readonly vid: number
  /** With all up to this one. */
  readonly end?: number
  /** What comes in without a tag is in this VLAN; only one is. */
  readonly pvid?: boolean
  /** It goes out without a tag. */
  readonly untagged?: boolean
  /** The link itself: a bridge. */
  readonly self?: boolean
  /** The bridge that it is a port of: the default. */
  readonly master?: boolean
}

/** The VLANs that ports of bridges are in, and bridges themselves; without rows where the kernel has none. */
export interface VlanTable extends Table {
  readonly link: Int32Array
  /** The first and the last of several. */
  readonly vid: Uint16Array
  readonly end: Uint16Array
  /** 1: as of VlanOp. */
  readonly pvid: Uint8Array
  readonly untagged: Uint8Array
}
