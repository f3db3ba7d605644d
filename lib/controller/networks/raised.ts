import type { FoundLink, Underlay } from '../../drivers/driver.ts'
import type { Network } from '../../model/network.ts'
import type { Store } from '../../store/store.ts'

/** Settings that we changed, forwarding for one: path of the sysctl → the value it had. */
export type Lent = Readonly<Record<string, string>>

/** What the run directory knows of a network that has its links: it ends with them at the next boot. */
export interface Raised {
  /** The link that is walled off; absent when there is no wall. */
  readonly link?: string
  /** Of the subnets that the wall knows, see lengthsOf(). */
  readonly lengths?: readonly string[]
  /** The link that the network stands on, where that is another one. */
  readonly base?: string
  /** What the driver took over, or builds on, as it was. */
  readonly found?: FoundLink
  /** Settings of that link that we changed, and what they were. */
  readonly settings?: Lent
  /** The network between the hosts, as it was. */
  readonly underlay?: Underlay
  /** It has a namespace for itself. */
  readonly home?: boolean
}

/** Records, as far as they say what is raised. */
export interface Kept {
  readonly store: Pick<Store, 'networks' | 'marks'>
}

const RAISED = 'raised/'
export const raisedKey = ({ id }: Network): string => `${RAISED}${id}`
export const raisedOf = ({ marks }: Kept['store'], network: Network) => marks.get(raisedKey(network)) as Raised | undefined

/** Networks that have their links, by the marks of the run directory; their definitions may be gone. */
export const raisedIds = ({ store }: Kept): readonly string[] => store.marks.list(RAISED).map(({ key }) => key.slice(RAISED.length))

/** Networks that have their links, as far as we know. */
export const raisedNetworks = (kept: Kept): readonly Network[] => kept.store.networks.list().filter((network) => isRaised(kept, network))

export const isRaised = ({ store }: Kept, network: Network): boolean => raisedOf(store, network) !== undefined

/** The link at which a network is walled off; undefined while it is not. */
export const walledLink = ({ store }: Kept, network: Network): string | undefined => raisedOf(store, network)?.link

/** All of these, whoever made them. */
export const walledLinks = ({ store }: Kept): ReadonlySet<string> =>
  new Set(store.marks.list(RAISED).flatMap(({ value }) => (value as Raised).link ?? []))

/** What networks that are raised have on links of their own: 'IP/PREFIX'. */
export function ownAddresses(kept: Kept): ReadonlySet<string> {
  const addresses = new Set<string>()
  for (const network of kept.store.networks.list()) {
    const raised = raisedOf(kept.store, network)
    if (raised?.link === undefined || raised.found) continue
    for (const { gateway } of network.pools) if (gateway) addresses.add(gateway)
  }
  return addresses
}

/** Subnets of networks; of some, those that are. */
export function ownSubnets({ store }: Kept, among?: ReadonlySet<string>): ReadonlySet<string> {
  const own = new Set<string>()
  if (among?.size === 0) return own
  for (const { configOnly, pools } of store.networks.list())
    if (!configOnly) for (const { subnet } of pools) if (!among || among.has(subnet)) own.add(subnet)
  return own
}
