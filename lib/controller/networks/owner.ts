import { realpathSync } from 'node:fs'
import { ownerIn, TABLE } from '../../firewall/firewall.ts'
import { fault } from '../../model/errors.ts'
import { quote } from '../../model/words.ts'
import { listNftTable } from '../../netlink/kernel.ts'
import { isRunDirectory } from '../../store/store.ts'
import type { Hall } from '../hall.ts'
import { walledLinks } from './raised.ts'

// Two controllers in one namespace would take away each other's rules, and each other's links as strays. So the firewall's table says
// whose it is, as long as it stands: it goes with the last network, with the namespace and with the boot, as all that it speaks of.

/** How this controller is called there. */
export const ownerOf = ({ run }: Pick<Hall, 'run'>): string => realpathSync(run)

/** The run directory of another controller, if the table is its; '' else. One that is not there any more, or elsewhere, owns nothing. */
export function strangerIn(hall: Hall, listing: string | null): string {
  const owner = ownerIn(listing)
  return owner !== '' && owner !== ownerOf(hall) && isRunDirectory(owner) ? owner : ''
}

/** The same of the table that stands now. */
export async function stranger(hall: Hall): Promise<string> {
  // Without libnftables, or without the right, there are no networks with rules here, and the first one says what is missing.
  return strangerIn(hall, await listNftTable(hall.host, TABLE).catch(() => null))
}

/** Throws NAMESPACE_OWNED. Whoever has walls there need not look. */
export async function checkOwner(hall: Hall): Promise<void> {
  if (walledLinks(hall).size === 0) refuse(hall, await stranger(hall))
}

/** Throws NAMESPACE_OWNED where `run` is the directory of another controller. */
export function refuse({ host }: Hall, run: string): void {
  const namespace = host.path === '' ? 'this network namespace' : `network namespace ${host.path}`
  if (run !== '') throw fault('NAMESPACE_OWNED', { namespace, run, dir: quote(run) })
}
