import type { Family } from '../model/address.ts'

/** A set, or a map: what its keys are, and its values. Who changes its elements says it, and nobody has to ask the kernel. */
export interface Declared {
  readonly name: string
  readonly type: string | readonly string[]
  readonly map?: string
}

/** Ours and nobody else's. */
export const TABLE = { family: 'inet', name: 'cnm' } as const

/** The operator's own rules, asked before any of ours. */
export const USER = 'user'

/** Links of our networks. */
export const BRIDGES: Declared = { name: 'bridges', type: 'ifname' }
/** Output link → what may enter that network. */
export const TO_NETWORK: Declared = { name: 'to_network', type: 'ifname', map: 'verdict' }
/** Input link → what may leave that network. */
export const FROM_NETWORK: Declared = { name: 'from_network', type: 'ifname', map: 'verdict' }
/** Input or output link → what takes the host's address there. */
export const MASQUERADES: Declared = { name: 'masquerades', type: 'ifname', map: 'verdict' }

/** Links of the host's own that forward a family only because we switched it on. */
export const uplinks = (family: Family): Declared => ({ name: `uplinks${family}`, type: 'ifname' })

/** Protocol and port that a packet is sent to; `any`: at whatever address. */
const destination = (family: Family, any: boolean): readonly string[] => [
  ...(any ? [] : [`ipv${family}_addr`]),
  'inet_proto',
  'inet_service',
]

/** Published ports of networks that are reached at their own addresses: address, protocol and port. */
export const direct = (family: Family): Declared => ({ name: `direct${family}`, type: destination(family, false) })

/**
 * Published ports: key → address and, in a second map, port. Keys of address4, port4, address6, port6 are host address,
 * protocol and port; those of address4_any and so on have no host address and serve all of them.
 */
export const portMaps = (family: Family, any: boolean): { readonly address: Declared; readonly port: Declared } => {
  const suffix = `${family}${any ? '_any' : ''}`
  const type = destination(family, any)
  return {
    address: { name: `address${suffix}`, type, map: `ipv${family}_addr` },
    port: { name: `port${suffix}`, type, map: 'inet_service' },
  }
}

const families = [4, 6] as const

/** All of ours. */
export const SETS: readonly Declared[] = [
  BRIDGES,
  ...families.map(uplinks),
  ...families.map(direct),
  ...[TO_NETWORK, FROM_NETWORK, MASQUERADES],
  ...families.flatMap((family) => [false, true].flatMap((any) => Object.values(portMaps(family, any)))),
]
