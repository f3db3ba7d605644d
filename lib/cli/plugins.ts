import { CnmError } from '../model/errors.ts'
import { findPlugin, type Places } from '../plugins/discovery.ts'
import { Plugins } from '../plugins/plugins.ts'
import type { Seen } from './plugin-views.ts'

/** How long a plugin has to say who it is, in ms. */
const BRIEF = 2000

/** Finds a plugin, and lets it say what it is. Throws PLUGIN_NOT_FOUND and PLUGIN_SPEC. */
export async function look(name: string, places: Places, signal: AbortSignal): Promise<Seen> {
  const located = findPlugin(name, places)
  const said = await new Plugins({ places }).get(name, { briefly: BRIEF, signal }).catch((error) => {
    if (error instanceof CnmError) return error
    throw error
  })
  return { name, located, said }
}
