import { type Static, Type as T } from '@sinclair/typebox'

// What dockerd sends, field by field. It is written in Go: a list or a map that is empty may be null.

const Nullable = <S extends Parameters<typeof T.Optional>[0]>(schema: S) => T.Optional(T.Union([schema, T.Null()]))

/** Of a network (64 hex; 25 characters in a swarm) or an endpoint. Names of links are made of it. */
const Id = T.String({ pattern: '^[0-9a-z]{14,64}$' })
const Texts = T.Record(T.String(), T.String())
/** Keys that Docker knows, and whatever the user said with -o. */
const Options = Nullable(T.Record(T.String(), T.Unknown()))

const IpamData = T.Object({
  AddressSpace: T.Optional(T.String()),
  Pool: T.String(),
  /** 'IP/PREFIX' */
  Gateway: T.Optional(T.String()),
  /** Name → 'IP/PREFIX'. */
  AuxAddresses: Nullable(Texts),
})
export type IpamData = Static<typeof IpamData>

const network = { NetworkID: Id }
const endpoint = { NetworkID: Id, EndpointID: Id }

export const CreateNetwork = T.Object({ ...network, Options, IPv4Data: Nullable(T.Array(IpamData)), IPv6Data: Nullable(T.Array(IpamData)) })
/** As managers of a swarm decide upon one, with the user's options; nodes are told what is answered. */
export const AllocateNetwork = T.Object({
  ...network,
  Options: Nullable(Texts),
  IPv4Data: Nullable(T.Array(IpamData)),
  IPv6Data: Nullable(T.Array(IpamData)),
})
export const DeleteNetwork = T.Object(network)
export const GwAllocCheck = T.Object({ Options })

/** '' for what the user left open. */
const Interface = T.Object({ Address: T.Optional(T.String()), AddressIPv6: T.Optional(T.String()), MacAddress: T.Optional(T.String()) })
export const CreateEndpoint = T.Object({ ...endpoint, Interface: Nullable(Interface), Options })
export const OfEndpoint = T.Object(endpoint)
export const Join = T.Object({ ...endpoint, SandboxKey: T.String(), Options })
export const ProgramExternalConnectivity = T.Object({ ...endpoint, Options })
/** Nodes of a swarm that come and go. */
export const Discover = T.Object({ DiscoveryType: T.Integer(), DiscoveryData: T.Unknown() })
/** `Address` is where its tunnels end. */
export const Node = T.Object({ Address: T.String(), Self: T.Boolean() })

export const RequestPool = T.Object({
  AddressSpace: T.String(),
  Pool: T.Optional(T.String()),
  SubPool: T.Optional(T.String()),
  Options: Nullable(Texts),
  V6: T.Optional(T.Boolean()),
})
export const ReleasePool = T.Object({ PoolID: T.String() })
export const RequestAddress = T.Object({ PoolID: T.String(), Address: T.Optional(T.String()), Options: Nullable(Texts) })
export const ReleaseAddress = T.Object({ PoolID: T.String(), Address: T.String() })

/** A port that the user publishes; Proto is IANA's number. */
export const PortMap = T.Array(
  T.Object({
    Proto: T.Integer(),
    Port: T.Integer(),
    HostIP: T.Optional(T.String()),
    HostPort: T.Optional(T.Integer()),
    HostPortEnd: T.Optional(T.Integer()),
  }),
)
export type PortMap = Static<typeof PortMap>
