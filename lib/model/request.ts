import type { Options, Protocol, Scope } from './network.ts'
import type { EngineTls } from './swarm.ts'

/** `docker network create`. Absent means Docker's default. */
export interface CreateNetwork {
  readonly name: string
  /** Default: bridge. */
  readonly driver?: string
  readonly scope?: Scope
  /** No way out, no way in. */
  readonly internal?: boolean
  readonly attachable?: boolean
  /** The network of the routing mesh; only a swarm has one. */
  readonly ingress?: boolean
  /** Keep what is said here for networks that name it in `configFrom`; make nothing. */
  readonly configOnly?: boolean
  /** Families, labels, options and addresses are those of this network, which is config-only. */
  readonly configFrom?: string
  /** Default: true. */
  readonly enableIPv4?: boolean
  /** Default: false. */
  readonly enableIPv6?: boolean
  readonly labels?: Options
  readonly options?: Options
  readonly ipam?: {
    readonly driver?: string
    readonly options?: Options
    readonly config?: readonly IpamConfig[]
  }
}

export interface IpamConfig {
  readonly subnet?: string
  readonly ipRange?: string
  readonly gateway?: string
  /** By a name of your choice: never given to a sandbox. */
  readonly auxAddresses?: Options
  /** By the name of a sandbox: given to it, and to no other. */
  readonly reservations?: Options
}

/** How one sandbox is attached to one network. */
export interface Attachment {
  /** Name, id or unique prefix of the id. */
  readonly network: string
  readonly ip?: string
  readonly ip6?: string
  readonly mac?: string
  readonly aliases?: readonly string[]
  /** 'SANDBOX:ALIAS', or 'SANDBOX': what this sandbox calls another. */
  readonly links?: readonly string[]
  /** Of 169.254.0.0/16 or fe80::/64. */
  readonly linkLocal?: readonly string[]
  readonly options?: Options
  readonly gwPriority?: number
}

/** A port to publish; what the record keeps is a PortBinding, with the host port that it got. */
export interface PublishPort {
  readonly protocol: Protocol
  /** '' for every address of the host, or what the network says. */
  readonly hostIP: string
  /** 0: any that is free. */
  readonly hostPort: number
  /** The first that is free from hostPort to this one. */
  readonly hostPortEnd?: number
  readonly port: number
}

export interface CreateSandbox {
  /** Default: the short id. */
  readonly name?: string
  /** An existing namespace: '/run/netns/x', '/proc/PID/ns/net'. Default: a new one. */
  readonly path?: string
  /** Default: the network `bridge`, as in `docker run`. [] attaches to nothing. */
  readonly networks?: readonly Attachment[]
  readonly ports?: readonly PublishPort[]
  readonly labels?: Options
  /** Take it down when this process is gone, even by kill -9. */
  readonly owner?: number
}

/** How a host takes its place in a swarm. */
interface Arrival {
  /** Its address for other nodes, or the link that has it. Default: the only one that this host has. */
  readonly advertise?: string
  /** The same for its tunnels. Default: as `advertise`. */
  readonly dataPath?: string
  /** Paths of PEM files; all of them, or none where the engine has no TLS. */
  readonly tls?: Partial<EngineTls>
}

/** `docker swarm init`. */
export interface InitSwarm extends Arrival {
  /** 'etcd://10.99.0.2:2379,10.99.0.3:2379/cnm'. Default: the store of this host, for a swarm of one node. */
  readonly engine?: string
  /** UDP. Default: 4789. */
  readonly dataPathPort?: number
  /** Default: 10.0.0.0/8. */
  readonly pools?: readonly string[]
  /** Prefix length of automatic subnets. Default: 24. */
  readonly poolSize?: number
  /** Seconds between two signs of life of a node. Default: 5. */
  readonly heartbeat?: number
  /** Seconds until what encrypted networks are encrypted with is changed. Default: 12 hours. */
  readonly keyRotation?: number
}

/** `docker swarm join`. */
export interface JoinSwarm extends Arrival {
  readonly token: string
  readonly engine: string
}

/** A place in the swarm that an engine has; what else is said counts where it has none yet. */
export interface EnterSwarm extends InitSwarm {
  readonly engine: string
}

/** An endpoint of a network on a host that is not of this cluster. */
export interface AddPeer {
  /** The address of its host on the underlay. */
  readonly vtep: string
  readonly mac: string
  readonly ip?: string
  readonly ip6?: string
}
