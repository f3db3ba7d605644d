import type { Endpoint, Network, Pool, PortBinding, Sandbox } from '../model/network.ts'
import type { Op, Plan } from '../model/op.ts'
import { flag, list, map, object, oneOf, optional, type Shape, text, whole } from './shape.ts'

/** Steps that are still to be carried out, should their controller end before it has crossed them out. */
export interface JournalEntry {
  readonly plan: Plan
  /** Path of the namespace number SANDBOX; absent when no step is inside one. */
  readonly sandbox?: string
}

const pool = object<Pool>({
  family: oneOf(4, 6),
  id: text,
  subnet: text,
  range: optional(text),
  gateway: optional(text),
  aux: map(text),
  reservations: optional(map(text)),
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
  ipam: object<Network['ipam']>({ driver: text, options: map(text) }),
  pools: list(pool),
  configOnly: optional(flag),
  configFrom: optional(text),
})

export const sandbox: Shape<Sandbox> = object<Sandbox>({
  id: text,
  name: text,
  kind: oneOf('own', 'joined', 'host'),
  path: text,
  created: text,
  labels: map(text),
  ports: list(object<PortBinding>({ protocol: oneOf('tcp', 'udp', 'sctp'), hostIP: text, hostPort: whole, port: whole })),
  owner: optional(object<NonNullable<Sandbox['owner']>>({ pid: whole, started: text })),
})

export const endpoint: Shape<Endpoint> = object<Endpoint>({
  id: text,
  networkId: text,
  sandboxId: text,
  aliases: list(text),
  links: optional(list(text)),
  linkLocal: optional(list(text)),
  options: map(text),
  gwPriority: whole,
  mac: text,
  address: optional(text),
  address6: optional(text),
  requested: object<Endpoint['requested']>({ address: optional(text), address6: optional(text), mac: optional(text) }),
  ifname: text,
  gateway: text,
  gateway6: text,
})

/** What a step says beyond its name, the native side checks before it does anything. */
const op: Shape<Op> = (value, at) => {
  object<{ op: string }>({ op: text })(value, at)
  return value as Op
}

export const plan: Shape<Plan> = list(op)

export const journalEntry: Shape<JournalEntry> = object<JournalEntry>({ plan, sandbox: optional(text) })
