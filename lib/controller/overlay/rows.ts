import type { Tunnel } from '../../drivers/driver.ts'
import type { Family } from '../../model/address.ts'
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
  const own = endpoints.with('networkId', id)
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

/** Rows that are to be there, in columns, and rows that are not. */
export interface Rows {
  readonly fdb: { readonly macs: MacKey[]; readonly vteps: IpKey[] }
  readonly neigh: { readonly ips: IpKey[]; readonly macs: MacKey[] }
  readonly noFdb: MacKey[]
  readonly noNeigh: IpKey[]
}

export const noRows = (): Rows => ({ fdb: { macs: [], vteps: [] }, neigh: { ips: [], macs: [] }, noFdb: [], noNeigh: [] })

/** The rows of some keys as they should be. */
export function rowsOf(roster: Roster, here: Here, macs: Iterable<MacKey>, ips: Iterable<IpKey>): Rows {
  const rows = noRows()
  for (const mac of macs) wantRow(rows, mac, wantedVtep(roster, here, mac))
  for (const ip of ips) wantNeighbour(rows, ip, wantedMac(roster, here, ip))
  return rows
}

/** `vtep`: undefined where the row is to go. */
export function wantRow({ fdb, noFdb }: Rows, mac: MacKey, vtep: IpKey | undefined): void {
  if (vtep === undefined) noFdb.push(mac)
  else {
    fdb.macs.push(mac)
    fdb.vteps.push(vtep)
  }
}

export function wantNeighbour({ neigh, noNeigh }: Rows, ip: IpKey, mac: MacKey | undefined): void {
  if (mac === undefined) noNeigh.push(ip)
  else {
    neigh.ips.push(ip)
    neigh.macs.push(mac)
  }
}

/** Steps that make tables have these rows: whatever is in their place goes. Frames know their way before anybody is told of it. */
export function writing({ link }: Tunnel, { fdb, neigh, noFdb, noNeigh }: Rows, at?: number): Plan {
  const base = { ...(at === undefined ? {} : { at }), link }
  const family = familyOf(fdb.vteps[0] ?? 0)
  const gone = byFamily(noNeigh)
  const there = byFamily(neigh.ips, neigh.macs)
  return [
    ...gone.map(({ family, ips }): Op => ({ ...base, op: 'neigh.delMany', family, addresses: ipColumn(ips, family) })),
    ...(noFdb.length > 0 ? [{ ...base, op: 'fdb.delMany', macs: macColumn(noFdb) } as const] : []),
    ...(fdb.macs.length > 0
      ? [{ ...base, op: 'fdb.replaceMany', macs: macColumn(fdb.macs), family, dsts: ipColumn(fdb.vteps, family) } as const]
      : []),
    ...there.map(
      ({ family, ips, macs }): Op => ({
        ...base,
        op: 'neigh.replaceMany',
        family,
        addresses: ipColumn(ips, family),
        macs: macColumn(macs),
      }),
    ),
  ]
}

interface OfFamily {
  readonly family: Family
  readonly ips: IpKey[]
  readonly macs: MacKey[]
}

/** `macs`: one for each. Of families that are there. */
function byFamily(ips: readonly IpKey[], macs: readonly MacKey[] = []): readonly OfFamily[] {
  const [four, six]: [OfFamily, OfFamily] = [
    { family: 4, ips: [], macs: [] },
    { family: 6, ips: [], macs: [] },
  ]
  ips.forEach((ip, row) => {
    const { ips, macs: own } = typeof ip === 'number' ? four : six
    ips.push(ip)
    own.push(macs[row] ?? 0)
  })
  return [four, six].filter(({ ips }) => ips.length > 0)
}
