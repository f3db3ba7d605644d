import { parseCidr } from '../../model/address.ts'
import { LINK_GROUP, macBytes } from '../../model/ids.ts'
import type { Endpoint, Network, Sandbox } from '../../model/network.ts'
import { macText } from '../../model/words.ts'
import { dump } from '../../netlink/kernel.ts'
import { type Netns, namespaceAt } from '../../netlink/namespace.ts'
import { isGone, NetlinkError } from '../../netlink/refusal.ts'
import type { LinkRow } from '../../netlink/tables.ts'
import type { Seat } from './gateway.ts'

/**
 * What the link of an endpoint is called inside by now; undefined: it is not there. Who is at home in a sandbox may rename it, and
 * in the place of one that was joined there may be another, whose links are none of our business.
 */
export async function nameInside(path: string, endpoint: Endpoint): Promise<string | undefined> {
  const netns = namespaceAt(path)
  try {
    const links = (await dump(netns, 'link')).filter(({ group }) => group === LINK_GROUP)
    return (await itsLink(netns, endpoint, links))?.name
  } catch (error) {
    if (error instanceof NetlinkError && isGone(error.refusal)) return undefined
    throw error
  } finally {
    netns.close()
  }
}

/**
 * Those of a sandbox's seats whose links are inside, with the names that they have there. In a namespace of ours that is what the
 * records say; in the place of one that was joined there may be another, and its routes are none of our business either.
 */
export async function seatsInside({ kind, path }: Sandbox, seats: readonly Seat[]): Promise<readonly Seat[]> {
  if (kind !== 'joined' || seats.length === 0) return seats
  const netns = namespaceAt(path)
  try {
    const links = await dump(netns, 'link')
    const marked = links.filter(({ group }) => group === LINK_GROUP)
    const named = await Promise.all(
      seats.map(async ({ endpoint, network }) => {
        const link = (await itsLink(netns, endpoint, marked)) ?? links.find((other) => isUnmarked(endpoint, network, other))
        return link ? [{ network, endpoint: { ...endpoint, ifname: link.name } }] : []
      }),
    )
    return named.flat()
  } catch (error) {
    if (error instanceof NetlinkError && isGone(error.refusal)) return []
    throw error
  } finally {
    netns.close()
  }
}

/** A link that was moved in may not bear our mark. */
const isUnmarked = ({ mac, ifname }: Endpoint, { plugin }: Network, link: LinkRow): boolean =>
  mac === '' ? plugin === true && link.name === ifname : link.mac === macText(macBytes(mac))

/** By its MAC address, which is nobody else's; of a link that has none of its own, or another by now, by what else is known. */
async function itsLink(netns: Netns, endpoint: Endpoint, links: readonly LinkRow[]): Promise<LinkRow | undefined> {
  const { mac, ifname } = endpoint
  const known = mac === '' ? undefined : links.find((link) => link.mac === macText(macBytes(mac)))
  return known ?? links.find(({ name }) => name === ifname) ?? (await addressed(netns, endpoint, links))
}

async function addressed(netns: Netns, { address, address6 }: Endpoint, links: readonly LinkRow[]): Promise<LinkRow | undefined> {
  if (links.length === 0) return undefined
  const own = [address, address6].flatMap((text) => parseCidr(text ?? '') ?? [])
  const rows = (await dump(netns, 'address')).filter((row) =>
    own.some(({ family, value }) => row.address.family === family && row.address.value === value),
  )
  return links.find(({ index }) => rows.some(({ link }) => link === index))
}
