/**
 * What hosts encrypt with what they send to one another. Whoever keeps the cluster gives it to all of them; here it is not written
 * down, and not printed.
 */
export interface KeyRing {
  /** Three at most, of 16 bytes or more, each with a number that no other key has had. What any of them has encrypted is understood. */
  readonly keys: readonly Key[]
  /** The number of the one that is sent with: one that all others have by now. */
  readonly primary: number
  /** New whenever this host was started, since it counts its packets from the beginning again. */
  readonly session: string
  /** Those of the other hosts, by their address on the underlay. */
  readonly sessions: Readonly<Record<string, string>>
}

/** What networks are encrypted with that WireGuard encrypts; the same is true of it. */
export interface WireguardKeys {
  /** Of this host: 32 bytes, as all of them. */
  readonly privateKey: Uint8Array
  /** The public keys of the other hosts, by their address on the underlay. */
  readonly peers: Readonly<Record<string, Uint8Array>>
}

export interface Key {
  readonly tag: number
  readonly secret: Uint8Array
}
