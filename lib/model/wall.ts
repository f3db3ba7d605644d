import type { Protocol } from './network.ts'

/** What a driver wants walled off: facts about one network's link, which the firewall turns into rules. */
export interface Wall {
  /** Unique; chains are named after it. */
  readonly id: string
  /** The link that all traffic of the network crosses on the host. */
  readonly link: string
  /** Subnets whose traffic to elsewhere takes the host's address: '172.18.0.0/16'. */
  readonly masquerade: readonly string[]
  /** Nothing crosses between the link and elsewhere. */
  readonly internal: boolean
}

/** One way in: what arrives at hostIP:hostPort goes to address:port. One family each. */
export interface Opening {
  readonly protocol: Protocol
  /** '0.0.0.0' or '::' for every address of the host. */
  readonly hostIP: string
  readonly hostPort: number
  /** '172.18.0.2' */
  readonly address: string
  readonly port: number
}
