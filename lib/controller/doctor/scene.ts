import { type Address, type Cidr, fromBytes } from '../../model/address.ts'
import type { LinkRef } from '../../model/op.ts'
import { macText } from '../../model/words.ts'
import { dump } from '../../netlink/kernel.ts'
import { type Netns, readSysctl } from '../../netlink/namespace.ts'
import { type AddressRow, type LinkRow, MAIN, type NeighRow, type RouteRow, type Rows } from '../../netlink/tables.ts'

const NUD_NOARP = 64

/** The tables of a namespace as they were when they were read. */
export class Scene {
  readonly netns: Netns
  readonly neighbours: readonly NeighRow[]
  readonly #links: Map<string, LinkRow>
  readonly #names: ReadonlyMap<number, string>
  readonly #narrowest = new Map<number, number>()
  readonly #addresses: ReadonlyMap<number, readonly AddressRow[]>
  readonly #routes: readonly RouteRow[]
  readonly #neighbours: ReadonlyMap<number, readonly NeighRow[]>
  #qdiscs: Promise<Rows<'qdisc'>> | undefined

  constructor(
    netns: Netns,
    links: readonly LinkRow[],
    addresses: readonly AddressRow[],
    routes: readonly RouteRow[],
    neighbours: readonly NeighRow[],
  ) {
    this.netns = netns
    this.#links = new Map(links.map((link) => [link.name, link]))
    this.#names = new Map(links.map(({ index, name }) => [index, name]))
    for (const { master, mtu } of links) if (master !== 0) this.#narrowest.set(master, Math.min(mtu, this.#narrowest.get(master) ?? mtu))
    this.#addresses = byLink(addresses)
    this.#routes = routes
    this.neighbours = neighbours
    this.#neighbours = byLink(neighbours)
  }

  static async of(netns: Netns): Promise<Scene> {
    const tables = [dump(netns, 'link'), dump(netns, 'address'), dump(netns, 'route'), dump(netns, 'neigh')] as const
    return new Scene(netns, ...(await Promise.all(tables)))
  }

  get links(): readonly LinkRow[] {
    return [...this.#links.values()]
  }

  link(ref: LinkRef | undefined): LinkRow | undefined {
    return this.#links.get(typeof ref === 'number' ? (this.#names.get(ref) ?? '') : (ref ?? ''))
  }

  /** The smallest MTU of a bridge's ports; undefined: it has none. */
  narrowestPort(bridge: number): number | undefined {
    return this.#narrowest.get(bridge)
  }

  nameOf(index: number): string {
    return this.#names.get(index) ?? ''
  }

  /** From now on as if the link were not there: it is going to be made anew. */
  forget(name: string): void {
    this.#links.delete(name)
  }

  hasAddress(ref: LinkRef, bytes: Uint8Array, prefix: number): boolean {
    const wanted = { ...fromBytes(bytes), prefix }
    const own = this.#addresses.get(this.link(ref)?.index ?? 0) ?? []
    return own.some(({ address }) => same(address, wanted) && address.prefix === prefix)
  }

  /** In the table `main`. */
  hasRoute(to: Cidr, via: Address | undefined, ref: LinkRef | undefined): boolean {
    return this.#routes.some(
      (row) =>
        row.table === MAIN &&
        same(row.to, to) &&
        row.to.prefix === to.prefix &&
        (ref === undefined || row.link === this.link(ref)?.index) &&
        (via === undefined ? row.via === null : row.via !== null && same(row.via, via)),
    )
  }

  neighbour(ref: LinkRef, bytes: Uint8Array): NeighRow | undefined {
    const known = this.#neighbours.get(this.link(ref)?.index ?? 0) ?? []
    return known.find(({ address }) => same(address, fromBytes(bytes)))
  }

  /** A port of a bridge has this MAC address behind it, for good. */
  async forwards(ref: LinkRef, mac: Uint8Array): Promise<boolean> {
    const link = this.link(ref)
    if (!link) return false
    const rows = await dump(this.netns, 'fdb', { link: link.index })
    return rows.some((row) => row.master !== 0 && row.mac === macText(mac) && row.state === NUD_NOARP)
  }

  /** Few links queue: read when the first is asked about. */
  async hasQdisc(ref: LinkRef, kind: string): Promise<boolean> {
    const link = this.link(ref)
    this.#qdiscs ??= dump(this.netns, 'qdisc')
    return link !== undefined && (await this.#qdiscs).some((row) => row.link === link.index && row.kind === kind)
  }

  sysctl(path: string): Promise<string | null> {
    return readSysctl(this.netns, path)
  }
}

const same = (a: Address, b: Address): boolean => a.family === b.family && a.value === b.value

function byLink<R extends { readonly link: number }>(rows: readonly R[]): ReadonlyMap<number, readonly R[]> {
  const links = new Map<number, R[]>()
  for (const row of rows) {
    const own = links.get(row.link)
    if (own) own.push(row)
    else links.set(row.link, [row])
  }
  return links
}
