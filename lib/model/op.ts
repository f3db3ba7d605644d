import type { ConntrackDelMany, FilterAdd, LinkAdd, LinkDel, LinkRef, LinkSet, Op, XfrmStateDel, XfrmStatePut } from '../../binding.d.ts'

export type { ConntrackDelMany, FilterAdd, LinkAdd, LinkDel, LinkRef, LinkSet, Op }

/** Number of the namespace in which the controller plays host. */
export const HOST = 0
/** Number of the sandbox's namespace. */
export const SANDBOX = 1
/** Number of the namespace that a network has for itself; those of further networks in the same plan have the next ones. */
export const NETWORK = 2

/** Steps towards the kernel, as plain data: they print, they can be taken back, and nobody has to carry them out. */
export type Plan = readonly Op[]

/** What takes one op back, given that it was carried out. */
export function inverse(op: Op): Plan {
  if (op.undo) return op.undo
  const at = op.at === undefined ? {} : { at: op.at }
  switch (op.op) {
    case 'link.add':
      return [{ ...at, ...(op.into === undefined ? {} : { at: op.into }), op: 'link.del', link: op.name }]
    case 'addr.add':
      return [{ ...op, op: 'addr.del' }]
    case 'addr.addMany':
      return [{ ...op, op: 'addr.delMany' }]
    case 'route.add':
      return [{ ...op, op: 'route.del' }]
    case 'route.addMany':
      return [{ ...op, op: 'route.delMany' }]
    case 'neigh.add':
      return [{ ...op, op: 'neigh.del' }]
    case 'neigh.addMany':
      return [{ ...op, op: 'neigh.delMany' }]
    case 'fdb.add':
    case 'fdb.append':
      return [{ ...op, op: 'fdb.del' }]
    case 'fdb.addMany':
    case 'fdb.appendMany':
      return [{ ...op, op: 'fdb.delMany' }]
    case 'nexthop.add':
      return [{ ...at, op: 'nexthop.del', id: op.id }]
    case 'vni.add':
      return [{ ...op, op: 'vni.del' }]
    case 'vlan.add':
      return [{ ...op, op: 'vlan.del' }]
    case 'rule.add':
      return [{ ...op, op: 'rule.del' }]
    case 'qdisc.add':
      return [{ ...op, op: 'qdisc.del' }]
    case 'class.add':
      return [{ ...op, op: 'class.del' }]
    case 'filter.add':
      return [{ ...op, op: 'filter.del' }]
    case 'xfrm.policy.add':
      return [{ ...op, op: 'xfrm.policy.del' }]
    case 'xfrm.state.add':
      return [{ ...at, ...xfrmStateId(op), op: 'xfrm.state.del' }]
    case 'netns.add':
      return [{ ...at, op: 'netns.del' }]
    default:
      return []
  }
}

/** What is to be taken back is written down: keys are not. */
const xfrmStateId = ({ dst, proto, spi, mark, mask }: XfrmStatePut): Omit<XfrmStateDel, 'op'> => ({
  dst,
  proto,
  spi,
  ...(mark === undefined ? {} : { mark }),
  ...(mask === undefined ? {} : { mask }),
})

const hasKey = ({ op }: Op): boolean => op === 'xfrm.state.add' || op === 'xfrm.state.replace' || op === 'wireguard.sync'

/** As much of a plan as may be written down: steps that have keys may not, be it those that take others back. */
export const withoutKeys = (plan: Plan): Plan =>
  plan.filter((op) => !hasKey(op)).map((op) => (op.undo ? { ...op, undo: withoutKeys(op.undo) } : op))

/** The plan of one network among others: with its namespace as number `to`. */
export const inNamespace = (plan: Plan, to: number): Plan => (to === NETWORK ? plan : renumbered(plan, (at) => (at === NETWORK ? to : at)))

/** A plan among others, which has other numbers for its namespaces there. */
export const renumbered = (plan: Plan, number: (at: number) => number): Plan => plan.map((op) => moved(op, number))

function moved(op: Op, number: (at: number) => number): Op {
  const whole: Op = {
    ...op,
    ...(op.at === undefined ? {} : { at: number(op.at) }),
    ...(op.undo ? { undo: renumbered(op.undo, number) } : {}),
  }
  if (whole.op === 'link.set' && whole.link !== undefined && whole.moveTo !== undefined) return { ...whole, moveTo: number(whole.moveTo) }
  if (whole.op !== 'link.add') return whole
  const born = whole.into === undefined ? whole : { ...whole, into: number(whole.into) }
  return born.kind === 'veth' && born.peer ? { ...born, peer: { ...born.peer, at: number(born.peer.at) } } : born
}

/** What takes the first `done` ops back, last one first. */
export const undoOf = (plan: Plan, done = plan.length): Plan => plan.slice(0, done).reverse().flatMap(inverse)
