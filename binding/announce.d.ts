/** Announcements: who has an address, told to the neighbours unasked. */

import type { LinkRef } from './links.d.ts'

/**
 * A gratuitous ARP (RFC 5227), or an unsolicited neighbour advertisement with the override flag (RFC 4861), to everybody on
 * an Ethernet link: whoever knows the address by another MAC address takes this one. The link need not have the address.
 * Refused with ENETDOWN where nobody could hear it, with EOPNOTSUPP on a link that is not Ethernet.
 */
export interface AnnounceOp {
  readonly op: 'announce'
  readonly link: LinkRef
  /** 4 or 16 bytes. */
  readonly address: Uint8Array
  /** 6 bytes; default: the link's own. The frame comes from there, so that switches learn where it is. */
  readonly mac?: Uint8Array
  /** Frames, one right behind the other: 1 (the default) to 255. */
  readonly count?: number
  /** Of IPv4: which of the two kinds of ARP packets; default: request. */
  readonly as?: 'request' | 'reply'
  /** Of IPv6: the address is a router's. Without it, those who have it for their default router drop that. */
  readonly router?: boolean
}
