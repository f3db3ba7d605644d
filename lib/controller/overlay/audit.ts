import { applyLeniently, dump, dumpColumns } from '../../netlink/kernel.ts'
import { isGone, NetlinkError } from '../../netlink/refusal.ts'
import { isUp } from '../explain/view.ts'
import { type IpKey, ipKeyAt, type MacKey, macKeyAt, textOfIp, textOfMac } from './keys.ts'
import type { OpenTunnel } from './peers.ts'
import type { Roster } from './roster.ts'
import { noRows, type Rows, wantedMac, wantedVtep, wantNeighbour, wantRow, writing } from './rows.ts'

/** A row of a tunnel's tables that is not as it should be. */
export interface Difference {
  readonly table: 'fdb' | 'neighbour'
  /** A MAC address, or an IP address. */
  readonly key: string
  /** Where it should lead: an underlay address, or a MAC address; '' for nowhere. */
  readonly wanted: string
  /** Where it leads; '' when there is no row. */
  readonly found: string
}

/** What a look at a tunnel's tables has come to. */
export interface Audit {
  /** The tunnel is there, up and in its bridge. */
  readonly sound: boolean
  /** How many rows should be there. */
  readonly wanted: number
  readonly differences: readonly Difference[]
  /** What puts it right. */
  readonly remedy: Rows
}

const NUD_PERMANENT = 128
const NUD_NOARP = 64

/** Reads the tables back and holds them against the roster. */
export async function audit(tunnel: OpenTunnel, roster: Roster): Promise<Audit> {
  const [links, fdb, neigh] = await Promise.all([
    dump(tunnel.netns, 'link'),
    orNone(dumpColumns(tunnel.netns, 'fdb', { link: tunnel.link })),
    orNone(dumpColumns(tunnel.netns, 'neigh', { link: tunnel.link })),
  ])
  const rows = noRows()
  const differences: Difference[] = []
  const wanted = lookAtFdb(tunnel, roster, fdb, rows, differences) + lookAtNeighbours(tunnel, roster, neigh, rows, differences)
  const bridge = links.find(({ name }) => name === tunnel.bridge)
  const sound = links.some((link) => link.name === tunnel.link && bridge && link.master === bridge.index && isUp(link) && isUp(bridge))
  return { sound, wanted, differences, remedy: rows }
}

/** Makes the tables what they should be, whatever they are. */
export async function reconcile(tunnel: OpenTunnel, roster: Roster): Promise<Audit> {
  const found = await audit(tunnel, roster)
  if (!found.sound) return found
  const [refusal] = await applyLeniently([tunnel.netns], writing(tunnel, found.remedy))
  if (refusal) throw refusal
  roster.settled = true
  return found
}

type Columns<T extends 'fdb' | 'neigh'> = Awaited<ReturnType<typeof dumpColumns<T>>> | null

/** null of a link that is not there. */
const orNone = <T>(table: Promise<T>): Promise<T | null> =>
  table.catch((error) => {
    if (error instanceof NetlinkError && isGone(error.refusal)) return null
    throw error
  })

function lookAtFdb({ here }: OpenTunnel, roster: Roster, table: Columns<'fdb'>, rows: Rows, differences: Difference[]): number {
  const seen = new Set<MacKey>()
  const dsts = table ? bufferOf(table.dst) : NONE
  for (let row = 0; table && row < table.length; row++) {
    // Its own rows, those of a bridge are another table.
    if (table.master[row] !== 0) continue
    const family = table.family[row]
    const mac = macKeyAt(table.mac, row)
    if (family !== 4 && family !== 6) continue
    const found = ipKeyAt(dsts, row, family)
    const wanted = wantedVtep(roster, here, mac)
    seen.add(mac)
    if (wanted === found && isLasting(table.state[row])) continue
    wantRow(rows, mac, wanted)
    differences.push({ table: 'fdb', key: textOfMac(mac), wanted: wanted === undefined ? '' : textOfIp(wanted), found: textOfIp(found) })
  }
  return missing(
    roster.macs,
    (mac) => wantedVtep(roster, here, mac),
    (mac) => seen.has(mac),
    (mac, vtep) => {
      wantRow(rows, mac, vtep)
      differences.push({ table: 'fdb', key: textOfMac(mac), wanted: textOfIp(vtep), found: '' })
    },
  )
}

function lookAtNeighbours({ here }: OpenTunnel, roster: Roster, table: Columns<'neigh'>, rows: Rows, differences: Difference[]): number {
  const seen = new Set<IpKey>()
  const addresses = table ? bufferOf(table.address) : NONE
  for (let row = 0; table && row < table.length; row++) {
    // The kernel's own, of groups and the like.
    if (table.state[row] === NUD_NOARP) continue
    const family = table.family[row] === 6 ? 6 : 4
    const ip = ipKeyAt(addresses, row, family)
    const found = macKeyAt(table.mac, row)
    const wanted = wantedMac(roster, here, ip)
    seen.add(ip)
    if (wanted === found && table.state[row] === NUD_PERMANENT) continue
    wantNeighbour(rows, ip, wanted)
    differences.push({
      table: 'neighbour',
      key: textOfIp(ip),
      wanted: wanted === undefined ? '' : textOfMac(wanted),
      found: textOfMac(found),
    })
  }
  return missing(
    roster.ips,
    (ip) => wantedMac(roster, here, ip),
    (ip) => seen.has(ip),
    (ip, mac) => {
      wantNeighbour(rows, ip, mac)
      differences.push({ table: 'neighbour', key: textOfIp(ip), wanted: textOfMac(mac), found: '' })
    },
  )
}

/** Tells of wanted rows that nobody has seen; answers with how many are wanted. */
function missing<K, V>(
  keys: Iterable<K>,
  wantedFor: (key: K) => V | undefined,
  isSeen: (key: K) => boolean,
  tell: (key: K, value: V) => void,
): number {
  let count = 0
  for (const key of keys) {
    const wanted = wantedFor(key)
    if (wanted === undefined) continue
    count++
    if (!isSeen(key)) tell(key, wanted)
  }
  return count
}

const isLasting = (state: number | undefined): boolean => ((state ?? 0) & NUD_PERMANENT) !== 0

const NONE = Buffer.alloc(0)

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength)
