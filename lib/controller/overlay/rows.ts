import type { Tunnel } from '../../drivers/driver.ts'
import type { Network } from '../../model/network.ts'
import type { Op, Plan } from '../../model/op.ts'
import type { Store } from '../../store/store.ts'
import { familyOf, type IpKey, ipColumn, ipKey, type MacKey, macColumn, macKey } from './keys.ts'
import type { Roster } from './roster.ts'

/** What this host has itself: nobody else's word counts for it, and no tunnel leads there. */
export interface Here {
  /** Its address on the underlay. */
  readonly vtep: IpKey
  readonly macs: ReadonlySet<MacKey>
  readonly ips: ReadonlySet<IpKey>
}

/** `address`: that of this host on the underlay. */
export function hereOf({ endpoints }: Store, { id }: Network, address: string): Here {
  const own = endpoints.list().filter(({ networkId }) => networkId === id)
  return {
    vtep: ipKey(address) ?? 0,
    macs: new Set(own.flatMap(({ mac }) => macKey(mac) ?? [])),
    ips: new Set(own.flatMap((endpoint) => [endpoint.address, endpoint.address6].flatMap((text) => (text ? (ipKey(text) ?? []) : [])))),
  }
}

/** Where frames for a MAC address go; undefined: to no other host. */
export function wantedVtep(roster: Roster, here: Here, mac: MacKey): IpKey | undefined {
  const vtep = here.macs.has(mac) ? undefined : roster.vtepOf(mac)
  return vtep === undefined || vtep === here.vtep || familyOf(vtep) !== familyOf(here.vtep) ? undefined : vtep
}

/** What an address is answered for with; undefined: not at all. */
export function wantedMac(roster: Roster, here: Here, ip: IpKey): MacKey | undefined {
  const holder = here.ips.has(ip) ? undefined : roster.holderOf(ip)
  return holder && holder.vtep !== here.vtep ? holder.mac : undefined
}

/** Rows that are to be there, and rows that are not. */
export interface Rows {
  readonly fdb: ReadonlyMap<MacKey, IpKey>
  readonly neigh: ReadonlyMap<IpKey, MacKey>
  readonly noFdb: readonly MacKey[]
  readonly noNeigh: readonly IpKey[]
}

/** The rows of some keys as they should be. */
export function rowsOf(roster: Roster, here: Here, macs: Iterable<MacKey>, ips: Iterable<IpKey>): Rows {
  const rows = { fdb: new Map<MacKey, IpKey>(), neigh: new Map<IpKey, MacKey>(), noFdb: [] as MacKey[], noNeigh: [] as IpKey[] }
  for (const mac of macs) {
    const vtep = wantedVtep(roster, here, mac)
    if (vtep === undefined) rows.noFdb.push(mac)
    else rows.fdb.set(mac, vtep)
  }
  for (const ip of ips) {
    const mac = wantedMac(roster, here, ip)
    if (mac === undefined) rows.noNeigh.push(ip)
    else rows.neigh.set(ip, mac)
  }
  return rows
}

/** Steps that make tables have these rows: whatever is in their place goes. Frames know their way before anybody is told of it. */
export function writing({ link }: Tunnel, rows: Rows, at?: number): Plan {
  const base = { ...(at === undefined ? {} : { at }), link }
  const vteps = [...rows.fdb.values()]
  const family = familyOf(vteps[0] ?? 0)
  const plan: Op[] = []
  if (rows.noNeigh.length > 0) plan.push(...perFamily(rows.noNeigh).map((part): Op => ({ ...base, op: 'neigh.delMany', ...part })))
  if (rows.noFdb.length > 0) plan.push({ ...base, op: 'fdb.delMany', macs: macColumn(rows.noFdb) })
  if (vteps.length > 0)
    plan.push({ ...base, op: 'fdb.replaceMany', macs: macColumn([...rows.fdb.keys()]), family, dsts: ipColumn(vteps, family) })
  const known = perFamily([...rows.neigh.keys()], (ip) => rows.neigh.get(ip) ?? 0)
  return [...plan, ...known.map((part): Op => ({ ...base, op: 'neigh.replaceMany', ...part }))]
}

function perFamily(ips: readonly IpKey[], macOf?: (ip: IpKey) => MacKey) {
  return ([4, 6] as const).flatMap((family) => {
    const own = ips.filter((ip) => familyOf(ip) === family)
    if (own.length === 0) return []
    return [{ family, addresses: ipColumn(own, family), ...(macOf ? { macs: macColumn(own.map(macOf)) } : {}) }]
  })
}
