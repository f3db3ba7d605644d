import type { NetworkDriver } from '../drivers/driver.ts'
import type { DhcpIpam } from '../ipam/dhcp/driver.ts'
import type { IpamDriver } from '../ipam/driver.ts'
import type { Id } from '../model/ids.ts'
import type { Netns } from '../netlink/namespace.ts'
import type { Store } from '../store/store.ts'
import type { Announcer } from './execution/announcing.ts'
import type { Work } from './execution/commit.ts'
import type { Tell } from './execution/events.ts'
import type { Lookout } from './networks/surroundings.ts'
import type { Roster } from './overlay/roster.ts'
import type { Secrets } from './overlay/secrecy.ts'
import type { DataPath } from './overlay/underlay.ts'
import type { Registry } from './registry.ts'
import type { Envoy } from './remote/envoy.ts'
import type { Presence } from './swarm/presence.ts'

/** Where the rooms meet: what every verb of the controller works with. */
export interface Hall {
  readonly store: Store
  /** The namespace in which this controller plays host. */
  readonly host: Netns
  /** Knows what others have there. */
  readonly lookout: Lookout
  /** The kernel has IPv6. */
  readonly hasIPv6: () => Promise<boolean>
  /** The kernel has links that lead nowhere. */
  readonly hasDummy: () => Promise<boolean>
  /** The state directory. */
  readonly root: string
  /** The run directory; the namespaces that we make are in its folder `netns`. */
  readonly run: string
  readonly drivers: Registry<NetworkDriver>
  readonly ipams: Registry<IpamDriver>
  /** The one among them whose addresses are only lent. */
  readonly dhcp: DhcpIpam
  /** Tells whoever listens what has happened to a network. */
  readonly tell: Tell
  readonly announcer: Announcer
  /** What engines called those for whom they asked for an address, by that. Nobody misses it after a start. */
  readonly lentNames: Map<string, string>
  /** Pools, by the ids of their records, of which engines are being told. */
  readonly underWay: Set<string>
  /** Those that an engine has forgotten, as far as is known; see engine/lost-pools.ts. */
  readonly lostPools: Set<string>
  /** Goes to other people's plugins. */
  readonly envoy: Envoy
  /** This host's place in a swarm. */
  readonly swarm: Presence
  /** How this host takes part in networks of more than one host; undefined while it does not. */
  readonly dataPath: () => DataPath | undefined
  /** What encrypted networks are encrypted with. */
  readonly secrets: Secrets
  /** Who is on other hosts, by network. */
  readonly rosters: Map<Id, Roster>
  /** Resolves when what is deleted behind is gone. */
  readonly deleted: () => Promise<void>
  /** Nothing is going to be done. */
  readonly dry?: boolean
  /** Does what a verb has decided, or leaves everything as it was; see commit.ts. A dry run stops here. */
  readonly commit: (work: Work, signal?: AbortSignal) => Promise<void>
}
