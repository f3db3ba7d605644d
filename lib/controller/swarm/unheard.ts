import { CnmError } from '../../model/errors.ts'
import type { Hall } from '../hall.ts'
import { findNetwork, orNot } from '../lookup.ts'

/** What a node made a moment ago, the others may not have heard of: before a network is said not to be there, the swarm is asked. */
export async function askForUnheard(hall: Hall, refs: readonly string[]): Promise<void> {
  const { session } = hall.swarm
  if (!session || session.member.lost !== null || refs.every((ref) => orNot(() => findNetwork(hall, ref)))) return
  try {
    await session.member.cluster.refreshNetworks()
    await session.settle()
  } catch (error) {
    // What is known here will have to do.
    if (!(error instanceof CnmError)) throw error
  }
}
