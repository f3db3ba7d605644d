import { type Family, formatCidr } from '../../model/address.ts'
import { isOurs } from '../../model/ids.ts'
import { dumpColumns } from '../../netlink/kernel.ts'
import type { Netns } from '../../netlink/namespace.ts'
import { type Follower, follow, type Tidings } from '../../netlink/news.ts'
import { type AddressRow, addressTexts, type LinkRow, type RouteRow, routesTo } from '../../netlink/tables.ts'
import { linkAt, linksAt } from './links.ts'
import { type Kept, ownAddresses, ownSubnets } from './raised.ts'

/** What the host has besides links that we made. */
export interface Surroundings {
  /** Unicast routes, and those that lead nowhere, but the default ones; also such that are a network's, on somebody's link. */
  readonly routes: readonly RouteRow[]
  /** Links that have an address, by its family. */
  readonly addressed: Readonly<Record<Family, readonly LinkRow[]>>
  /** By ifindex. */
  readonly names: ReadonlyMap<number, string>
}

/** With what tells whether it is still so. */
interface Seen extends Surroundings {
  readonly subnets: ReadonlySet<string>
  /** Links that are ours, as far as anybody asked. */
  readonly ours: Set<number>
}

export const RTPROT_KERNEL = 2

/** Of other types are the host's own addresses, several routes for each network, and what leads to no one place. */
const ROUTE_TYPES = ['unicast', 'unreachable', 'blackhole', 'prohibit', 'throw'] as const

const TABLES = ['link', 'address', 'route'] as const
/** More than some hundreds of changes of links take as long as to read the tables again. */
const BUFFER = 256 << 10

/**
 * Looks around on the host. There may be thousands of networks, each with routes and addresses, so what others have is remembered
 * until the kernel tells of a change that is not of our own doing: it does so before whoever made the change goes on.
 */
export class Lookout {
  readonly #host: Netns
  readonly #kept: Kept
  #seen: Seen | undefined
  #follower: Promise<Follower | undefined> | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(host: Netns, kept: Kept) {
    this.#host = host
    this.#kept = kept
  }

  /** As it is now. */
  look(): Promise<Surroundings> {
    const looking = this.#last.then(() => this.#look())
    this.#last = looking.catch(() => {})
    return looking
  }

  async close(): Promise<void> {
    await this.#last
    const follower = await this.#follower
    follower?.close()
  }

  async #look(): Promise<Surroundings> {
    // Who may not change the host's network is not told either.
    this.#follower ??= follow(this.#host, TABLES, BUFFER).catch(() => undefined)
    const tidings = await (await this.#follower)?.read()
    const known = this.#seen
    if (known && tidings && (await this.#isStill(known, tidings))) return known
    this.#seen = undefined
    this.#seen = await this.#read()
    return this.#seen
  }

  async #read(): Promise<Seen> {
    const own = ownAddresses(this.#kept)
    const addresses = await dumpColumns(this.#host, 'address')
    const ours = new Set(addressTexts(addresses).flatMap((text, row) => (own.has(text) ? (addresses.link[row] ?? []) : [])))
    const subnets = ownSubnets(this.#kept)
    const tables = await Promise.all(ROUTE_TYPES.map((type) => dumpColumns(this.#host, 'route', { type })))
    const isTheirs = (text: string, link: number) => isInUse(text) && !(subnets.has(text) && ours.has(link))
    const routes = tables.flatMap((columns, index) => routesTo(columns, ROUTE_TYPES[index], isTheirs))
    const addressed = [...addresses.link].filter((link) => !ours.has(link))
    const links = await linksAt(this.#host, [...addressed, ...routes.map(({ link }) => link).filter(Boolean)])
    for (const { index, group } of links) if (isOurs(group)) ours.add(index)
    const withAddress = (family: Family) => {
      const these = new Set([...addresses.link].filter((_, row) => addresses.family[row] === family))
      return links.filter(({ index }) => these.has(index) && !ours.has(index))
    }
    return {
      routes,
      subnets: new Set(routes.map(({ to }) => formatCidr(to))),
      addressed: { 4: withAddress(4), 6: withAddress(6) },
      names: new Map(links.map(({ index, name }) => [index, name])),
      ours,
    }
  }

  /** Nothing was told but what our own networks and endpoints bring about. */
  async #isStill(seen: Seen, { changes, lost, routesInDoubt }: Tidings): Promise<boolean> {
    if (lost || (routesInDoubt && seen.routes.some(({ nexthopId }) => nexthopId !== 0))) return false
    const fresh = new Set<string>()
    for (const { table, rows, removed } of changes) {
      for (const [at, row] of rows.entries()) {
        const gone = removed[at] === 1
        if (table === 'link' && !isOldLink(seen, row as LinkRow, gone)) return false
        if (table === 'address' && !(await this.#isOldAddress(seen, row as AddressRow, gone))) return false
        if (table === 'route' && !(await this.#isOldRoute(seen, row as RouteRow, gone, fresh))) return false
      }
    }
    // An address that somebody else gave to one of our links brings a route along.
    return ownSubnets(this.#kept, fresh).size === fresh.size
  }

  async #isOldAddress(seen: Seen, { link }: AddressRow, gone: boolean): Promise<boolean> {
    return gone ? !seen.names.has(link) : this.#isOurs(seen, link)
  }

  /** `fresh`: subnets to which a link of ours has a route since. */
  async #isOldRoute(seen: Seen, route: RouteRow, gone: boolean, fresh: Set<string>): Promise<boolean> {
    const subnet = formatCidr(route.to)
    if (!isKind(route.type) || !isInUse(subnet)) return true
    if (seen.subnets.has(subnet)) return false
    if (gone) fresh.delete(subnet)
    else fresh.add(subnet)
    return gone || (route.protocol === RTPROT_KERNEL && (await this.#isOurs(seen, route.link)))
  }

  /** Of a link that is gone again nothing is left. */
  async #isOurs({ ours }: Seen, index: number): Promise<boolean> {
    if (ours.has(index)) return true
    const link = await linkAt(this.#host, index)
    if (link && isOurs(link.group)) ours.add(index)
    return !link || isOurs(link.group)
  }
}

function isOldLink({ names, ours }: Seen, { index, group }: LinkRow, gone: boolean): boolean {
  if (isOurs(group) && !gone) ours.add(index)
  else ours.delete(index)
  return !names.has(index)
}

const isKind = (type: string): boolean => (ROUTE_TYPES as readonly string[]).includes(type)

/** Nobody's default route is in the way, nor are addresses that each link has for itself. */
const isInUse = (subnet: string): boolean => !subnet.endsWith('/0') && !/^fe[89ab]/.test(subnet)
