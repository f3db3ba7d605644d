import { rotated } from '../../cluster/ring.ts'
import { fault } from '../../model/errors.ts'
import type { Hall } from '../hall.ts'
import { recipientsIn } from './keyring.ts'
import { decided } from './membership.ts'

/** Has what encrypted networks are encrypted with changed now; answers with the number of the new key. Throws KEYS_NONE. */
export async function rotateKeys(hall: Hall): Promise<number> {
  const { member, membership } = hall.swarm.present
  const { cluster, view } = member
  for (;;) {
    await cluster.refresh()
    if (!view.ring) throw fault('KEYS_NONE', {})
    await decided(hall)
    const next = rotated(membership.id, view.ring, recipientsIn(view.nodes.values()))
    if (await cluster.turnRing(next, view.swarm?.keyRotation)) return next.keys.at(-1)?.tag ?? next.primary
  }
}
