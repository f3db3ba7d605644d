import { fault } from '../../model/errors.ts'
import { isOurs } from '../../model/ids.ts'
import type { Network } from '../../model/network.ts'
import { inode, namespaceAt } from '../../netlink/namespace.ts'
import type { Hall } from '../hall.ts'
import { homeOf } from './homes.ts'
import { linkAt } from './links.ts'
import { type Raised, raisedOf } from './raised.ts'

/** All that a raised network stands on is there. */
export async function isStanding(hall: Hall, network: Network): Promise<boolean> {
  const raised = raisedOf(hall.store, network)
  if (!raised || (await baseOf(hall, raised)).state !== 'there') return false
  return !raised.home || (await isThere(homeOf(hall, network)))
}

/** Throws LINK_TAKEN. */
export async function checkBase(hall: Hall, network: Network, raised: Raised): Promise<void> {
  const { state, name: link } = await baseOf(hall, raised)
  if (state === 'taken') throw fault('LINK_TAKEN', { network: network.name, link })
}

interface Base {
  /** '' where the network has none. */
  readonly name: string
  /** Taken: we made one, and this one is somebody else's. */
  readonly state: 'there' | 'gone' | 'taken'
}

export async function baseOf(hall: Hall, { link, base = link, found }: Raised): Promise<Base> {
  if (base === undefined) return { name: '', state: 'there' }
  const row = await linkAt(hall.host, base)
  // What was found is its maker's, who may make it anew.
  const isRight = row && (isOurs(row.group) || found?.name === base)
  return { name: base, state: isRight ? 'there' : row ? 'taken' : 'gone' }
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
