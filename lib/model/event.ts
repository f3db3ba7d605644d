import type { Id } from './ids.ts'
import type { Options, Scope } from './network.ts'

/** The last two are not Docker's: what was ours was taken away, and is back. */
export type Action = 'create' | 'connect' | 'disconnect' | 'destroy' | 'prune' | 'damage' | 'heal'

/** What has happened to a network; what `docker events` tells of the type `network`. */
export interface NetworkEvent {
  readonly action: Action
  /** Of the network; '' for a prune, and for the firewall. */
  readonly id: Id
  /** Of the network; 'local' where there is none. */
  readonly scope: Scope
  /** name and type (the driver) of the network; container of who was connected or disconnected. */
  readonly attributes: Options
  /** Microseconds since 1970. */
  readonly time: number
}

/** As the Docker Engine sends it; JSON has room for all digits of `timeNano`, a number of JavaScript has not. */
export const eventToEngine = ({ action, id, scope, attributes, time }: NetworkEvent) => ({
  Type: 'network',
  Action: action,
  Actor: { ID: id, Attributes: attributes },
  scope,
  time: Math.floor(time / 1e6),
  timeNano: BigInt(time) * 1000n,
})
