import { isOurs } from '../../model/ids.ts'
import { HOST, type Op, type Plan } from '../../model/op.ts'
import type { Netns } from '../../netlink/namespace.ts'
import type { Hall } from '../hall.ts'
import { linksAt } from './links.ts'

/** A host has one link for a VLAN of a parent, however many networks are on it: the first makes it, the last takes it away. */
export const sharedIn = (plan: Plan): readonly string[] =>
  plan.flatMap((op) => (op.op === 'link.add' && op.kind === 'vlan' ? [op.name] : []))

/** Steps that make a network, but for links that it shares with others and that are there. */
export async function withoutShared(hall: Hall, plan: Plan): Promise<Plan> {
  const there = (await linksAt(hall.host, sharedIn(plan))).filter(({ group }) => isOurs(group)).map(({ name }) => name)
  return there.length === 0 ? plan : plan.filter((op) => !there.some((name) => isAbout(op, name)))
}

function isAbout(op: Op, name: string): boolean {
  if (op.op === 'link.add') return op.name === name
  if (op.op === 'sysctl') return op.path.split('/').includes(name)
  return op.op === 'link.set' && op.link === name
}

/**
 * Steps that take something away, but for those on links that somebody has made in the place of ours. `places` are the namespaces
 * of the steps.
 */
export async function sparingForeign(places: readonly Netns[], plan: Plan): Promise<Plan> {
  const foreign = await Promise.all(places.map((place, at) => foreignIn(place, ownNames(plan, at))))
  return plan.filter((op) => !('link' in op && foreign[op.at ?? HOST]?.has(String(op.link))))
}

async function foreignIn(place: Netns, names: Iterable<string>): Promise<ReadonlySet<string>> {
  const links = await linksAt(place, names)
  return new Set(links.filter(({ group }) => !isOurs(group)).map(({ name }) => name))
}

/**
 * Names by which steps mean links of ours: on a host those that they delete, for they also change what was adopted; elsewhere all
 * but what they move out, which a plugin may have made.
 */
function ownNames(plan: Plan, place: number): ReadonlySet<string> {
  const here = plan.filter(({ at = HOST }) => at === place)
  const isMeant = (op: Op) => (place === HOST ? op.op === 'link.del' : 'link' in op)
  const names = (ops: Plan) => ops.flatMap((op) => ('link' in op && op.link !== undefined ? [String(op.link)] : []))
  const movedOut = new Set(names(here.filter((op) => 'moveTo' in op && op.moveTo !== undefined)))
  return new Set(names(here.filter(isMeant)).filter((name) => !movedOut.has(name)))
}

/** Steps that take a network away, but for links that `others` need. */
export function sparingShared(plan: Plan, others: readonly Plan[]): Plan {
  const needed = new Set(others.flatMap(sharedIn))
  return plan.filter((op) => op.op !== 'link.del' || !needed.has(String(op.link)))
}

/** Steps that make a network; when they are taken back, the policies that keep encrypted frames in stay where others need them. */
export const keepingShield = (plan: Plan, isNeeded: () => boolean): Plan =>
  plan.some(isShielding) && isNeeded() ? plan.map((op) => (isShielding(op) ? { ...op, undo: [] } : op)) : plan

/** Steps that take a network away, but for those policies, where others need them. */
export const sparingShield = (plan: Plan, isNeeded: () => boolean): Plan =>
  plan.some(isUnshielding) && isNeeded() ? plan.filter((op) => !isUnshielding(op)) : plan

const isShielding = ({ op }: Op): boolean => op === 'xfrm.policy.replace'
const isUnshielding = ({ op }: Op): boolean => op === 'xfrm.policy.del'
