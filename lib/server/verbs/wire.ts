import { Type as T, type TSchema } from '@sinclair/typebox'

// Our own requests (model/request.ts), field by field. A field that is unknown is refused: who says more than we understand is newer
// than we are, and would get something else than he means.

const Maybe = <S extends TSchema>(schema: S) => T.Optional(schema)
const Exactly = <P extends Record<string, TSchema>>(properties: P) => T.Object(properties, { additionalProperties: false })
const Texts = T.Record(T.String(), T.String())
const Text = T.String()
const Port = T.Integer({ minimum: 0, maximum: 65535 })

const IpamConfig = Exactly({
  subnet: Maybe(Text),
  ipRange: Maybe(Text),
  gateway: Maybe(Text),
  auxAddresses: Maybe(Texts),
  reservations: Maybe(Texts),
})

export const CreateNetwork = Exactly({
  name: Text,
  driver: Maybe(Text),
  scope: Maybe(T.Union([T.Literal('local'), T.Literal('swarm')])),
  internal: Maybe(T.Boolean()),
  attachable: Maybe(T.Boolean()),
  ingress: Maybe(T.Boolean()),
  configOnly: Maybe(T.Boolean()),
  configFrom: Maybe(Text),
  enableIPv4: Maybe(T.Boolean()),
  enableIPv6: Maybe(T.Boolean()),
  labels: Maybe(Texts),
  options: Maybe(Texts),
  ipam: Maybe(Exactly({ driver: Maybe(Text), options: Maybe(Texts), config: Maybe(T.Array(IpamConfig)) })),
})

export const Attachment = Exactly({
  network: Text,
  ip: Maybe(Text),
  ip6: Maybe(Text),
  mac: Maybe(Text),
  aliases: Maybe(T.Array(Text)),
  links: Maybe(T.Array(Text)),
  linkLocal: Maybe(T.Array(Text)),
  options: Maybe(Texts),
  gwPriority: Maybe(T.Integer()),
})

const PublishPort = Exactly({
  protocol: T.Union([T.Literal('tcp'), T.Literal('udp'), T.Literal('sctp')]),
  hostIP: Text,
  hostPort: Port,
  hostPortEnd: Maybe(Port),
  port: Port,
})

export const CreateSandbox = Exactly({
  name: Maybe(Text),
  path: Maybe(Text),
  networks: Maybe(T.Array(Attachment)),
  ports: Maybe(T.Array(PublishPort)),
  labels: Maybe(Texts),
  owner: Maybe(T.Integer({ minimum: 1 })),
})

const Tls = Exactly({ ca: Maybe(Text), cert: Maybe(Text), key: Maybe(Text) })
const arrival = { advertise: Maybe(Text), dataPath: Maybe(Text), tls: Maybe(Tls) }

export const InitSwarm = Exactly({
  ...arrival,
  engine: Maybe(Text),
  dataPathPort: Maybe(Port),
  pools: Maybe(T.Array(Text)),
  poolSize: Maybe(T.Integer()),
  heartbeat: Maybe(T.Number({ exclusiveMinimum: 0 })),
  keyRotation: Maybe(T.Number({ exclusiveMinimum: 0 })),
})

export const JoinSwarm = Exactly({ ...arrival, engine: Text, token: Text })

export const AddPeer = Exactly({ vtep: Text, mac: Text, ip: Maybe(Text), ip6: Maybe(Text) })

export const Explain = Exactly({
  from: Text,
  to: Text,
  port: Maybe(Port),
  protocol: Maybe(Text),
  family: Maybe(T.Union([T.Literal(4), T.Literal(6)])),
})

export { Exactly, Maybe, Text }
