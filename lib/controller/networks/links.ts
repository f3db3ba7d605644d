import type { LinkRef } from '../../model/op.ts'
import { dump, dumpColumns } from '../../netlink/kernel.ts'
import type { Netns } from '../../netlink/namespace.ts'
import { isGone, NetlinkError } from '../../netlink/refusal.ts'
import type { LinkRow } from '../../netlink/tables.ts'

/** One link; undefined when there is none. The table of all of them costs as much as there are networks and endpoints. */
export async function linkAt(netns: Netns, link: LinkRef): Promise<LinkRow | undefined> {
  try {
    return (await dump(netns, 'link', { link }))[0]
  } catch (error) {
    if (error instanceof NetlinkError && isGone(error.refusal)) return undefined
    throw error
  }
}

/** Names of all links. */
export const linkNames = async (netns: Netns): Promise<ReadonlySet<string>> => new Set((await dumpColumns(netns, 'link')).names.split('\n'))

/** Of several, those that are there. */
export async function linksAt(netns: Netns, links: Iterable<LinkRef>): Promise<readonly LinkRow[]> {
  const found = await Promise.all(Array.from(new Set(links), (link) => linkAt(netns, link)))
  return found.filter((link) => link !== undefined)
}
