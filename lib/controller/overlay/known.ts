import type { NetworkConfig, Tunnel } from '../../drivers/driver.ts'
import type { Network } from '../../model/network.ts'
import { NETWORK, type Plan } from '../../model/op.ts'
import type { Peer } from '../../model/peer.ts'
import type { Hall } from '../hall.ts'
import { ipKey } from './keys.ts'
import { Roster } from './roster.ts'
import { hereOf, rowsOf, writing } from './rows.ts'

/** Who is on other hosts, as far as this controller was told. */
export function rosterOf({ rosters }: Pick<Hall, 'rosters'>, { id, peers = [] }: Network): Roster {
  const known = rosters.get(id)
  if (known) return known
  const roster = new Roster(peers)
  rosters.set(id, roster)
  return roster
}

/** Who tells of everybody tells of this host's own endpoints too. */
export function othersOn(hall: Hall, network: Network): readonly Peer[] {
  const own = ipKey(hall.dataPath()?.address ?? '')
  return rosterOf(hall, network).peers.filter(({ vtep }) => ipKey(vtep) !== own)
}

/** Undefined for a network that ends with this host. */
export const tunnelOf = ({ drivers }: Pick<Hall, 'drivers'>, network: Network, config: NetworkConfig): Tunnel | undefined =>
  drivers.has(network.driver) ? drivers.get(network.driver).tunnel?.(config) : undefined

/** Steps that tell a tunnel that has just been made of everybody that is known. */
export function knownPeers(hall: Hall, network: Network, config: NetworkConfig): { readonly plan: Plan; readonly record: () => void } {
  const tunnel = tunnelOf(hall, network, config)
  if (!tunnel || !config.underlay) return { plan: [], record: () => {} }
  const roster = rosterOf(hall, network)
  const rows = rowsOf(roster, hereOf(hall.store, network, config.underlay.address), roster.macs, roster.ips)
  return {
    plan: writing(tunnel, { ...rows, noFdb: [], noNeigh: [] }, NETWORK),
    record: () => {
      roster.settled = true
    },
  }
}
