import { CnmError } from '../../model/errors.ts'
import type { Network } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { MOST, Overtaken } from './overtaken.ts'

/** What a node that has not heard the latest may believe. */
const STALE: readonly string[] = ['ADDRESS_IN_USE', 'ADDRESSES_EXHAUSTED'] satisfies readonly CnmError['code'][]

/** Does what puts somebody on these networks, and decides anew as long as other nodes are faster. */
export async function insist<T>(hall: Hall, networks: readonly Network[], work: () => Promise<T>): Promise<T> {
  const shared = networks.filter((network) => hall.swarm.has(network))
  if (shared.length === 0) return work()
  const session = hall.swarm.present
  await session.catchUp(shared)
  let asked = false
  for (let tries = 1; ; tries++) {
    try {
      const result = await work()
      await session.settle()
      return result
    } catch (error) {
      if (error instanceof Overtaken) {
        if (tries === MOST) throw error.refusal
        await session.learn(error.taken)
      } else {
        if (asked || !(error instanceof CnmError && STALE.includes(error.code))) throw error
        asked = true
        for (const { id } of shared) await session.member.cluster.refreshGuests(id)
      }
      await session.settle(shared)
    }
  }
}
