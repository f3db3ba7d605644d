import { list, Mismatch, map, object, optional, type Shape, text, whole } from '../model/shape.ts'
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

const endpoint: Shape<SwarmEndpoint> = object<SwarmEndpoint>({
  endpointId: text,
  networkId: text,
  nodeId: text,
  vtep: text,
  mac: text,
  address: optional(text),
  address6: optional(text),
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
