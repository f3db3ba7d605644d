import type { Controller, VerbOptions } from '../controller/controller.ts'
import { Interrupted } from './interrupts.ts'
import { toJson } from './json.ts'
import type { Visit } from './visit.ts'

/** Prints what there is under each name as one JSON array, then reports what is missing. Resolves with an exit code. */
export const inspectAll = (
  visit: Visit,
  names: readonly string[],
  look: (cnm: Controller, name: string) => object | Promise<object>,
): Promise<number> =>
  visit.open(async (cnm) => {
    const found: object[] = []
    const errors: unknown[] = []
    for (const name of names) {
      try {
        found.push(await look(cnm, name))
      } catch (error) {
        errors.push(error)
      }
    }
    visit.print(toJson(found))
    for (const error of errors) visit.complain(error)
    return errors.length > 0 ? 1 : 0
  })

/** Removes each and prints its name; one that fails does not keep the others. Resolves with an exit code. */
export const removeAll = (
  visit: Visit,
  names: readonly string[],
  remove: (cnm: Controller, name: string, options: VerbOptions) => Promise<object>,
): Promise<number> =>
  visit.open(async (cnm) => {
    let code = 0
    for (const name of names) {
      try {
        const removed = await visit.change(cnm, (it, options) => remove(it, name, options))
        if (removed) visit.print(name)
      } catch (error) {
        if (error instanceof Interrupted) throw error
        visit.complain(error)
        code = 1
      }
    }
    return code
  })
