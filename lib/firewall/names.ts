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

/** Says whose the table is; nothing leads there. */
export const OWNER = 'owner'

/** Links of our networks. */
export const BRIDGES: Declared = { name: 'bridges', type: 'ifname' }
/** Input and output link of what stays within a network. */
export const WITHIN: Declared = { name: 'within', type: ['ifname', 'ifname'] }
/** Links of networks whose sandboxes do not reach one another. */
export const STRANGERS: Declared = { name: 'strangers', type: 'ifname' }
/** Links of networks that nothing leaves and nothing else enters. */
export const INTERNAL: Declared = { name: 'internal', type: 'ifname' }
/** Links of networks that let in whatever is sent to them, by family. */
export const UNPROTECTED: Declared = { name: 'unprotected', type: ['ifname', 'nf_proto'] }
/** Links of networks that are reached at published ports of their own addresses, by family. */
export const ROUTED: Declared = { name: 'routed', type: ['ifname', 'nf_proto'] }
/** Link of the host and link of a network that from there is reached so too, by family. */
export const TRUSTED: Declared = { name: 'trusted', type: ['ifname', 'ifname', 'nf_proto'] }
/** Links of networks behind the host's address, by family. */
export const MASQUERADES: Declared = { name: 'masquerades', type: ['ifname', 'nf_proto'] }
/** Links of networks that leave by an address of their own choice. */
export const sources = (family: Family): Declared => ({ name: `sources${family}`, type: 'ifname', map: `ipv${family}_addr` })
/** Links of networks with their subnets of one length. */
export const subnets = (family: Family, prefix: number): Declared => ({
  name: `subnets${family}_${prefix}`,
  type: ['ifname', `ipv${family}_addr`],
})

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

export const families = [4, 6] as const
export const ip = (family: Family): 'ip' | 'ip6' => (family === 4 ? 'ip' : 'ip6')

/** All of ours, but those of subnets. */
export const SETS: readonly Declared[] = [
  BRIDGES,
  ...families.map(uplinks),
  ...families.map(direct),
  ...[WITHIN, STRANGERS, INTERNAL, UNPROTECTED, ROUTED, TRUSTED, MASQUERADES],
  ...families.map(sources),
  ...families.flatMap((family) => [false, true].flatMap((any) => Object.values(portMaps(family, any)))),
]
