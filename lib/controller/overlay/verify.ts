import { fault } from '../../model/errors.ts'
import { repair as mendAll } from '../doctor/repair.ts'
import type { Hall } from '../hall.ts'
import { findNetwork } from '../lookup.ts'
import { driverOf } from '../remote/drivers.ts'
import type { Difference } from './audit.ts'
import { othersOn } from './known.ts'
import { isDamaged, isKnown, look } from './look.ts'

/** What the kernel has of a network's peers, held against who they are. */
export interface Verification {
  readonly network: string
  /** The tunnel itself is damaged. */
  readonly damaged: boolean
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
  if (!driverOf(hall, network).tunnel) throw fault('NETWORK_LOCAL', { name: network.name, driver: network.driver })
  if (!isKnown(hall, network)) throw fault('PEERS_UNKNOWN', { name: network.name })
  const found = await look(hall, network, repair)
  if (repair && isDamaged(hall, network, found)) {
    await mendAll(hall)
    const left = await look(hall, network, true)
    return { ...(await verifyNetwork(hall, ref, false)), differences: found?.differences ?? [], repaired: left?.sound === true }
  }
  return {
    network: network.name,
    damaged: isDamaged(hall, network, found),
    idle: found === null,
    peers: othersOn(hall, network).length,
    rows: found?.wanted ?? 0,
    differences: found?.differences ?? [],
    repaired: repair && (found?.differences.length ?? 0) > 0,
  }
}
