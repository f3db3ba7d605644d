import { unpublish } from '../../firewall/firewall.ts'
import { fault } from '../../model/errors.ts'
import type { Id } from '../../model/ids.ts'
import type { Sandbox } from '../../model/network.ts'
import { SANDBOX } from '../../model/op.ts'
import { releaseAddresses } from '../endpoints/addresses.ts'
import { openingsOf, planDeparture, seatsOf } from '../endpoints/endpoints.ts'
import type { Seat } from '../endpoints/gateway.ts'
import type { Work } from '../execution/commit.ts'
import { merged } from '../execution/merged.ts'
import { type Asked, type Outcomes, outcomeOf } from '../execution/turns.ts'
import { commitAndMend } from '../guard/mend.ts'
import type { Hall } from '../hall.ts'
import { ownSandbox } from '../lookup.ts'
import { Homes } from '../networks/homes.ts'
import { lowerIdle } from '../networks/networks.ts'
import { settlePeers } from '../overlay/peers.ts'
import { leaving } from '../remote/network.ts'
import { shareOf } from '../swarm/shares.ts'

/** More in one piece would hold the kernel's lock for longer than 200 ms, and ask much of one transaction. */
const MOST = 512

/** What takes a sandbox from some of its seats; from all of them, it goes too. */
export interface Removal {
  readonly sandbox: Sandbox
  /** Those that it leaves. */
  readonly seats: readonly Seat[]
  readonly work: Work
}

/**
 * Carries removals out as one piece of work. Answers with what the kernel had against each, in their order; all else is done.
 * When it throws, that is true of all of them.
 */
export async function carryOut(hall: Hall, removals: readonly Removal[]): Promise<readonly (Error | undefined)[]> {
  if (removals.length === 0) return []
  const { work, pieceOf } = merged(removals.map((removal) => removal.work))
  const refusals = await commitAndMend(hall, work).finally(() => forget(hall, removals))
  await lowerIdle(
    hall,
    removals.flatMap(({ seats }) => seats.map(({ network }) => network)),
  )
  return removals.map((_, piece) => refusals.find(({ step }) => (pieceOf(step) ?? piece) === piece))
}

/**
 * Takes many things away, as many at a time as make one piece of work; what is refused of one does not keep the others. `planOf`
 * answers with the removal that each of them is part of.
 */
export async function inPieces<I>(
  hall: Hall,
  all: readonly Asked<I>[],
  planOf: (some: readonly Asked<I>[]) => Promise<Outcomes<Removal>>,
): Promise<Outcomes<Removal>> {
  const outcomes: PromiseSettledResult<Removal>[] = []
  for (let from = 0; from < all.length; from += MOST) outcomes.push(...(await carriedOut(hall, await planOf(all.slice(from, from + MOST)))))
  return outcomes
}

async function carriedOut(hall: Hall, planned: Outcomes<Removal>): Promise<Outcomes<Removal>> {
  // Two of them may be one: a sandbox that leaves two networks.
  const removals = [...new Set(planned.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])))]
  const done = await outcomeOf(() => carryOut(hall, removals))
  return planned.map((outcome) => {
    if (outcome.status === 'rejected') return outcome
    if (done.status === 'rejected') return done
    const reason = done.value[removals.indexOf(outcome.value)]
    return reason ? { status: 'rejected', reason } : outcome
  })
}

/** Each by itself is refused, or is gone: one does not keep the others. */
export async function removeSandboxes(hall: Hall, all: readonly Asked<string>[]): Promise<Outcomes<Sandbox>> {
  const going = new Set<Id>()
  const plan = async ({ what, signal }: Asked<string>): Promise<Removal> => {
    signal?.throwIfAborted()
    const sandbox = ownSandbox(hall, what)
    if (going.has(sandbox.id)) throw fault('SANDBOX_NOT_FOUND', { name: what })
    const removal = await planRemoval(hall, sandbox)
    going.add(sandbox.id)
    return removal
  }
  const outcomes = await inPieces(hall, all, async (some) => {
    const planned: PromiseSettledResult<Removal>[] = []
    for (const asked of some) planned.push(await outcomeOf(() => plan(asked)))
    return planned
  })
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? { ...outcome, value: outcome.value.sandbox } : outcome))
}

export async function removeSandbox(hall: Hall, ref: string): Promise<Sandbox> {
  const removal = await planRemoval(hall, ownSandbox(hall, ref))
  const [refusal] = await carryOut(hall, [removal])
  if (refusal) throw refusal
  return removal.sandbox
}

async function planRemoval(hall: Hall, sandbox: Sandbox): Promise<Removal> {
  const seats = seatsOf(hall, sandbox)
  const plan = [...unpublish(openingsOf(hall, sandbox.ports, seats))]
  const homes = new Homes(hall)
  for (const seat of seats) plan.push(...homes.settle(seat.network, await planDeparture(hall, seat, sandbox.kind !== 'own')))
  if (sandbox.kind === 'own') plan.push({ op: 'netns.del', at: SANDBOX })
  const record = () => {
    for (const { endpoint } of seats) hall.store.endpoints.delete(endpoint.id)
    hall.store.sandboxes.delete(sandbox.id)
  }
  const told = leaving(sandbox, seats, [])
  return { sandbox, seats, work: { way: 'down', plan, ...told, sandbox: sandbox.path, networks: homes.paths, record } }
}

/** What follows when the records no longer have an endpoint, whether or not every step in the kernel went through. */
async function forget(hall: Hall, removals: readonly Removal[]): Promise<void> {
  const left = removals.flatMap(({ sandbox, seats }) => seats.map((seat) => ({ ...seat, sandbox })))
  const gone = left.filter(({ endpoint }) => !hall.store.endpoints.get(endpoint.id))
  const { session } = hall.swarm
  const shared = gone.filter(({ network }) => hall.swarm.has(network))
  await session?.withdraw(shared.map(({ endpoint, sandbox }) => shareOf(session.membership, endpoint, sandbox.name)))
  for (const { network, endpoint, sandbox } of gone) {
    await releaseAddresses(hall, network, endpoint)
    await settlePeers(hall, { network, endpoint })
    hall.tell('disconnect', network, { container: sandbox.id })
  }
}
