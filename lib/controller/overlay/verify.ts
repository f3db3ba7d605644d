import { fault } from '../../model/errors.ts'
import type { Network } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { findNetwork } from '../lookup.ts'
import { type Audit, audit, type Difference, reconcile } from './audit.ts'
import { othersOn, rosterOf } from './known.ts'
import { withTunnel } from './peers.ts'

/** What the kernel has of a network's peers, held against who they are. */
export interface Verification {
  readonly network: string
  /** Nobody of this host is on it: there is nothing to compare. */
  readonly idle: boolean
  /** Peers that are known. */
  readonly peers: number
  /** Rows of the kernel that they come to. */
  readonly rows: number
  readonly differences: readonly Difference[]
  /** The differences are no more. */
  readonly repaired: boolean
}

/** Throws PEERS_UNKNOWN where this controller has not been told who the peers are. */
export async function verifyNetwork(hall: Hall, ref: string, repair: boolean): Promise<Verification> {
  const network = findNetwork(hall, ref)
  if (!hall.drivers.get(network.driver).tunnel) throw fault('NETWORK_LOCAL', { name: network.name, driver: network.driver })
  if (!isKnown(hall, network)) throw fault('PEERS_UNKNOWN', { name: network.name })
  const found = await look(hall, network, repair)
  return {
    network: network.name,
    idle: found === null,
    peers: othersOn(hall, network).length,
    rows: found?.wanted ?? 0,
    differences: found?.differences ?? [],
    repaired: repair && (found?.differences.length ?? 0) > 0,
  }
}

/** The roster is all there is: somebody has said so, or every peer was told by a person. */
export const isKnown = (hall: Hall, network: Network): boolean => rosterOf(hall, network).complete

/** null where the network has no tunnel now. */
export const look = (hall: Hall, network: Network, repair: boolean): Promise<Audit | null> =>
  withTunnel(hall, network, async (tunnel) => tunnel && (repair ? reconcile : audit)(tunnel, rosterOf(hall, network)))
