import { isOurs } from '../../model/ids.ts'
import type { Network } from '../../model/network.ts'
import { inode, namespaceAt } from '../../netlink/namespace.ts'
import type { Hall } from '../hall.ts'
import { homeOf } from './homes.ts'
import { linkAt } from './links.ts'
import { type Raised, raisedOf } from './raised.ts'

interface Standing {
  /** The link of the host that it stands on; '' for none. */
  readonly base: string
  /** Taken: we made one of that name, and this one is somebody else's. */
  readonly state: 'there' | 'gone' | 'taken'
}

/** Whether all that a raised network stands on is there. */
export async function standingOf(hall: Hall, network: Network, { link, base = link, found, home }: Raised): Promise<Standing> {
  if (base !== undefined) {
    const row = await linkAt(hall.host, base)
    if (!row) return { base, state: 'gone' }
    // What was found is its maker's, who may make it anew.
    if (!isOurs(row.group) && found?.name !== base) return { base, state: 'taken' }
  }
  return { base: base ?? '', state: !home || (await isThere(homeOf(hall, network))) ? 'there' : 'gone' }
}

export async function isStanding(hall: Hall, network: Network): Promise<boolean> {
  const raised = raisedOf(hall.store, network)
  return raised !== undefined && (await standingOf(hall, network, raised)).state === 'there'
}

/** A namespace can be entered there. */
export async function isThere(path: string): Promise<boolean> {
  const netns = namespaceAt(path)
  return inode(netns)
    .then(
      () => true,
      () => false,
    )
    .finally(() => netns.close())
}
