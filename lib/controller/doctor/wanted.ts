import type { Network, Sandbox } from '../../model/network.ts'
import { HOST, type Op, type Plan, SANDBOX } from '../../model/op.ts'
import { planAgain, recorded, seatsOf } from '../endpoints/endpoints.ts'
import { rerouting } from '../endpoints/gateway.ts'
import { newNamespace } from '../endpoints/interior.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { Homes } from '../networks/homes.ts'
import { onThisKernel } from '../networks/raising.ts'
import { driverOf, hasDriver } from '../remote/drivers.ts'

/** What the links of a network were made by; rules are another matter (rules.ts). */
export const networkSteps = async (hall: Hall, network: Network): Promise<Plan> =>
  onThisKernel(hall, (await driverOf(hall, network).createNetwork(configOf(hall, network), [])).plan)

/** What a sandbox was made by, but for its namespace. */
export async function sandboxSteps(hall: Hall, sandbox: Sandbox, ipv6: boolean): Promise<Steps> {
  if (sandbox.kind === 'host') return { plan: [], networks: [] }
  const seats = seatsOf(hall, sandbox).filter(({ network }) => hasDriver(hall, network))
  const plan: Op[] = sandbox.kind === 'own' ? newNamespace.filter(({ op }) => op !== 'netns.add') : []
  const homes = new Homes(hall)
  for (const seat of seats) plan.push(...homes.settle(seat.network, await planAgain(hall, seat, ipv6)))
  return { plan: [...plan, ...rerouting([], seats)], networks: homes.paths }
}

/** A plan, and the paths of the namespaces that networks have for themselves. */
export interface Steps {
  readonly plan: Plan
  readonly networks: readonly string[]
}

/** What an endpoint of a container engine was made by; where its link is now is the engine's business. */
export async function engineSteps(hall: Hall, sandbox: Sandbox): Promise<Steps> {
  const homes = new Homes(hall)
  const steps: Op[] = []
  for (const { endpoint, network } of seatsOf(hall, sandbox).filter(({ network }) => hasDriver(hall, network))) {
    const { plan } = await driverOf(hall, network).createEndpoint(configOf(hall, network), recorded(hall, endpoint))
    steps.push(...homes.settle(network, plan))
  }
  return { plan: steps, networks: homes.paths }
}

/** Names of links that plans make in the namespace number `where`, or move there. */
export const madeIn = (plan: Plan, where: number): readonly string[] =>
  plan.flatMap((op) => {
    if (op.op === 'link.set' && 'moveTo' in op && op.moveTo === where) return [op.name ?? String(op.link)]
    if (op.op !== 'link.add') return []
    const near = { name: op.name, at: op.into ?? op.at ?? HOST }
    const ends = op.kind === 'veth' && op.peer ? [near, op.peer] : [near]
    return ends.flatMap(({ at, name }) => (at === where ? [name] : []))
  })

/** Names that links have in the sandbox: those that are born there, and those that are moved in. */
export const broughtBy = (plan: Plan): readonly string[] =>
  plan.flatMap((op) => {
    if (op.op === 'link.add' && op.kind === 'veth' && op.peer?.at === SANDBOX) return [op.peer.name]
    if (op.op !== 'link.set' || op.link === undefined) return []
    return op.moveTo === SANDBOX || (op.at === SANDBOX && op.name !== undefined) ? [op.name ?? String(op.link)] : []
  })
