import type { Call, Said } from '../model/call.ts'
import type { Answered, Endpoint, Options, PortBinding, Route, Sandbox } from '../model/network.ts'
import type { Op, Plan } from '../model/op.ts'
import { anything, flag, list, map, object, oneOf, optional, type Shape, text, whole } from '../model/shape.ts'
import type { EngineTls, Membership, SwarmNode } from '../model/swarm.ts'

/** A pool of our IPAM that a container engine has. */
export interface LentPool {
  /** 'DRIVER POOL' */
  readonly id: string
  /** The IPAM driver. */
  readonly driver: string
  /** What the driver calls it. */
  readonly pool: string
  readonly space: string
  /** '172.18.0.0/16' */
  readonly subnet: string
  /** '' or the part of the subnet that dynamic addresses come from. */
  readonly range: string
  readonly options: Options
  readonly v6: boolean
  /** The engine has heard the answer. */
  readonly told?: boolean
}

/** An address of such a pool. */
export interface LentAddress {
  /** 'DRIVER POOL ADDRESS' */
  readonly id: string
  /** The id of the LentPool. */
  readonly pool: string
  readonly address: string
}

/** What a plugin has of ours, as the call that takes it back: DeleteNetwork, DeleteEndpoint, ReleasePool, ReleaseAddress. */
export interface Due extends Call {
  readonly id: string
  readonly body: Said
}

/** Steps that are still to be carried out, should their controller end before it has crossed them out. */
export interface JournalEntry {
  readonly plan: Plan
  /** Path of the namespace number SANDBOX; absent when no step is inside one. */
  readonly sandbox?: string
  /** Paths of the namespaces number NETWORK and up. */
  readonly networks?: readonly string[]
  /** What plugins are to be told before the steps, and when they are done. */
  readonly before?: readonly Call[]
  readonly after?: readonly Call[]
}

export const sandbox: Shape<Sandbox> = object<Sandbox>({
  id: text,
  name: text,
  kind: oneOf('own', 'joined', 'host', 'engine'),
  path: text,
  created: text,
  labels: map(text),
  ports: list(object<PortBinding>({ protocol: oneOf('tcp', 'udp', 'sctp'), hostIP: text, hostPort: whole, port: whole })),
  owner: optional(object<NonNullable<Sandbox['owner']>>({ pid: whole, started: text })),
})

const answered = object<Answered>({
  link: optional(object<NonNullable<Answered['link']>>({ name: text, prefix: text })),
  gateway: text,
  gateway6: text,
  routes: list(object<Route>({ to: text, via: optional(text) })),
  gatewayService: flag,
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
  answered: optional(answered),
  wayOut: optional(flag),
})

export const membership: Shape<Membership> = object<Membership>({
  id: text,
  node: object<SwarmNode>({ id: text, name: text, address: text, dataPath: text, joined: text, publicKey: text, wireguardKey: text }),
  place: whole,
  heartbeat: whole,
  dataPathPort: whole,
  engine: text,
  tls: optional(object<EngineTls>({ ca: text, cert: text, key: text })),
})

export const lentPool: Shape<LentPool> = object<LentPool>({
  id: text,
  driver: text,
  pool: text,
  space: text,
  subnet: text,
  range: text,
  options: map(text),
  v6: flag,
  told: optional(flag),
})

export const lentAddress: Shape<LentAddress> = object<LentAddress>({ id: text, pool: text, address: text })

const said = map(anything) as Shape<Said>
const call = object<Call>({ plugin: text, method: text, body: optional(said) })

export const due: Shape<Due> = object<Due>({ id: text, plugin: text, method: text, body: said })

/** What a step says beyond its name, the native side checks before it does anything. */
const op: Shape<Op> = (value, at) => {
  object<{ op: string }>({ op: text })(value, at)
  return value as Op
}

export const plan: Shape<Plan> = list(op)

export const journalEntry: Shape<JournalEntry> = object<JournalEntry>({
  plan,
  sandbox: optional(text),
  networks: optional(list(text)),
  before: optional(list(call)),
  after: optional(list(call)),
})
