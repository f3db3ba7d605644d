import type { Network, Sandbox } from '../../model/network.ts'
import { born, HOST, type Op, type Plan, SANDBOX } from '../../model/op.ts'
import { planAgain, recorded, seatsOf } from '../endpoints.ts'
import { rerouting } from '../gateway.ts'
import type { Hall } from '../hall.ts'
import { newNamespace } from '../interior.ts'
import { configOf, onThisKernel } from '../raising.ts'
import { driverOf, hasDriver } from '../remote/drivers.ts'

/** What the links of a network were made by; rules are another matter (rules.ts). */
export const networkSteps = async (hall: Hall, network: Network): Promise<Plan> =>
  onThisKernel(hall, (await driverOf(hall, network).createNetwork(configOf(hall, network), [])).plan)

/** What a sandbox was made by, but for its namespace. */
export async function sandboxSteps(hall: Hall, sandbox: Sandbox, ipv6: boolean): Promise<Plan> {
  if (sandbox.kind === 'host') return []
  const seats = seatsOf(hall, sandbox).filter(({ network }) => hasDriver(hall, network))
  const plan: Op[] = sandbox.kind === 'own' ? newNamespace.filter(({ op }) => op !== 'netns.add') : []
  for (const seat of seats) plan.push(...(await planAgain(hall, seat, ipv6)))
  return [...plan, ...rerouting([], seats)]
}

/** What an endpoint of a container engine was made by; where its link is now is the engine's business. */
export async function engineSteps(hall: Hall, sandbox: Sandbox): Promise<Plan> {
  const plans = seatsOf(hall, sandbox)
    .filter(({ network }) => hasDriver(hall, network))
    .map(async ({ endpoint, network }) => driverOf(hall, network).createEndpoint(configOf(hall, network), recorded(hall, endpoint)))
  return (await Promise.all(plans)).flatMap(({ plan }) => plan)
}

/** Names of links that plans make in the namespace of their first end. */
export const madeBy = (plan: Plan): readonly string[] =>
  plan.flatMap((op) => {
    if (op.op !== 'link.add' || born(op).at === SANDBOX) return []
    return op.kind === 'veth' && op.peer && op.peer.at === (op.at ?? HOST) ? [op.name, op.peer.name] : [op.name]
  })

/** Names that links have in the sandbox: those that are born there, and those that are moved in. */
export const broughtBy = (plan: Plan): readonly string[] =>
  plan.flatMap((op) => {
    if (op.op === 'link.add' && op.kind === 'veth' && op.peer?.at === SANDBOX) return [op.peer.name]
    if (op.op !== 'link.set' || op.link === undefined) return []
    return op.moveTo === SANDBOX || (op.at === SANDBOX && op.name !== undefined) ? [op.name ?? String(op.link)] : []
  })
