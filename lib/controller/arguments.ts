import { fault } from '../model/errors.ts'
import type { Protocol } from '../model/network.ts'
import type {
  AddPeer,
  Attachment,
  CreateNetwork,
  CreateSandbox,
  EnterSwarm,
  InitSwarm,
  IpamConfig,
  JoinSwarm,
  PublishPort,
} from '../model/request.ts'
import { flag, list, Mismatch, map, object, oneOf, optional, type Shape, text, whole } from '../model/shape.ts'
import type { EngineTls } from '../model/swarm.ts'
import type { ExplainRequest } from './explain/explain.ts'

// What programs ask for, which may have been written without a compiler. A verb may wait for its turn, and its request may be another
// one by then: what was asked for is a copy.

const ipamConfig = object<IpamConfig>({
  subnet: optional(text),
  ipRange: optional(text),
  gateway: optional(text),
  auxAddresses: optional(map(text)),
  reservations: optional(map(text)),
})

export const networkAsked = object<CreateNetwork>({
  name: text,
  driver: optional(text),
  scope: optional(oneOf('local', 'swarm')),
  internal: optional(flag),
  attachable: optional(flag),
  ingress: optional(flag),
  configOnly: optional(flag),
  configFrom: optional(text),
  enableIPv4: optional(flag),
  enableIPv6: optional(flag),
  labels: optional(map(text)),
  options: optional(map(text)),
  ipam: optional(
    object<NonNullable<CreateNetwork['ipam']>>({
      driver: optional(text),
      options: optional(map(text)),
      config: optional(list(ipamConfig)),
    }),
  ),
})

export const attachmentAsked = object<Attachment>({
  network: text,
  ip: optional(text),
  ip6: optional(text),
  mac: optional(text),
  aliases: optional(list(text)),
  links: optional(list(text)),
  linkLocal: optional(list(text)),
  options: optional(map(text)),
  gwPriority: optional(whole),
})

/** Numbers and protocols that are none are refused in Docker's words; see ports.ts. */
const portAsked = object<PublishPort>({
  protocol: text as Shape<Protocol>,
  hostIP: text,
  hostPort: whole,
  hostPortEnd: optional(whole),
  port: whole,
})

export const sandboxAsked = object<CreateSandbox>({
  name: optional(text),
  path: optional(text),
  networks: optional(list(attachmentAsked)),
  ports: optional(list(portAsked)),
  labels: optional(map(text)),
  owner: optional(whole),
})

export const explainAsked = object<ExplainRequest>({
  from: text,
  to: text,
  port: optional(whole),
  protocol: optional(text),
  family: optional(oneOf(4, 6)),
})

/** A number that no swarm takes is refused with the option's name; see swarm/membership.ts. */
const amount: Shape<number> = (value, at) => {
  if (typeof value !== 'number') throw new Mismatch(`${at} should be a number`)
  return value
}

const arrival = {
  advertise: optional(text),
  dataPath: optional(text),
  tls: optional(object<Partial<EngineTls>>({ ca: optional(text), cert: optional(text), key: optional(text) })),
}

const founding = {
  ...arrival,
  dataPathPort: optional(amount),
  pools: optional(list(text)),
  poolSize: optional(amount),
  heartbeat: optional(amount),
  keyRotation: optional(amount),
}

export const swarmAsked = {
  init: object<InitSwarm>({ ...founding, engine: optional(text) }),
  join: object<JoinSwarm>({ ...arrival, token: text, engine: text }),
  enter: object<EnterSwarm>({ ...founding, engine: text }),
  leave: object<{ readonly force?: boolean }>({ force: optional(flag) }),
  token: object<{ readonly rotate?: boolean }>({ rotate: optional(flag) }),
  remove: object<{ readonly node: string; readonly force?: boolean }>({ node: text, force: optional(flag) }),
}

export const peerAsked = object<AddPeer>({ vtep: text, mac: text, ip: optional(text), ip6: optional(text) })

/** nsenter(1) by itself would begin a shell, which waits for its input. */
export const commandAsked: Shape<readonly string[]> = (value, at) => {
  const command = list(text)(value, at)
  if (!command[0]) throw new Mismatch(`${at} should be a program and its arguments`)
  return command
}

export const pathAsked: Shape<string> = (value, at) => {
  const path = text(value, at)
  if (path === '') throw new Mismatch(`${at} should be a path`)
  return path
}

/** A copy of an argument, `what` it is called; throws INVALID_ARGUMENT where it is not what its type says. */
export function argument<T>(shape: Shape<T>, value: unknown, what: string): T {
  try {
    return shape(value, what)
  } catch (error) {
    if (error instanceof Mismatch) throw fault('INVALID_ARGUMENT', { reason: error.message }, error)
    throw error
  }
}
