import { fault } from '../../model/errors.ts'
import { type Call, type Route, route } from '../engine/route.ts'
import { checked } from './checked.ts'
import { errandRoutes } from './errands.ts'
import { VERBS } from './verbs.ts'

/** POST /cnm/v1/VERB, with {"dryRun": true} for its plan alone. */
export const verbRoutes: readonly Route[] = [...errandRoutes, route('POST /cnm/v1/(\\w+)', perform)]

async function perform({ cnm, names: [name = ''], body = {}, signal }: Call) {
  const verb = VERBS.get(name)
  if (!verb) throw fault('PAGE_NOT_FOUND', {})
  const { dryRun = false, ...asked } = checked(verb.asked, body) as { readonly dryRun?: boolean }
  const answer = async (it: typeof cnm) => verb.answer(it, asked as never, { signal })
  if (dryRun) return { json: { plan: (await cnm.plan(answer)).text } }
  return { json: { result: (await answer(cnm)) ?? null } }
}
