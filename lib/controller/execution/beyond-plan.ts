import type { Hall } from '../hall.ts'

/** What follows is done otherwise than by the steps of a plan, and cannot be shown: a dry run ends here. */
export async function beyondPlan({ dry, commit }: Pick<Hall, 'dry' | 'commit'>): Promise<void> {
  if (dry) await commit({ way: 'up', plan: [], record: () => {} })
}
