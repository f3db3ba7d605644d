import type { VerbOptions } from '../controller/controller.ts'
import { type Outcomes, outcomeOf } from '../controller/execution/turns.ts'
import type { Verbs } from '../controller/verbs.ts'
import { type Finding, inspection } from './format/inspection.ts'
import { Interrupted } from './interrupts.ts'
import type { Visit } from './visit.ts'

/** Shows what there is under each name, then reports what is missing. Resolves with an exit code. */
export async function inspectAll(
  visit: Visit,
  names: readonly string[],
  format: string | undefined,
  look: (cnm: Verbs, name: string) => Finding | Promise<Finding>,
): Promise<number> {
  const { each, all } = inspection(format)
  return visit.open(async (cnm) => {
    const found: string[] = []
    const errors: unknown[] = []
    for (const name of names) {
      try {
        found.push(each(await look(cnm, name)))
      } catch (error) {
        errors.push(error)
      }
    }
    visit.print(all(found))
    for (const error of errors) visit.complain(error)
    return errors.length > 0 ? 1 : 0
  })
}

/** Removes each and prints its name; one that fails does not keep the others. `mayLack`: no failure. Resolves with an exit code. */
export const removeAll = (
  visit: Visit,
  names: readonly string[],
  remove: (cnm: Verbs, name: string, options: VerbOptions) => Promise<object>,
  mayLack: (error: unknown) => boolean = () => false,
): Promise<number> =>
  visit.open(async (cnm) => {
    const codes: number[] = []
    for (const name of names)
      codes.push(report(visit, name, await outcomeOf(() => visit.change(cnm, (it, options) => remove(it, name, options))), mayLack))
    return Math.max(...codes)
  })

/** The same in one piece of work. */
export const removeTogether = (
  visit: Visit,
  names: readonly string[],
  remove: (cnm: Verbs, names: readonly string[], options: VerbOptions) => Promise<Outcomes<object>>,
): Promise<number> =>
  visit.open(async (cnm) => {
    const outcomes = (await visit.change(cnm, (it, options) => remove(it, names, options))) ?? []
    return Math.max(...outcomes.map((outcome, index) => report(visit, names[index] ?? '', outcome)))
  })

function report(
  visit: Visit,
  name: string,
  outcome: PromiseSettledResult<object | undefined>,
  mayLack: (error: unknown) => boolean = () => false,
): number {
  if (outcome.status === 'fulfilled') {
    if (outcome.value) visit.print(name)
    return 0
  }
  if (outcome.reason instanceof Interrupted) throw outcome.reason
  if (mayLack(outcome.reason)) return 0
  visit.complain(outcome.reason)
  return 1
}
