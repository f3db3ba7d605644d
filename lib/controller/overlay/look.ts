import type { Network } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { type Audit, audit, reconcile } from './audit.ts'
import { rosterOf } from './known.ts'
import { withTunnel } from './peers.ts'
import { keepSafe } from './safe.ts'

/** Somebody has told this controller of all peers, so it can judge. */
export const isKnown = (hall: Hall, network: Network): boolean => rosterOf(hall, network).complete

/** Reads back what a network's tunnel knows; null where it has none now. With `repair` it is encrypted as it should be, too. */
export const look = (hall: Hall, network: Network, repair: boolean): Promise<Audit | null> =>
  withTunnel(hall, network, async (tunnel) => {
    if (repair) await keepSafe(hall, network, tunnel)
    return tunnel && (repair ? reconcile : audit)(tunnel, rosterOf(hall, network))
  })

/** `found` by look(). A network that nobody here is on has no tunnel. */
export const isDamaged = (hall: Hall, { id }: Network, found: Audit | null): boolean =>
  found ? !found.sound : hall.store.endpoints.with('networkId', id).length > 0
