import type { Hall } from '../hall.ts'
import { renameWay, uplinksOf } from '../networks/ways.ts'
import { reloadFirewall } from './mend.ts'

/**
 * The firewall knows the links of the host that forward for us by their names, and lets nothing else through there; so does whoever
 * gives back what was lent.
 */
export async function followRename(hall: Hall, from: string, to: string): Promise<void> {
  if (!uplinksOf(hall).some(({ names }) => names.includes(from))) return
  hall.store.transact(() => renameWay(hall, from, to))
  await reloadFirewall(hall)
}
