import { printCall } from '../model/call.ts'
import { printPlan } from '../model/print.ts'
import { pathsIn, type Work } from './commit.ts'
import type { Hall } from './hall.ts'

/** What work would do, as commands; what plugins would be told as comments. */
export function printWork({ host }: Hall, work: Work): string {
  const { plan, before = [], after = [], turns = [] } = work
  const steps = printPlan(plan, [host.path, ...pathsIn(host, work)])
  const told = [...after, ...turns.map(({ call }) => call)].map(printCall)
  return [...before.map(printCall), ...(steps === '' ? [] : [steps]), ...told].join('\n')
}
