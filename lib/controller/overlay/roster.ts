import { fault } from '../../model/errors.ts'
import type { Peer } from '../../model/peer.ts'
import { type IpKey, ipKey, type MacKey, macKey } from './keys.ts'

/** A peer, taken apart. */
interface Entry {
  readonly peer: Peer
  readonly mac: MacKey
  readonly ip: IpKey | undefined
  readonly ip6: IpKey | undefined
  readonly vtep: IpKey
}

/** Keys of tables whose rows may not be what they should be any more; one may be told twice. */
export interface Touched {
  readonly macs: MacKey[]
  readonly ips: IpKey[]
}

/** Several endpoints may claim the same MAC or address for a while, when one moves: the last that came has it, then the one before. */
type Claims = Entry | Entry[]

/** Who is where on one network, by endpoint. */
export class Roster {
  readonly #entries = new Map<string, Entry>()
  readonly #byMac = new Map<MacKey, Claims>()
  readonly #byIp = new Map<IpKey, Claims>()
  /** How many are behind each. */
  readonly #vteps = new Map<IpKey, number>()
  /** Hosts whom it was tried to reach (offload.ts). */
  readonly tested = new Map<string, 'fine' | 'loses'>()
  /** Those that a person told us of; they stay when all others are told anew. */
  readonly #fixed = new Set<string>()
  /** Somebody has told us of all of them. */
  complete = false
  /** The kernel's tables have been what they should be since this controller has known of them. */
  settled = false

  constructor(fixed: readonly Peer[]) {
    this.fix(fixed)
  }

  get size(): number {
    return this.#entries.size
  }

  get macs(): Iterable<MacKey> {
    return this.#byMac.keys()
  }

  get ips(): Iterable<IpKey> {
    return this.#byIp.keys()
  }

  get vteps(): Iterable<IpKey> {
    return this.#vteps.keys()
  }

  get peers(): readonly Peer[] {
    return Array.from(this.#entries.values(), ({ peer }) => peer)
  }

  /** Those that nobody has fixed and that `stay` does not have. */
  without(stay: ReadonlySet<string>): readonly string[] {
    return [...this.#entries.keys()].filter((id) => !stay.has(id) && !this.#fixed.has(id))
  }

  fix(peers: readonly Peer[]): Touched {
    for (const { endpointId } of peers) this.#fixed.add(endpointId)
    return this.change([], peers)
  }

  unfix(endpointId: string): Touched {
    this.#fixed.delete(endpointId)
    return this.change([endpointId], [])
  }

  /** Throws PEER_INVALID before anything is changed. */
  change(gone: Iterable<string>, came: readonly Peer[]): Touched {
    const leaving = new Set(gone)
    const news = came.filter((peer) => leaving.has(peer.endpointId) || !isSame(this.#entries.get(peer.endpointId)?.peer, peer))
    const entries = news.map(takenApart)
    const touched: Touched = { macs: [], ips: [] }
    for (const id of leaving) this.#forget(id, touched)
    for (const entry of entries) {
      const { endpointId } = entry.peer
      if (this.#entries.has(endpointId)) this.#forget(endpointId, touched)
      this.#entries.set(endpointId, entry)
      this.#vteps.set(entry.vtep, (this.#vteps.get(entry.vtep) ?? 0) + 1)
      claim(this.#byMac, entry.mac, entry)
      touched.macs.push(entry.mac)
      this.#claimIp(entry.ip, entry, touched)
      this.#claimIp(entry.ip6, entry, touched)
    }
    return touched
  }

  /** Where a MAC is; undefined when nobody has it. */
  vtepOf(mac: MacKey): IpKey | undefined {
    return last(this.#byMac.get(mac))?.vtep
  }

  /** At which MAC, and where, an address is. */
  holderOf(ip: IpKey): Pick<Entry, 'mac' | 'vtep'> | undefined {
    return last(this.#byIp.get(ip))
  }

  #forget(id: string, touched: Touched): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    this.#entries.delete(id)
    const behind = (this.#vteps.get(entry.vtep) ?? 1) - 1
    if (behind === 0) this.#vteps.delete(entry.vtep)
    else this.#vteps.set(entry.vtep, behind)
    disclaim(this.#byMac, entry.mac, entry)
    touched.macs.push(entry.mac)
    for (const ip of [entry.ip, entry.ip6]) {
      if (ip === undefined) continue
      disclaim(this.#byIp, ip, entry)
      touched.ips.push(ip)
    }
  }

  #claimIp(ip: IpKey | undefined, entry: Entry, touched: Touched): void {
    if (ip === undefined) return
    claim(this.#byIp, ip, entry)
    touched.ips.push(ip)
  }
}

function takenApart(peer: Peer): Entry {
  const invalid = (what: string) => fault('PEER_INVALID', { id: peer.endpointId, what })
  const mac = macKey(peer.mac)
  if (mac === null) throw invalid(`${peer.mac} is not the MAC address of a station`)
  const vtep = ipKey(peer.vtep)
  if (vtep === null) throw invalid(`${peer.vtep} is not an address`)
  const keyOf = (text: string | undefined): IpKey | undefined => {
    const key = text === undefined ? undefined : ipKey(text)
    if (key === null) throw invalid(`${text} is not an address`)
    return key
  }
  return { peer, mac, ip: keyOf(peer.address), ip6: keyOf(peer.address6), vtep }
}

const isSame = (a: Peer | undefined, b: Peer): boolean =>
  a !== undefined && a.mac === b.mac && a.vtep === b.vtep && a.address === b.address && a.address6 === b.address6

const last = (claims: Claims | undefined): Entry | undefined => (Array.isArray(claims) ? claims.at(-1) : claims)

function claim<K>(map: Map<K, Claims>, key: K, entry: Entry): void {
  const claims = map.get(key)
  if (claims === undefined) map.set(key, entry)
  else if (Array.isArray(claims)) claims.push(entry)
  else map.set(key, [claims, entry])
}

function disclaim<K>(map: Map<K, Claims>, key: K, entry: Entry): void {
  const claims = map.get(key)
  const left = Array.isArray(claims) ? claims.filter((other) => other !== entry) : []
  if (left.length === 0) map.delete(key)
  else map.set(key, left)
}
