import type { VerbOptions } from '../controller/controller.ts'
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
    let code = 0
    for (const name of names) {
      try {
        const removed = await visit.change(cnm, (it, options) => remove(it, name, options))
        if (removed) visit.print(name)
      } catch (error) {
        if (error instanceof Interrupted) throw error
        if (mayLack(error)) continue
        visit.complain(error)
        code = 1
      }
    }
    return code
  })
