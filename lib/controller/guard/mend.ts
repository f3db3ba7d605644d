import { constants } from 'node:os'
import { probe, rebuild } from '../../firewall/firewall.ts'
import type { Network } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import type { Wall } from '../../model/wall.ts'
import { NetlinkError } from '../../netlink/refusal.ts'
import { openingsOf, seatsOf } from '../endpoints/endpoints.ts'
import type { Work } from '../execution/commit.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { ownerOf, refuse, stranger } from '../networks/owner.ts'
import { walledLink } from '../networks/raised.ts'
import { uplinksOf } from '../networks/ways.ts'
import { driverOf } from '../remote/drivers.ts'

/** The whole firewall again, as the records have it; nothing where no network has a wall. */
export async function rebuilt(hall: Hall): Promise<Plan> {
  const walls = await raisedWalls(hall)
  if (walls.length === 0) return []
  const openings = hall.store.sandboxes.list().flatMap((sandbox) => openingsOf(hall, sandbox.ports, seatsOf(hall, sandbox)))
  return rebuild(
    walls.map(({ wall }) => wall),
    uplinksOf(hall),
    openings,
    ownerOf(hall),
  )
}

/** Networks that have their links, and walls around them. */
export async function raisedWalls(hall: Hall): Promise<readonly { readonly network: Network; readonly wall: Wall }[]> {
  const walls: { network: Network; wall: Wall }[] = []
  for (const network of hall.store.networks.list()) {
    if (walledLink(hall, network) === undefined) continue
    const { wall } = await driverOf(hall, network).deleteNetwork(configOf(hall, network))
    if (wall) walls.push({ network, wall })
  }
  return walls
}

/** Throws NAMESPACE_OWNED. */
export async function reloadFirewall(hall: Hall, signal?: AbortSignal): Promise<void> {
  await hall.commit({ way: 'up', plan: await rebuiltInPeace(hall), record: () => {} }, signal)
}

/** Another controller may have come while somebody had flushed our rules. */
async function rebuiltInPeace(hall: Hall): Promise<Plan> {
  refuse(hall, await stranger(hall))
  return rebuilt(hall)
}

/** Our rules anew if somebody has flushed them. */
export const checkFirewall = (hall: Hall): Promise<void> => probing(hall, { way: 'up', plan: [], record: () => {} })

/** Commits work that builds on the firewall, if it builds anything. */
export const commitOnWalls = (hall: Hall, work: Work, signal?: AbortSignal): Promise<void> =>
  work.plan.length === 0 ? hall.commit(work, signal) : probing(hall, work, signal)

/**
 * The first step asks whether the firewall still stands, which costs one element and no round trip; where somebody has flushed it,
 * it is rebuilt in the same work.
 */
async function probing(hall: Hall, work: Work, signal?: AbortSignal): Promise<void> {
  const link = linkOfSome(hall)
  if (link === undefined) return hall.commit(work, signal)
  try {
    await hall.commit({ ...work, plan: [...probe(link), ...work.plan] }, signal)
  } catch (error) {
    if (!isFlushed(error)) throw error
    await hall.commit({ ...work, plan: [...(await rebuiltInPeace(hall)), ...work.plan] }, signal)
  }
}

/**
 * Commits work that takes something away, and sees to it that what is left of the firewall stands: where rules were flushed, or
 * are not what they should be, they are written anew. Answers with what else the kernel refused; all other steps were done.
 */
export async function commitAndMend(hall: Hall, work: Work): Promise<readonly NetlinkError[]> {
  const all: NetlinkError[] = []
  await hall.commit({ ...work, refused: (refusals) => all.push(...refusals) })
  const others = all.filter(({ refusal }) => refusal.request !== 'nft')
  // A port that was to be closed leads elsewhere.
  if (others.length < all.length) await reloadFirewall(hall)
  if (linkOfSome(hall) !== undefined) await checkFirewall(hall)
  return others
}

function linkOfSome(hall: Hall): string | undefined {
  const network = hall.store.networks.list().find((candidate) => walledLink(hall, candidate) !== undefined)
  return network && walledLink(hall, network)
}

const isFlushed = (error: unknown): boolean =>
  error instanceof NetlinkError && error.refusal.request === 'nft' && error.errno === -constants.errno.ENOENT
