import type { Family } from '../model/address.ts'
import type { Id } from '../model/ids.ts'
import type { Answered, Options, Pool, PortBinding, Route } from '../model/network.ts'
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
  /** The first of the links that adoptedLinks() names that is there and not ours; as it was before the network was. */
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
  /** What it carries is encrypted by ESP between the hosts, or does not leave. */
  readonly encrypted: boolean
  /** The same, by WireGuard. */
  readonly wireguard?: WireguardWay
}

/** The link by which a tunnel's packets go to other hosts, beside it. */
export interface WireguardWay {
  readonly link: string
  /** UDP, the same on all hosts. */
  readonly port: number
  /** The address of this host on it, and on the underlay. */
  readonly own: string
}

/** The largest packet that an endpoint can send, and why. */
export interface Mtu {
  readonly bytes: number
  /** '1500 of eth0 - 20 IPv4 - 8 UDP - 8 VXLAN - 14 Ethernet' */
  readonly derivation: string
}

/** A network beside the one in question. */
export interface OtherNetwork extends NetworkConfig {
  /** Its driver; absent where that is the same. */
  readonly kin?: string
  /** It has links only while somebody is on it, and nobody is: other networks come before it. */
  readonly idle?: true
}

/** A link of the host that is not ours. */
export interface FoundLink {
  readonly name: string
  /** 'bridge'; '' for a physical link. */
  readonly kind: string
  readonly mtu: number
  /** '02:42:ac:11:00:02' */
  readonly mac: string
  readonly up: boolean
  /** The bridge or bond that takes all that it hears. */
  readonly master?: string
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
  /** Of a plugin: what it answered, once and for all. */
  readonly answered?: Answered
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
  /** The link of the host without which the network is none; absent: that of the wall, if there is one. */
  readonly base?: string
}

export interface EndpointSteps {
  readonly plan: Plan
  /** The MAC that the driver chose; absent where it chose none. */
  readonly mac?: string
}

/**
 * What belongs into the sandbox. A driver never enters one: it names a link of the host, and the controller, or dockerd,
 * moves it and calls it `prefix` + the lowest free number.
 */
export interface JoinSteps {
  readonly plan: Plan
  /** Absent: nothing is moved. */
  readonly link?: { readonly name: string; readonly prefix: string }
  /** 'IP'; '0.0.0.0' or '::' when the link itself is the way out, and '' when there is none through this network. */
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
 * same arguments and then answers the same (a plan is made anew after a reboot, or to show it). Nobody interrupts it, and all verbs
 * wait meanwhile, 30 s at most (DRIVER_SILENT): one that asks others has to give up in time. Anything but CnmError is told as DRIVER_BROKEN.
 */
export interface NetworkDriver {
  readonly name: string
  readonly capabilities: Capabilities
  /** Drivers whose networks can get in the way of its own. */
  readonly kin?: readonly string[]
  /** Families for which no gateway address is wanted from IPAM (GwAllocCheck). */
  skipGateway?(network: Omit<NetworkConfig, 'id' | 'pools'>): Answer<{ readonly v4: boolean; readonly v6: boolean }>
  /** The host wants an address in each subnet, by which the network's sandboxes reach it: as an auxiliary one called `host`. */
  hostAddress?(network: Omit<NetworkConfig, 'id' | 'pools'>): Answer<boolean>
  /** Its endpoints have the MAC address of the link that they are on, and can be given no other. */
  sharesMac?(network: Omit<NetworkConfig, 'id' | 'pools'>): Answer<boolean>
  /** Links of the host that the network takes over, or builds on, where they are there already; the first counts most. */
  adoptedLinks?(network: NetworkConfig): readonly string[]
  /** The most endpoints that a network can have, where its options say so. */
  maxEndpoints?(network: NetworkConfig): number | undefined
  /** Absent: in mode nat, at every address of the host. In mode isolated nothing is published. */
  publishing?(network: NetworkConfig): Publishing
  /** Absent: the network ends with this host. */
  tunnel?(network: NetworkConfig): Tunnel
  /** Absent: that of the links. */
  mtu?(network: NetworkConfig): Mtu
  /**
   * `others` are the other networks on this host, of the driver and its kin: refuse what collides with them. VLAN links are
   * shared: a step that makes one is left out where one of ours is there, and the last network takes it away. Where the scope is
   * global it is asked without an underlay first, when the network is defined; its links are made when the first endpoint comes.
   */
  createNetwork(network: NetworkConfig, others: readonly OtherNetwork[]): Answer<NetworkSteps>
  deleteNetwork(network: NetworkConfig): Answer<NetworkSteps>
  createEndpoint(network: NetworkConfig, endpoint: EndpointConfig): Answer<EndpointSteps>
  deleteEndpoint(network: NetworkConfig, endpoint: EndpointConfig): Answer<EndpointSteps>
  join(network: NetworkConfig, endpoint: EndpointConfig): Answer<JoinSteps>
  leave(network: NetworkConfig, endpoint: EndpointConfig): Answer<{ readonly plan: Plan }>
}
