/** How packets are encrypted, with which keys: the states of IPsec, or security associations. */

import type { Table } from './tables.d.ts'
import type { XfrmLimits, XfrmSelector } from './xfrm.d.ts'

/** What a state is known by. */
interface XfrmStateId {
  /** 4 or 16 bytes. */
  readonly dst: Uint8Array
  readonly proto: 'esp' | 'ah' | 'comp'
  /** From 1. */
  readonly spi: number
  /** Of the packet, under `mask`; default 4294967295. */
  readonly mark?: number
  readonly mask?: number
}

/**
 * Names are those of crypto(7) in the kernel: 'rfc4106(gcm(aes))', 'hmac(sha256)', 'cbc(aes)'. A key is never printed: a command
 * has a variable of the shell in its place, as $AEAD_0x1001 for the SPI 0x1001.
 *
 * Replacing one that is there deletes it and adds the new one, which the kernel has by then found fit: between the two, packets
 * are dropped.
 */
export interface XfrmStatePut extends XfrmStateId {
  readonly op: 'xfrm.state.add' | 'xfrm.state.replace'
  /** As many bytes as `dst` has. */
  readonly src: Uint8Array
  readonly mode: 'transport' | 'tunnel'
  /** By which templates of policies find it. */
  readonly reqid?: number
  /** Encrypts and authenticates; `icv` is how many bits of each packet tell that it is true. */
  readonly aead?: { readonly name: string; readonly key: Uint8Array; readonly icv: number }
  /** Of which as many bits are sent; the kernel knows how many are usual. */
  readonly auth?: { readonly name: string; readonly key: Uint8Array; readonly trunc?: number }
  readonly enc?: { readonly name: string; readonly key: Uint8Array }
  /** The name of what compresses: 'deflate'. */
  readonly comp?: string
  /** How many packets may overtake one another, up to 4096; default 0: nobody minds one that comes twice. */
  readonly replayWindow?: number
  /** esn (numbers of 64 bits) needs a `replayWindow`. */
  readonly flags?: readonly XfrmStateFlag[]
  readonly extraFlags?: readonly ('dont-encap-dscp' | 'oseq-may-wrap')[]
  /** Packets have this mark afterwards, under `outputMask`; default 4294967295. */
  readonly outputMark?: number
  readonly outputMask?: number
  /** Of the xfrm interface whose packets these are, from 1. */
  readonly ifId?: number
  /** The packets it is good for; default: any. */
  readonly sel?: XfrmSelector
  readonly limits?: XfrmLimits
  /** Through NAT: ESP inside UDP or TCP. */
  readonly encap?: { readonly type: 'espinudp' | 'espintcp'; readonly sport: number; readonly dport: number }
}

export type XfrmStateFlag = 'noecn' | 'decap-dscp' | 'nopmtudisc' | 'wildrecv' | 'icmp' | 'af-unspec' | 'align4' | 'esn'

export interface XfrmStateDel extends XfrmStateId {
  readonly op: 'xfrm.state.del'
}

/** All states that fit all that is said, of which there has to be something. Outcome.count has how many went. */
export interface XfrmStateFlush {
  readonly op: 'xfrm.state.flush'
  readonly src?: Uint8Array
  readonly dst?: Uint8Array
  readonly proto?: 'esp' | 'ah' | 'comp'
  readonly mode?: 'transport' | 'tunnel'
  readonly reqid?: number
}

/** Addresses are 16 bytes a row, IPv4 in the first 4. */
export interface XfrmStateTable extends Table {
  /** 4 or 6. */
  readonly family: Uint8Array
  readonly src: Uint8Array
  readonly dst: Uint8Array
  /** IPPROTO_*. */
  readonly proto: Uint8Array
  readonly spi: Uint32Array
  /** XFRM_MODE_*: 0 transport, 1 tunnel. */
  readonly mode: Uint8Array
  readonly reqid: Uint32Array
  readonly mark: Uint32Array
  readonly mask: Uint32Array
  readonly outputMark: Uint32Array
  readonly outputMask: Uint32Array
  readonly ifId: Uint32Array
  /** XFRM_STATE_*, as the next XFRM_SA_XFLAG_*. */
  readonly flags: Uint8Array
  readonly extraFlags: Uint32Array
  readonly replayWindow: Uint32Array
  /** The number of the last packet that was sent, and of the latest that came. */
  readonly oseq: BigUint64Array
  readonly seq: BigUint64Array
  /** What passed. */
  readonly bytes: BigUint64Array
  readonly packets: BigUint64Array
  /** UDP_ENCAP_*; 0 without. */
  readonly encap: Uint16Array
  readonly encapSport: Uint16Array
  readonly encapDport: Uint16Array
  /** Names joined by '\n'; an empty line where there is none. */
  readonly aead: string
  readonly auth: string
  readonly enc: string
  readonly comp: string
  /** Bits. */
  readonly aeadIcv: Uint32Array
  readonly authTrunc: Uint32Array
  /** In hex, joined by '\n'; empty lines unless the filter asks for `keys`. */
  readonly aeadKey: string
  readonly authKey: string
  readonly encKey: string
}
