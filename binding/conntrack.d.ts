/** Connections that the kernel tracks: those that go, and the table of all. */

import type { Table } from './tables.d.ts'

/**
 * Forget the tracked connections that fit all that is said, of which `family` alone is too little. Their next packet is a
 * new connection's, for NAT too. Others are never hit, not even one that takes the place of one that ends meanwhile. That
 * none fits is no refusal: Outcome.count has how many went.
 */
export interface ConntrackDel {
  readonly op: 'conntrack.del'
  readonly family: 4 | 6
  readonly proto?: 'tcp' | 'udp' | 'udplite' | 'sctp' | 'dccp' | 'gre' | 'icmp' | 'icmpv6'
  /** As the first packet came; addresses are 4 or 16 bytes. */
  readonly origSrc?: Uint8Array
  readonly origDst?: Uint8Array
  /** Ports need a `proto` that has them. */
  readonly origSport?: number
  readonly origDport?: number
  /** All from `origDport` to this one: to look through the kernel's table once for each takes ms. */
  readonly origDportEnd?: number
  /** As answers come: behind a DNAT, from the real server. */
  readonly replySrc?: Uint8Array
  readonly replyDst?: Uint8Array
  readonly replySport?: number
  readonly replyDport?: number
  /** Of the connection, under `mask`; default 4294967295. */
  readonly mark?: number
  readonly mask?: number
  /** Default: whatever zone it is in. */
  readonly zone?: number
}

/** The same with whatever one of these addresses began, or answers to. */
export interface ConntrackDelMany {
  readonly op: 'conntrack.delMany'
  readonly family: 4 | 6
  /** 4 or 16 bytes a row. */
  readonly addresses: Uint8Array
  /** Nobody waits for it: a controller does it a moment later, before one of the addresses is given again. Here no difference. */
  readonly behind?: boolean
}

/** IPv4 and IPv6. Addresses are 16 bytes a row, IPv4 in the first 4; ports are 0 where the protocol has none. */
export interface ConntrackTable extends Table {
  /** 4 or 6. */
  readonly family: Uint8Array
  /** IPPROTO_*. */
  readonly proto: Uint8Array
  readonly origSrc: Uint8Array
  readonly origDst: Uint8Array
  readonly origSport: Uint16Array
  readonly origDport: Uint16Array
  readonly replySrc: Uint8Array
  readonly replyDst: Uint8Array
  readonly replySport: Uint16Array
  readonly replyDport: Uint16Array
  readonly mark: Uint32Array
  readonly zone: Uint16Array
  /** IPS_*. */
  readonly status: Uint32Array
  /** TCP_CONNTRACK_*; 0 when it is not TCP. */
  readonly tcpState: Uint8Array
  /** Seconds. */
  readonly timeout: Uint32Array
  /** Equal numbers are the same connection. */
  readonly id: Uint32Array
}
