import { type Static, Type as T, type TSchema } from '@sinclair/typebox'

// What clients of a Docker Engine send, field by field. What they leave out, or say is null, is what an option is by itself.

const Maybe = <S extends TSchema>(schema: S) => T.Optional(schema)
const Texts = T.Record(T.String(), T.String())

const IpamConfig = T.Object({
  Subnet: Maybe(T.String()),
  IPRange: Maybe(T.String()),
  Gateway: Maybe(T.String()),
  AuxiliaryAddresses: Maybe(Texts),
})

/** POST /networks/create */
export const CreateNetwork = T.Object({
  Name: Maybe(T.String()),
  Driver: Maybe(T.String()),
  Scope: Maybe(T.String()),
  EnableIPv4: Maybe(T.Boolean()),
  EnableIPv6: Maybe(T.Boolean()),
  IPAM: Maybe(T.Object({ Driver: Maybe(T.String()), Options: Maybe(Texts), Config: Maybe(T.Array(IpamConfig)) })),
  Internal: Maybe(T.Boolean()),
  Attachable: Maybe(T.Boolean()),
  Ingress: Maybe(T.Boolean()),
  ConfigOnly: Maybe(T.Boolean()),
  ConfigFrom: Maybe(T.Object({ Network: Maybe(T.String()) })),
  Options: Maybe(Texts),
  Labels: Maybe(Texts),
})
export type CreateNetwork = Static<typeof CreateNetwork>

const EndpointConfig = T.Object({
  IPAMConfig: Maybe(T.Object({ IPv4Address: Maybe(T.String()), IPv6Address: Maybe(T.String()), LinkLocalIPs: Maybe(T.Array(T.String())) })),
  Links: Maybe(T.Array(T.String())),
  Aliases: Maybe(T.Array(T.String())),
  DriverOpts: Maybe(Texts),
  GwPriority: Maybe(T.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })),
  MacAddress: Maybe(T.String()),
})
export type EndpointConfig = Static<typeof EndpointConfig>

/** POST /networks/ID/connect */
export const Connect = T.Object({ Container: Maybe(T.String()), EndpointConfig: Maybe(EndpointConfig) })

/** POST /networks/ID/disconnect */
export const Disconnect = T.Object({ Container: Maybe(T.String()), Force: Maybe(T.Boolean()) })
