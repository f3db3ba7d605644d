import type { Family } from '../model/address.ts'
import type { Id } from '../model/ids.ts'
import type { Options, Pool, PortBinding } from '../model/network.ts'
import type { Plan } from '../model/op.ts'
import type { GatewayMode, Wall } from '../model/wall.ts'

/** What GetCapabilities of Docker's plugin protocol answers. */
export interface Capabilities {
  /** Whose ids: 'local' one per host, 'global' one across the cluster. */
  readonly scope: 'local' | 'global'
  readonly connectivityScope: 'local' | 'global'
  /** Only one network of this driver; it is predefined and has no addresses (host, null). */
  readonly singleton?: boolean
  /** The most endpoints that the kernel lets a network have. */
  readonly maxEndpoints?: number
}

/** A network, as its driver sees it. */
export interface NetworkConfig {
  readonly id: Id
  readonly name: string
  readonly internal: boolean
  readonly enableIPv4: boolean
  readonly enableIPv6: boolean
  readonly options: Options
  readonly pools: readonly Pool[]
  /** The link that adoptedLink() names, where somebody else had made it; as it was before the network was. */
  readonly found?: FoundLink
  /** Of a driver whose scope is global; absent as long as this host is on no underlay. */
  readonly underlay?: Underlay
}

/** The network between the hosts, as this host is on it. */
export interface Underlay {
  /** '10.99.0.2': where other hosts send what is for endpoints here. */
  readonly address: string
  /** The link that has the address. */
  readonly link: string
  readonly mtu: number
  /** UDP; the same on all hosts. */
  readonly port: number
}

/** The link by which a network reaches its endpoints on other hosts. What it knows of them, the controller keeps. */
export interface Tunnel {
  /** In the namespace number NETWORK, as the next. */
  readonly link: string
  /** The bridge that has the tunnel and the endpoints of this host. */
  readonly bridge: string
  readonly vni: number
  /** What it carries is encrypted between the hosts, or does not leave. */
  readonly encrypted: boolean
}

/** The largest packet that an endpoint can send, and why. */
export interface Mtu {
  readonly bytes: number
  /** '1500 of eth0 - 20 IPv4 - 8 UDP - 8 VXLAN - 14 Ethernet' */
  readonly derivation: string
}

/** A link of the host that is not ours. */
export interface FoundLink {
  /** 'bridge'; '' for a physical link. */
  readonly kind: string
  readonly mtu: number
  readonly up: boolean
  /** '172.18.0.1/16' */
  readonly addresses: readonly string[]
}

/** An endpoint, as its driver sees it. Addresses are 'IP/PREFIX'; absent when the family is off. */
export interface EndpointConfig {
  readonly id: Id
  readonly address?: string
  readonly address6?: string
  /** Set before createEndpoint only when the user asked for it. */
  readonly mac?: string
  /** What its sandbox publishes, through this endpoint or another. */
  readonly ports: readonly PortBinding[]
  readonly options: Options
}

/** How the endpoints of a network are reached at the ports that their sandboxes publish. */
export interface Publishing {
  readonly modes: Readonly<Record<Family, GatewayMode>>
  /** The address of the host where the user names none; absent: such a port is not published in this family. */
  readonly hostIP: { readonly [F in Family]?: string }
  /** Somebody may reach them at the sandbox's own address in mode nat. */
  readonly trusted: boolean
}

/**
 * Steps in the host's namespace, and what they mean for the firewall. A driver whose networks have namespaces of their own makes
 * and ends them in these steps: number NETWORK.
 */
export interface NetworkSteps {
  readonly plan: Plan
  /** Absent when traffic of this network does not pass through the host's forwarding. */
  readonly wall?: Wall
}

export interface EndpointSteps {
  readonly plan: Plan
  /** The MAC that the driver chose; absent where it chose none. */
  readonly mac?: string
}

export interface Route {
  /** '10.1.0.0/16' */
  readonly to: string
  /** Absent: reached directly on the link. */
  readonly via?: string
}

/**
 * What belongs into the sandbox. A driver never enters one: it names a link of the host, and the controller, or dockerd,
 * moves it and calls it `prefix` + the lowest free number.
 */
export interface JoinSteps {
  readonly plan: Plan
  /** Absent: nothing is moved. */
  readonly link?: { readonly name: string; readonly prefix: string }
  /** 'IP'; '' when there is no way out through this network. */
  readonly gateway: string
  readonly gateway6: string
  readonly routes: readonly Route[]
  /** Whom the sandbox need not ask for: never more than the kernel's neighbour table holds. */
  readonly neighbours?: readonly Neighbour[]
}

export interface Neighbour {
  /** 'IP' */
  readonly address: string
  readonly mac: string
}

type Answer<T> = T | Promise<T>

/**
 * A network driver decides and does not touch: it gets facts, and answers with plans that print, apply and undo. Throw
 * CnmError for options it refuses. Verbs come in the order of Docker's plugin protocol; each may be asked again with the
 * same arguments and then answers the same (a plan is made anew after a reboot, or to show it).
 */
export interface NetworkDriver {
  readonly name: string
  readonly capabilities: Capabilities
  /** Families for which no gateway address is wanted from IPAM (GwAllocCheck). */
  skipGateway?(network: Omit<NetworkConfig, 'id' | 'pools'>): Answer<{ readonly v4: boolean; readonly v6: boolean }>
  /** A link of the host that the network takes over where it is there already. */
  adoptedLink?(network: NetworkConfig): string | undefined
  /** Absent: in mode nat, at every address of the host. */
  publishing?(network: NetworkConfig): Publishing
  /** Absent: the network ends with this host. */
  tunnel?(network: NetworkConfig): Tunnel
  /** Absent: that of the links. */
  mtu?(network: NetworkConfig): Mtu
  /**
   * `others` are the driver's other networks on this host: refuse what collides with them. Where the scope is global it is asked
   * without an underlay first, when the network is defined; its links are made when the first endpoint comes.
   */
  createNetwork(network: NetworkConfig, others: readonly NetworkConfig[]): Answer<NetworkSteps>
  deleteNetwork(network: NetworkConfig): Answer<NetworkSteps>
  createEndpoint(network: NetworkConfig, endpoint: EndpointConfig): Answer<EndpointSteps>
  deleteEndpoint(network: NetworkConfig, endpoint: EndpointConfig): Answer<EndpointSteps>
  join(network: NetworkConfig, endpoint: EndpointConfig): Answer<JoinSteps>
  leave(network: NetworkConfig, endpoint: EndpointConfig): Answer<{ readonly plan: Plan }>
}
