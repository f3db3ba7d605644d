import { printCall } from '../model/call.ts'
import type { Plan } from '../model/op.ts'
import { printPlan } from '../model/print.ts'
import { pathsIn, type Work } from './execution/commit.ts'
import type { Hall } from './hall.ts'

/** What a verb would do. */
export interface DryRun {
  readonly plan: Plan
  /** The plan as ip, bridge, sysctl and nft commands, a line each; what plugins would be told as comments. What follows their answers is not known. */
  readonly text: string
}

/** Thrown where it ends: a verb gives back what it claimed, as after any refusal. */
class Planned {}

/** What `verb` would do in a hall in which nothing is done. */
export async function dryRun(hall: Hall, verb: (hall: Hall) => Promise<unknown>): Promise<DryRun> {
  const works: Work[] = []
  const stop = (work: Work): never => {
    works.push(work)
    throw new Planned()
  }
  const envoy = hall.envoy.dry((call) => stop({ way: 'up', plan: [], after: [call], record: () => {} }))
  try {
    await verb({ ...hall, commit: async (work) => stop(work), envoy, dry: true })
  } catch (error) {
    if (!(error instanceof Planned)) throw error
  }
  return { plan: works.flatMap(({ plan }) => plan), text: works.map((work) => textOf(hall, work)).join('\n') }
}

function textOf({ host }: Hall, work: Work): string {
  const { plan, before = [], after = [], turns = [] } = work
  const steps = printPlan(plan, [host.path, ...pathsIn(host, work)])
  const told = [...after, ...turns.map(({ call }) => call)].map(printCall)
  return [...before.map(printCall), ...(steps === '' ? [] : [steps]), ...told].join('\n')
}
