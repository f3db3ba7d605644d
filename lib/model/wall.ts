import type { Family } from './address.ts'
import type { Protocol } from './network.ts'

/**
 * How the world reaches a network in one family, in Docker's words. nat: at ports of the host that its sandboxes publish.
 * nat-unprotected: so, and all of its addresses too. routed: at its own addresses, and there at published ports only.
 * isolated: not at all, nor does the host, which has no address in it.
 */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated'

/** What a driver wants walled off: facts about one network's link, which the firewall turns into rules. */
export interface Wall {
  /** The link that all traffic of the network crosses on the host. */
  readonly link: string
  /** Nothing crosses between the link and elsewhere. */
  readonly internal: boolean
  /** Sandboxes of the network reach one another by more than published ports. */
  readonly icc: boolean
  readonly modes: Readonly<Record<Family, GatewayMode>>
  /** Those of its sandboxes. */
  readonly subnets: readonly string[]
  /** Families whose traffic from those to elsewhere takes an address of the host: `source`, or that of the link it leaves by. */
  readonly masquerade: { readonly [F in Family]?: Masquerade }
  /** Links of the host from which published ports are reached at the sandbox's own address, in mode nat too. */
  readonly trusted: readonly string[]
}

export interface Masquerade {
  /** '192.0.2.1' */
  readonly source?: string
}

/** One way in: what arrives at hostIP:hostPort goes to address:port. One family each. */
export interface Opening {
  readonly protocol: Protocol
  /** '0.0.0.0' or '::' for every address of the host; '' where no address of the host leads in. */
  readonly hostIP: string
  /** 0 where no port of the host leads in. */
  readonly hostPort: number
  /** '172.18.0.2' */
  readonly address: string
  readonly port: number
  /** What is sent to address:port itself gets in too, from where the network lets it. */
  readonly direct: boolean
}
