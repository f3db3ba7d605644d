import type { Network, Pool } from './network.ts'
import type { Peer } from './peer.ts'
import { flag, list, map, object, oneOf, optional, type Shape, text } from './shape.ts'

const pool = object<Pool>({
  family: oneOf(4, 6),
  id: text,
  subnet: text,
  range: optional(text),
  gateway: optional(text),
  aux: map(text),
  reservations: optional(map(text)),
})

const peer = object<Peer>({
  endpointId: text,
  networkId: text,
  nodeId: text,
  vtep: text,
  mac: text,
  address: optional(text),
  address6: optional(text),
})

export const network: Shape<Network> = object<Network>({
  id: text,
  name: text,
  driver: text,
  scope: oneOf('local', 'swarm'),
  created: text,
  internal: flag,
  attachable: flag,
  enableIPv4: flag,
  enableIPv6: flag,
  labels: map(text),
  options: map(text),
  ipam: object<Network['ipam']>({ driver: text, options: map(text), plugin: optional(flag) }),
  pools: list(pool),
  ingress: optional(flag),
  configOnly: optional(flag),
  configFrom: optional(text),
  engine: optional(flag),
  engineId: optional(text),
  plugin: optional(flag),
  peers: optional(list(peer)),
})
