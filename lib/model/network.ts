import type { Family } from './address.ts'
import type { Id } from './ids.ts'
import type { Peer } from './peer.ts'

export type Scope = 'local' | 'swarm'
export type Options = Readonly<Record<string, string>>

/** One subnet of a network. Addresses are text: records are stored, shown and compared; arithmetic is ipam's business. */
export interface Pool {
  readonly family: Family
  /** What the IPAM driver calls it. */
  readonly id: string
  /** '172.18.0.0/16' */
  readonly subnet: string
  /** '172.18.5.0/24': dynamic addresses come from here. */
  readonly range?: string
  /** '172.18.0.1/16'; absent when the network has no gateway in this family. */
  readonly gateway?: string
  /** Reserved by name: { router: '172.18.0.9' }. */
  readonly aux: Options
  /** Kept for the sandbox of that name, whether it is there or not: { db: '172.18.0.5' }. */
  readonly reservations?: Options
}

export interface Network {
  readonly id: Id
  readonly name: string
  readonly driver: string
  readonly scope: Scope
  /** RFC 3339. */
  readonly created: string
  readonly internal: boolean
  readonly attachable: boolean
  readonly enableIPv4: boolean
  readonly enableIPv6: boolean
  readonly labels: Options
  readonly options: Options
  /** `plugin`: the driver is a plugin of somebody else. */
  readonly ipam: { readonly driver: string; readonly options: Options; readonly plugin?: boolean }
  readonly pools: readonly Pool[]
  /** Of the swarm's routing mesh: there is one. */
  readonly ingress?: boolean
  /** A template for other networks: its pools are not claimed, and nobody can be on it. */
  readonly configOnly?: boolean
  /** The name of the network it is made after. */
  readonly configFrom?: string
  /** A container engine's, which drives us as its plugin: only the engine changes it, and gives its endpoints addresses. */
  readonly engine?: boolean
  /** What a container engine of this host that is in no swarm of its own calls it, of a network that is ours. */
  readonly engineId?: Id
  /** Its driver is a plugin of somebody else, which acts by itself. */
  readonly plugin?: boolean
  /** Endpoints on hosts that are not of this cluster, told by a person. */
  readonly peers?: readonly Peer[]
}

/** The same network on every node of the swarm. */
export const isShared = ({ scope }: Pick<Network, 'scope'>): boolean => scope === 'swarm'

/** There on every host: never created by a user, never removed. */
export const isPredefined = (name: string): boolean => ['bridge', 'host', 'none'].includes(name)

export type Protocol = 'tcp' | 'udp' | 'sctp'

/** A published port: reached at hostIP:hostPort, answered at port inside the sandbox. */
export interface PortBinding {
  readonly protocol: Protocol
  /** '0.0.0.0' and '::' mean every address of the host in that family; '' means both. */
  readonly hostIP: string
  readonly hostPort: number
  readonly port: number
}

/**
 * `own`: we made the namespace. `joined`: somebody else's, by path. `host`: the namespace in which we play host. `engine`: one
 * endpoint's, of a container engine that moves and furnishes the link itself.
 */
export type SandboxKind = 'own' | 'joined' | 'host' | 'engine'

export interface Sandbox {
  readonly id: Id
  readonly name: string
  readonly kind: SandboxKind
  /** Of the namespace; '' for the host's. */
  readonly path: string
  readonly created: string
  readonly labels: Options
  readonly ports: readonly PortBinding[]
  /** A sandbox of `cnm run` ends with this process; `started` is field 22 of /proc/PID/stat. */
  readonly owner?: { readonly pid: number; readonly started: string }
}

export interface Route {
  /** '10.1.0.0/16' */
  readonly to: string
  /** Absent: reached directly on the link. */
  readonly via?: string
}

/** What a plugin answered to Join: it acts, and is not asked twice. */
export interface Answered {
  /** A link of the host that belongs into the sandbox. Absent: nothing is moved. */
  readonly link?: { readonly name: string; readonly prefix: string }
  /** 'IP'; '' when there is no way out through this network. */
  readonly gateway: string
  readonly gateway6: string
  readonly routes: readonly Route[]
  /** A sandbox without a way out may be given one (Docker's docker_gwbridge). */
  readonly gatewayService: boolean
}

export interface Endpoint {
  readonly id: Id
  readonly networkId: Id
  readonly sandboxId: Id
  readonly aliases: readonly string[]
  /** Names that others have for this sandbox only: 'SANDBOX:ALIAS', or 'SANDBOX'. Recorded for whoever answers names. */
  readonly links?: readonly string[]
  /** Addresses of the link besides those of the network: '169.254.7.7', 'fe80::7'. */
  readonly linkLocal?: readonly string[]
  readonly options: Options
  /** Larger wins the default route; see controller/endpoints/gateway.ts. */
  readonly gwPriority: number
  readonly mac: string
  /** '172.18.0.2/16' */
  readonly address?: string
  readonly address6?: string
  /** The user asked for these, so they survive a disconnect and connect. */
  readonly requested: { readonly address?: string; readonly address6?: string; readonly mac?: string }
  /** The link's name in the sandbox; '' where the driver moves none (host, null). */
  readonly ifname: string
  /** What the driver offers as a way out; '' when none. */
  readonly gateway: string
  readonly gateway6: string
  /** Of a plugin's network. */
  readonly answered?: Answered
  /** Nobody asked for it: it is the way out of a sandbox that has no other. */
  readonly wayOut?: boolean
}

/** A way out that is no neighbour: `ip route add default dev eth0`. */
export const isTheLink = (gateway: string): boolean => gateway === '0.0.0.0' || gateway === '::'
