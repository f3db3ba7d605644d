import type { Network, Sandbox } from '../../model/network.ts'
import { type Op, type Plan, SANDBOX } from '../../model/op.ts'
import { planAgain, seatsOf } from '../endpoints.ts'
import { rerouting } from '../gateway.ts'
import type { Hall } from '../hall.ts'
import { newNamespace } from '../interior.ts'
import { configOf, onThisKernel } from '../raising.ts'

/** What the links of a network were made by; rules are another matter (rules.ts). */
export const networkSteps = async (hall: Hall, network: Network): Promise<Plan> =>
  onThisKernel(hall, (await hall.drivers.get(network.driver).createNetwork(configOf(hall, network), [])).plan)

/** What a sandbox was made by, but for its namespace. */
export async function sandboxSteps(hall: Hall, sandbox: Sandbox, ipv6: boolean): Promise<Plan> {
  if (sandbox.kind === 'host') return []
  const seats = seatsOf(hall, sandbox).filter(({ network }) => hall.drivers.has(network.driver))
  const plan: Op[] = sandbox.kind === 'own' ? newNamespace.filter(({ op }) => op !== 'netns.add') : []
  for (const seat of seats) plan.push(...(await planAgain(hall, seat, ipv6)))
  return [...plan, ...rerouting([], seats)]
}

/** Names of links of the host, and in the sandbox, that plans make. */
export const madeBy = (plan: Plan): readonly string[] => plan.flatMap((op) => (op.op === 'link.add' ? [op.name] : []))

/** Names that links have in the sandbox: those that are born there, and those that are moved in. */
export const broughtBy = (plan: Plan): readonly string[] =>
  plan.flatMap((op) => {
    if (op.op === 'link.add' && op.kind === 'veth' && op.peer?.at === SANDBOX) return [op.peer.name]
    return op.op === 'link.set' && 'moveTo' in op && op.moveTo === SANDBOX ? [op.name ?? String(op.link)] : []
  })
