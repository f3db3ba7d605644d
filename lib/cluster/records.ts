import { type Family, isAddress, isCidr } from '../model/address.ts'
import { list, Mismatch, map, object, optional, type Shape, text, textThat, whole } from '../model/shape.ts'
import { network } from '../model/shapes.ts'
import type { Swarm, SwarmEndpoint, SwarmNode } from '../model/swarm.ts'
import type { Hearing, SealedKey, SealedRing } from './ring.ts'

const swarm: Shape<Swarm> = object<Swarm>({
  id: text,
  created: text,
  secret: text,
  fingerprint: text,
  heartbeat: whole,
  dataPathPort: whole,
  keyRotation: whole,
  pools: list(object<Swarm['pools'][number]>({ base: text, size: whole })),
})

const node: Shape<SwarmNode> = object<SwarmNode>({
  id: text,
  name: text,
  address: text,
  dataPath: text,
  joined: text,
  publicKey: text,
  wireguardKey: text,
})

const hearing: Shape<Hearing> = object<Hearing>({ session: text, step: whole })

const ring: Shape<SealedRing> = object<SealedRing>({
  step: whole,
  primary: whole,
  keys: list(object<SealedKey>({ tag: whole, seals: map(text) })),
})

const cidr = (family: Family) => textThat(`an IPv${family} address and its prefix`, (text) => isCidr(text, family))

const STATION = /^[\da-f][02468ace]([:-][\da-f]{2}){5}$/i

/** The data path takes it as it is. */
const endpoint: Shape<SwarmEndpoint> = object<SwarmEndpoint>({
  endpointId: text,
  networkId: text,
  nodeId: text,
  vtep: textThat('an address', isAddress),
  mac: textThat('the MAC address of a station', (text) => STATION.test(text)),
  address: optional(cidr(4)),
  address6: optional(cidr(6)),
  sandbox: text,
  services: optional(list(text)),
})

export const SHAPES = { swarm, node, hearing, ring, endpoint, network } as const

/** The same record is always the same text. */
export const encode = (record: object): string =>
  JSON.stringify(record, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(byKey)) : part,
  )

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)

/** The record, or what is wrong with it: one row that another program wrote must not keep this node from working. */
export function decode<T>(shape: Shape<T>, value: string): { readonly record: T } | { readonly problem: string } {
  try {
    return { record: shape(JSON.parse(value), '') }
  } catch (error) {
    if (error instanceof Mismatch || error instanceof SyntaxError) return { problem: error.message }
    throw error
  }
}

/** Who holds an address: 'NODE ENDPOINT'. */
export const holderText = ({ nodeId, endpointId }: Pick<SwarmEndpoint, 'nodeId' | 'endpointId'>): string => `${nodeId} ${endpointId}`

export const readHolder = (value: string): { readonly nodeId: string; readonly endpointId: string } => {
  const [nodeId = '', endpointId = ''] = value.split(' ')
  return { nodeId, endpointId }
}
