import type { Sandbox } from '../../model/network.ts'
import { type Plan, undoOf } from '../../model/op.ts'
import type { Hall } from '../hall.ts'

export interface Steps {
  readonly plan: Plan
  readonly record: () => void
}

/**
 * A plugin may look into the namespace when it is asked to join, so that is there before anything else. Until the sandbox is
 * in the records, the journal has what takes it away.
 */
export async function namespaceFirst<T>(
  { commit, store: { journal } }: Hall,
  { path: sandbox }: Sandbox,
  { plan, record }: Steps,
  then: (rest: Steps) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const undo = undoOf(plan)
  let entry = ''
  const keep = () => {
    entry = journal.add({ plan: undo, sandbox })
  }
  await commit({ way: 'up', plan, sandbox, record: keep }, signal)
  const crossOut = () => journal.delete(entry)
  const recordBoth = () => {
    record()
    crossOut()
  }
  try {
    return await then({ plan: [], record: recordBoth })
  } catch (error) {
    await commit({ way: 'down', plan: undo, sandbox, record: crossOut })
    throw error
  }
}
