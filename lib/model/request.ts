import type { Options, Protocol, Scope } from './network.ts'

/** `docker network create`. Absent means Docker's default. */
export interface CreateNetwork {
  readonly name: string
  /** Default: bridge. */
  readonly driver?: string
  readonly scope?: Scope
  /** No way out, no way in. */
  readonly internal?: boolean
  readonly attachable?: boolean
  /** Only swarm has one: refused. */
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

/** An endpoint of a network on a host that is not of this cluster. */
export interface AddPeer {
  /** The address of its host on the underlay. */
  readonly vtep: string
  readonly mac: string
  readonly ip?: string
  readonly ip6?: string
}
