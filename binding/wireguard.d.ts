/** What WireGuard links know of their peers, see wg(8). */

import type { LinkRef } from './links.d.ts'

export interface WireguardPeer {
  /** Of Curve25519: 32 bytes, as all keys here. */
  readonly publicKey: Uint8Array
  /** Where it is reached, until it is heard from elsewhere: 4 or 16 bytes, and a UDP port. */
  readonly endpoint: Uint8Array
  readonly port: number
  /** What it may send, and what is sent to it. */
  readonly allowedIps: readonly { readonly address: Uint8Array; readonly prefix: number }[]
}

/**
 * A link has these peers from now on, and no others; those that stay keep their sessions. The private key is never printed: the command
 * has a variable of the shell in its place, $WIREGUARD_KEY. Refused with ENOENT where the kernel has no WireGuard.
 */
export interface WireguardSync {
  readonly op: 'wireguard.sync'
  readonly link: LinkRef
  readonly privateKey: Uint8Array
  readonly listenPort: number
  readonly peers: readonly WireguardPeer[]
}
