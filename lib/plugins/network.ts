import { parseCidr } from '../model/address.ts'
import type { Call, Json, Said } from '../model/call.ts'
import { parseMac } from '../model/ids.ts'
import type { Options, Pool, PortBinding } from '../model/network.ts'

// What a plugin with the interface NetworkDriver is asked; network-answers.ts has what is made of it.

/** A network as a plugin is told of it. */
export interface ToldNetwork {
  readonly id: string
  readonly options: Options
  readonly internal: boolean
  readonly enableIPv4: boolean
  readonly enableIPv6: boolean
  readonly pools: readonly Pool[]
}

/** An endpoint as a plugin is told of it. Addresses are 'IP/PREFIX'. */
export interface ToldEndpoint {
  readonly id: string
  readonly address?: string
  readonly address6?: string
  readonly mac?: string
  /** The user asked for this MAC. */
  readonly ownMac?: boolean
  readonly ports: readonly PortBinding[]
  readonly options: Options
}

/** Which endpoint of which network. */
export interface Where {
  readonly plugin: string
  readonly network: string
  readonly endpoint: string
}

const about = (body: Said, method: string, plugin: string): Call => ({ plugin, method: `NetworkDriver.${method}`, body })
const of = ({ network, endpoint }: Where): Said => ({ NetworkID: network, EndpointID: endpoint })

export const gwAllocCheck = (plugin: string, network: Omit<ToldNetwork, 'id' | 'pools'>): Call =>
  about({ Options: optionsOf(network) }, 'GwAllocCheck', plugin)

/** `space` is the address space that its pools are of. */
export const createNetwork = (plugin: string, network: ToldNetwork, space: string): Call =>
  about(
    {
      NetworkID: network.id,
      Options: optionsOf(network),
      IPv4Data: network.pools.filter(({ family }) => family === 4).map((pool) => poolOf(pool, space)),
      IPv6Data: network.pools.filter(({ family }) => family === 6).map((pool) => poolOf(pool, space)),
    },
    'CreateNetwork',
    plugin,
  )

export const deleteNetwork = (plugin: string, id: string): Call => about({ NetworkID: id }, 'DeleteNetwork', plugin)

export function createEndpoint(where: Where, endpoint: ToldEndpoint): Call {
  const { address = '', address6 = '', mac = '' } = endpoint
  const own = endpoint.ownMac ? { 'com.docker.network.endpoint.macaddress': Buffer.from(parseMac(mac) ?? []).toString('base64') } : {}
  const body = {
    ...of(where),
    Interface: { Address: address, AddressIPv6: address6, MacAddress: mac },
    Options: { ...portsOf(endpoint.ports), ...endpoint.options, ...own },
  }
  return about(body, 'CreateEndpoint', where.plugin)
}

export const deleteEndpoint = (where: Where): Call => about(of(where), 'DeleteEndpoint', where.plugin)

/** `path` is that of the sandbox's namespace. */
export const join = (where: Where, path: string, ports: readonly PortBinding[]): Call =>
  about({ ...of(where), SandboxKey: path, Options: portsOf(ports) }, 'Join', where.plugin)

export const leave = (where: Where): Call => about(of(where), 'Leave', where.plugin)

/** The endpoint is the way out of its sandbox from now on. */
export const program = (where: Where, ports: readonly PortBinding[]): Call =>
  about({ ...of(where), Options: portsOf(ports) }, 'ProgramExternalConnectivity', where.plugin)

export const revoke = (where: Where): Call => about(of(where), 'RevokeExternalConnectivity', where.plugin)

/** A host of a cluster: this one, or another. */
export interface Node {
  /** 'IP' */
  readonly address: string
  /** Where it listens; default: `address`. */
  readonly bindAddress?: string
  readonly self: boolean
}

const NODE_DISCOVERY = 1

/** A node has come, or has gone. */
export const discover = (plugin: string, { address, bindAddress = address, self }: Node, what: 'DiscoverNew' | 'DiscoverDelete'): Call =>
  about({ DiscoveryType: NODE_DISCOVERY, DiscoveryData: { Address: address, BindAddress: bindAddress, Self: self } }, what, plugin)

const optionsOf = ({ options, internal, enableIPv4, enableIPv6 }: Omit<ToldNetwork, 'id' | 'pools'>): Said => ({
  'com.docker.network.enable_ipv4': enableIPv4,
  'com.docker.network.enable_ipv6': enableIPv6,
  'com.docker.network.generic': options,
  ...(internal ? { 'com.docker.network.internal': true } : {}),
})

function poolOf({ subnet, gateway, aux }: Pool, space: string): Json {
  const own = Object.entries(aux).map(([name, ip]) => [name, `${ip}/${parseCidr(subnet)?.prefix}`])
  return {
    AddressSpace: space,
    Pool: subnet,
    ...(gateway ? { Gateway: gateway } : {}),
    ...(own.length > 0 ? { AuxAddresses: Object.fromEntries(own) } : {}),
  }
}

/** As IANA has them. */
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const

const portsOf = (ports: readonly PortBinding[]): Said => ({
  'com.docker.network.endpoint.exposedports': ports.map(({ protocol, port }) => ({ Proto: PROTOCOLS[protocol], Port: port })),
  'com.docker.network.portmap': ports.map(({ protocol, hostIP, hostPort, port }) => ({
    Proto: PROTOCOLS[protocol],
    IP: '',
    Port: port,
    HostIP: hostIP,
    HostPort: hostPort,
    HostPortEnd: hostPort,
  })),
})
