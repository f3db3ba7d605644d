/** Next hops that have a number of their own, which routes and forwarding entries share. */

import type { LinkRef } from './links.d.ts'
import type { Table } from './tables.d.ts'

export interface NexthopMember {
  readonly id: number
  /** 1 to 256; default 1. */
  readonly weight?: number
}

/**
 * One way: `via`, `link` or both, or a black hole; or a group of others. Whoever uses it follows when it is replaced, and
 * goes with it when it is deleted, for which the id is enough.
 */
export interface NexthopOp {
  readonly op: 'nexthop.add' | 'nexthop.replace' | 'nexthop.del'
  /** From 1. */
  readonly id: number
  readonly via?: Uint8Array
  readonly link?: LinkRef
  /** `via` is behind the link, whatever the routes say. */
  readonly onlink?: boolean
  readonly blackhole?: boolean
  /** Of one without `via`; default 4. */
  readonly family?: 4 | 6
  readonly group?: readonly NexthopMember[]
  /** Of a group: flows stay where they are while others come and go. */
  readonly resilient?: {
    readonly buckets?: number
    /** Seconds. */
    readonly idleTimer?: number
    readonly unbalancedTimer?: number
  }
  /** For forwarding entries of a vxlan: `via` is the tunnel's other end, without a link. Of a group: its members all are. */
  readonly fdb?: boolean
  /** RTPROT_*; default 0. */
  readonly protocol?: number
}

export interface NexthopTable extends Table {
  readonly id: Uint32Array
  /** 4 or 6; 0 of a group. */
  readonly family: Uint8Array
  /** 16 bytes a row, IPv4 in the first 4; all zero when there is none. */
  readonly via: Uint8Array
  readonly link: Int32Array
  /** RTNH_F_*. */
  readonly flags: Uint32Array
  readonly scope: Uint8Array
  /** RTPROT_*. */
  readonly protocol: Uint8Array
  /** 1 when it is. */
  readonly blackhole: Uint8Array
  readonly fdb: Uint8Array
  /** Of a resilient group; else 0. */
  readonly buckets: Uint16Array
  /** Joined by '\n': '1,2/5' is a group of 1 with weight 2 and 5 with weight 1; an empty line for one that is no group. */
  readonly groups: string
}
