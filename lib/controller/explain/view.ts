import { contains, type Family, formatAddress, formatCidr, isLoopback, parseAddress } from '../../model/address.ts'
import { dump } from '../../netlink/kernel.ts'
import { type Netns, readSysctl } from '../../netlink/namespace.ts'
import { type AddressRow, type LinkRow, MAIN, type RouteRow } from '../../netlink/tables.ts'

const IFF_UP = 1
const IFF_RUNNING = 0x40
const SCOPE_LINK = 253

/** An address that a host has for itself. */
export function isForItself(text: string): boolean {
  const address = parseAddress(text)
  return address !== null && isLoopback(address)
}

/** A namespace as it is now: links, addresses, and where they lead. */
export class View {
  readonly links: readonly LinkRow[]
  readonly #addresses: readonly AddressRow[]
  readonly #routes: readonly RouteRow[]

  constructor(links: readonly LinkRow[], addresses: readonly AddressRow[], routes: readonly RouteRow[]) {
    this.links = links
    this.#addresses = addresses
    this.#routes = routes
  }

  static async of(netns: Netns): Promise<View> {
    return new View(...(await Promise.all([dump(netns, 'link'), dump(netns, 'address'), dump(netns, 'route')])))
  }

  link(index: number): LinkRow | undefined {
    return this.links.find((link) => link.index === index)
  }

  /** An address of its own. */
  holds(text: string): boolean {
    const wanted = parseAddress(text)
    if (wanted && isLoopback(wanted)) return true
    return this.#addresses.some(({ address }) => address.family === wanted?.family && address.value === wanted.value)
  }

  /** The link that has an address. */
  linkOf(text: string): LinkRow | undefined {
    const wanted = parseAddress(text)
    const row = this.#addresses.find(({ address }) => address.family === wanted?.family && address.value === wanted.value)
    return row && this.link(row.link)
  }

  /** The first address of a link that means something beyond it; '' when there is none. */
  addressOf(index: number, family: Family): string {
    const row = this.#addresses.find(({ link, address, scope }) => link === index && address.family === family && scope !== SCOPE_LINK)
    return row ? formatAddress(row.address) : ''
  }

  /** The route of the main table that the kernel would take. */
  route(text: string): RouteRow | undefined {
    const address = parseAddress(text)
    return this.#routes
      .filter(({ table, to }) => table === MAIN && address !== null && contains(to, address))
      .toSorted((a, b) => b.to.prefix - a.to.prefix || a.metric - b.metric)[0]
  }

  /** The link that leads to the rest of the world. */
  uplink(family: Family): LinkRow | undefined {
    const route = this.#routes.find(({ table, to, link }) => table === MAIN && to.family === family && to.prefix === 0 && link !== 0)
    return this.link(route?.link ?? 0)
  }
}

export const isUp = ({ flags }: LinkRow): boolean => (flags & IFF_UP) !== 0

/** Up, and so is what it hears by: its other end, or its parent. */
export const isHeard = (link: LinkRow): boolean => isUp(link) && (link.flags & IFF_RUNNING) !== 0

/** With br_netfilter, what is bridged goes past the rules for what is routed too. */
export const isBridgeFiltered = async (netns: Netns, family: Family): Promise<boolean> =>
  (await readSysctl(netns, `net/bridge/bridge-nf-call-ip${family === 4 ? '' : '6'}tables`)) === '1'

/** As `ip route` has it. */
export function routeText({ to, via, type }: RouteRow, link: LinkRow | undefined): string {
  const target = to.prefix === 0 ? 'default' : formatCidr(to)
  const kind = type === 'unicast' ? '' : `${type} `
  return `route ${kind}${target}${via ? ` via ${formatAddress(via)}` : ''}${link ? ` dev ${link.name}` : ''}`
}
