import type { Family } from '../model/address.ts'

/** Ours and nobody else's. */
export const TABLE = { family: 'inet', name: 'cnm' } as const

/** Links of our networks. */
export const BRIDGES = 'bridges'
/** Output link → what may enter that network. */
export const TO_NETWORK = 'to_network'
/** Input link → what may leave that network. */
export const FROM_NETWORK = 'from_network'
/** Input or output link → what takes the host's address there. */
export const MASQUERADES = 'masquerades'

/**
 * Published ports: key → address and, in a second map, port. Keys of address4, port4, address6, port6 are host address,
 * protocol and port; those of address4_any and so on have no host address and serve all of them.
 */
export const portMaps = (family: Family, any: boolean) => {
  const suffix = `${family}${any ? '_any' : ''}`
  return { address: `address${suffix}`, port: `port${suffix}` }
}

/** Published ports of networks that are reached at their own addresses: address, protocol and port. */
export const direct = (family: Family): string => `direct${family}`

/** The operator's own rules, asked before any of ours. */
export const USER = 'user'

/** Links of the host's own that forward a family only because we switched it on. */
export const uplinks = (family: Family): string => `uplinks${family}`
