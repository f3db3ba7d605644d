/** Which packets are to be encrypted: the policies of IPsec. How they are, see xfrm-state.d.ts. */

import type { Table } from './tables.d.ts'

/** Which packets: those of all that is said. */
export interface XfrmSelector {
  readonly family: 4 | 6
  /** Default: any. */
  readonly src?: { readonly address: Uint8Array; readonly prefix: number }
  readonly dst?: { readonly address: Uint8Array; readonly prefix: number }
  readonly proto?: 'tcp' | 'udp' | 'sctp' | 'dccp' | 'gre' | 'icmp' | 'icmpv6'
  /** Ports need a `proto` that has them. */
  readonly sport?: number
  readonly dport?: number
}

/**
 * When it ends, at a hard limit; at a soft one the kernel tells that it soon will. Bytes, packets, seconds since it was added, and
 * seconds since its first use.
 */
export interface XfrmLimits {
  readonly byteSoft?: number
  readonly byteHard?: number
  readonly packetSoft?: number
  readonly packetHard?: number
  readonly timeSoft?: number
  readonly timeHard?: number
  readonly timeUseSoft?: number
  readonly timeUseHard?: number
}

/** What is done to a packet: a state that fits has to be there, see ip-xfrm(8). */
export interface XfrmTemplate {
  /** 4 or 16 bytes; the ends of the tunnel, in transport mode those of the packet by default. */
  readonly src?: Uint8Array
  readonly dst?: Uint8Array
  readonly proto: 'esp' | 'ah' | 'comp'
  readonly spi?: number
  readonly reqid?: number
  readonly mode: 'transport' | 'tunnel'
  /** Default: required. With use, the packet goes as it is when there is no state. */
  readonly level?: 'required' | 'use'
}

/** A policy is known by its selector, `dir`, mark and `ifId`: these are enough to delete it. */
export interface XfrmPolicyOp extends XfrmSelector {
  readonly op: 'xfrm.policy.add' | 'xfrm.policy.replace' | 'xfrm.policy.del'
  readonly dir: 'in' | 'out' | 'fwd'
  /** Of the packet, under `mask`; default 4294967295. */
  readonly mark?: number
  readonly mask?: number
  /** Of the xfrm interface whose packets these are, from 1. */
  readonly ifId?: number
  /** The lowest comes first. */
  readonly priority?: number
  /** Default: allow. */
  readonly action?: 'allow' | 'block'
  readonly flags?: readonly ('localok' | 'icmp')[]
  readonly limits?: XfrmLimits
  /** In the order in which they are done; six at most. */
  readonly tmpls?: readonly XfrmTemplate[]
}

/** All policies that fit all that is said, of which there has to be something. Outcome.count has how many went. */
export interface XfrmPolicyFlush {
  readonly op: 'xfrm.policy.flush'
  readonly dir?: 'in' | 'out' | 'fwd'
  readonly priority?: number
  readonly action?: 'allow' | 'block'
}

/** Addresses are 16 bytes a row, IPv4 in the first 4; ports are 0 where any is meant. */
export interface XfrmPolicyTable extends Table {
  /** 4 or 6. */
  readonly family: Uint8Array
  /** XFRM_POLICY_*: 0 in, 1 out, 2 fwd. */
  readonly dir: Uint8Array
  readonly src: Uint8Array
  readonly srcPrefix: Uint8Array
  readonly dst: Uint8Array
  readonly dstPrefix: Uint8Array
  /** IPPROTO_*; 0 is any. */
  readonly proto: Uint8Array
  readonly sport: Uint16Array
  readonly dport: Uint16Array
  readonly mark: Uint32Array
  readonly mask: Uint32Array
  readonly ifId: Uint32Array
  readonly priority: Uint32Array
  /** XFRM_POLICY_*: 0 allow, 1 block. */
  readonly action: Uint8Array
  /** The kernel's own number. */
  readonly index: Uint32Array
  /** How many templates it has. */
  readonly tmpls: Uint8Array
  /** Of the first of them: 4 or 6, 0 when there is none; and so on. */
  readonly tmplFamily: Uint8Array
  readonly tmplSrc: Uint8Array
  readonly tmplDst: Uint8Array
  /** IPPROTO_*. */
  readonly tmplProto: Uint8Array
  readonly tmplSpi: Uint32Array
  readonly tmplReqid: Uint32Array
  /** XFRM_MODE_*: 0 transport, 1 tunnel. */
  readonly tmplMode: Uint8Array
  /** 1 when the packet goes as it is where there is no state. */
  readonly tmplOptional: Uint8Array
}
