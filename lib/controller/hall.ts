import type { NetworkDriver } from '../drivers/driver.ts'
import type { DhcpIpam } from '../ipam/dhcp/driver.ts'
import type { IpamDriver } from '../ipam/driver.ts'
import type { Netns } from '../netlink/namespace.ts'
import type { Store } from '../store/store.ts'
import type { Announcer } from './announcing.ts'
import type { Work } from './commit.ts'
import type { Tell } from './events.ts'
import type { Registry } from './registry.ts'

/** Where the rooms meet: what every verb of the controller works with. */
export interface Hall {
  readonly store: Store
  /** The namespace in which this controller plays host. */
  readonly host: Netns
  /** The kernel has IPv6. */
  readonly hasIPv6: () => Promise<boolean>
  /** The kernel has links that lead nowhere. */
  readonly hasDummy: () => Promise<boolean>
  /** The run directory; the namespaces that we make are in its folder `netns`. */
  readonly run: string
  readonly drivers: Registry<NetworkDriver>
  readonly ipams: Registry<IpamDriver>
  /** The one among them whose addresses are only lent. */
  readonly dhcp: DhcpIpam
  /** Tells whoever listens what has happened to a network. */
  readonly tell: Tell
  readonly announcer: Announcer
  /** Resolves when what is deleted behind is gone. */
  readonly deleted: () => Promise<void>
  /** Does what a verb has decided, or leaves everything as it was; see commit.ts. A dry run stops here. */
  readonly commit: (work: Work, signal?: AbortSignal) => Promise<void>
}
