import { join } from 'node:path'
import { publish, unpublish } from '../../firewall/firewall.ts'
import { fault } from '../../model/errors.ts'
import { type Id, newId, shortId } from '../../model/ids.ts'
import type { Endpoint, Network, Sandbox, SandboxKind } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import type { Attachment, CreateSandbox } from '../../model/request.ts'
import type { Opening } from '../../model/wall.ts'
import { inode, namespaceAt } from '../../netlink/namespace.ts'
import { NetlinkError } from '../../netlink/refusal.ts'
import { Claims } from '../endpoints/addresses.ts'
import { openingsOf, planDeparture, planEndpoint, seatsOf, warnOfPorts } from '../endpoints/endpoints.ts'
import { asFarAsKnown, type Facts, goneOf } from '../endpoints/facts.ts'
import { rerouting, type Seat } from '../endpoints/gateway.ts'
import { newNamespace } from '../endpoints/interior.ts'
import { lacksWayOut, planWayOut } from '../endpoints/way-out.ts'
import { seatsInside } from '../endpoints/whereabouts.ts'
import { type Asked, type Outcomes, outcomeOf } from '../execution/turns.ts'
import { commitOnWalls } from '../guard/mend.ts'
import type { Hall } from '../hall.ts'
import { findNetwork, ownNetwork, ownSandbox } from '../lookup.ts'
import { Homes } from '../networks/homes.ts'
import { raise } from '../networks/raising.ts'
import { settlePeers } from '../overlay/peers.ts'
import { forgetOpened } from '../ports/connections.ts'
import { heldByProcesses, settlePorts } from '../ports/host-ports.ts'
import { checkPort, checkSpots, type Held, spotKey } from '../ports/ports.ts'
import { settleWith } from '../remote/ipam.ts'
import { namespaceFirst, type Steps } from '../remote/namespace.ts'
import { leaving, turning } from '../remote/network.ts'
import { insist } from '../swarm/insist.ts'
import { askForUnheard } from '../swarm/unheard.ts'
import { ownerOf } from './processes.ts'
import { carryOut, inPieces, type Removal } from './removal.ts'

export async function createSandbox(hall: Hall, request: CreateSandbox, signal?: AbortSignal): Promise<Sandbox> {
  const attachments = request.networks ?? [{ network: 'bridge' }]
  const refs = attachments.map(({ network }) => network)
  await askForUnheard(hall, refs)
  const networks = refs.map((ref) => ownNetwork(hall, ref))
  const id = newId()
  const name = checkName(hall, request.name ?? shortId(id))
  checkCompany(networks, name)
  request.ports?.forEach(checkPort)
  const kind = await kindOf(hall, request, networks)
  const settled = await settlePorts(hall, request.ports ?? [])
  const sandbox: Sandbox = {
    id,
    name,
    kind,
    path: kind === 'own' ? join(hall.run, 'netns', shortId(id)) : kind === 'joined' ? (request.path ?? '') : hall.host.path,
    created: new Date().toISOString(),
    labels: request.labels ?? {},
    ports: settled.ports,
    ...(request.owner === undefined ? {} : { owner: ownerOf(request.owner) }),
  }
  const record = () => {
    hall.store.sandboxes.put(sandbox)
    settled.record()
  }
  const first = { plan: kind === 'own' ? newNamespace : [], record }
  const seat = (steps: Steps) => attach(hall, sandbox, attachments, steps, signal)
  await (kind === 'own' && networks.some(({ plugin }) => plugin) ? namespaceFirst(hall, sandbox, first, seat, signal) : seat(first))
  return sandbox
}

function checkName(hall: Hall, name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    throw fault('INVALID_NAME', { reason: `${JSON.stringify(name)}: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed` })
  }
  if (hall.store.sandboxes.with('name', name).length > 0) throw fault('SANDBOX_EXISTS', { name })
  return name
}

/** `host` and `none` do not share a sandbox with any other network. */
function checkCompany(networks: readonly Network[], sandbox: string): void {
  const configuration = networks.find(({ configOnly }) => configOnly)
  if (configuration) throw fault('CONFIG_CONNECT', { name: configuration.name })
  const drivers = networks.map(({ driver }) => driver)
  if (networks.length < 2) return
  if (drivers.includes('host')) throw fault('HOST_SHARED', {})
  if (drivers.includes('null')) throw fault('NONE_PRIVATE', {})
  const twice = networks.find(({ id }, index) => networks.findIndex((other) => other.id === id) < index)
  if (twice) throw fault('ALREADY_CONNECTED', { sandbox, network: twice.name })
}

async function kindOf(hall: Hall, { path }: CreateSandbox, networks: readonly Network[]): Promise<SandboxKind> {
  if (networks.some(({ driver }) => driver === 'host')) return 'host'
  if (path === undefined) return 'own'
  if ((await inodeAt(path)) !== (await inode(hall.host))) return 'joined'
  if (networks.length > 0) throw fault('HOST_SHARED', {})
  return 'host'
}

/** Throws NAMESPACE_NOT_FOUND. */
export async function inodeAt(path: string): Promise<bigint> {
  try {
    using netns = namespaceAt(path)
    return await inode(netns)
  } catch (error) {
    throw fault('NAMESPACE_NOT_FOUND', { path, reason: error instanceof NetlinkError ? error.words : (error as Error).message }, error)
  }
}

export async function connect(hall: Hall, attachment: Attachment, ref: string, signal?: AbortSignal): Promise<Endpoint> {
  const sandbox = ownSandbox(hall, ref)
  await askForUnheard(hall, [attachment.network])
  const network = ownNetwork(hall, attachment.network)
  const seats = seatsOf(hall, sandbox)
  if (seats.some((seat) => seat.network.id === network.id))
    throw fault('ALREADY_CONNECTED', { sandbox: sandbox.name, network: network.name })
  if (network.driver === 'host') throw fault('HOST_CONNECT', {})
  if (sandbox.kind === 'host') throw fault('HOST_SHARED', {})
  checkCompany([network, ...seats.map((seat) => seat.network)], sandbox.name)
  const [seat] = await attach(hall, sandbox, [attachment], { plan: [], record: () => {} }, signal)
  if (!seat) throw fault('NOT_CONNECTED', { sandbox: sandbox.name, network: network.name })
  return seat.endpoint
}

export async function checkAlive(sandbox: Sandbox): Promise<void> {
  if (sandbox.kind === 'host') return
  await inodeAt(sandbox.path).catch((error) => {
    throw goneOf(sandbox, error)
  })
}

/** Seats a sandbox at networks; again, where another node of the swarm was faster with an address, or the records did not know all. */
function attach(
  hall: Hall,
  sandbox: Sandbox,
  attachments: readonly Attachment[],
  first: Steps,
  signal?: AbortSignal,
  leaving: readonly Seat[] = [],
): Promise<readonly Seat[]> {
  const networks = attachments.map(({ network }) => findNetwork(hall, network))
  const closed = networks.find((network) => hall.swarm.has(network) && !network.attachable)
  if (closed) throw fault('NETWORK_NOT_ATTACHABLE', { name: closed.name })
  const make = (facts: Facts) => seat(hall, sandbox, attachments, first, facts, signal, leaving)
  return insist(hall, networks, () => asFarAsKnown(hall, { sandbox, networks, isNew: first.plan.length > 0 }, make))
}

/**
 * All in one piece of work: links, addresses, default routes, published ports, records; and at the gateway
 * network, if it has no way out without it. `leaving`: where it is not going to be much longer.
 */
async function seat(
  hall: Hall,
  sandbox: Sandbox,
  attachments: readonly Attachment[],
  first: Steps,
  facts: Facts,
  signal?: AbortSignal,
  leaving: readonly Seat[] = [],
): Promise<readonly Seat[]> {
  const before = seatsOf(hall, sandbox)
  await settleWith(
    hall,
    attachments.map(({ network }) => findNetwork(hall, network)),
  )
  const staying = before.filter(({ endpoint }) => leaving.every((seat) => seat.endpoint.id !== endpoint.id))
  const way = async (attachment: Attachment) => {
    const network = findNetwork(hall, attachment.network)
    return { attachment, network, raised: await raise(hall, network, facts.unseen) }
  }
  // What there is to be known, in one go.
  const [ipv6, ...ways] = await Promise.all([hall.hasIPv6(), ...attachments.map(way)])
  const taken = new Set(facts.taken)
  const claims = new Claims()
  const seated: Seat[] = []
  try {
    const plan = [...first.plan]
    const seats: Seat[] = []
    const records = [first.record]
    const homes = new Homes(hall)
    for (const { attachment, network, raised } of ways) {
      const seating = await planEndpoint(hall, network, raised.config, attachment, { sandbox, taken, ipv6 }, claims, signal)
      taken.add(seating.seat.endpoint.ifname)
      plan.push(...homes.settle(network, [...raised.plan, ...seating.plan]))
      seats.push(seating.seat)
      records.push(raised.record)
    }
    if (lacksWayOut(hall, [...staying, ...seats]) && !staying.some(isWayOut)) {
      const wayOut = await planWayOut(hall, { sandbox, taken, ipv6 }, claims)
      plan.push(...wayOut.plan)
      seats.push(wayOut.seat)
      records.push(wayOut.record)
    }
    const after = [...before, ...seats]
    const inside = await seatsInside(sandbox, before)
    plan.push(
      ...rerouting(inside, [...inside, ...seats]),
      ...(await republish(hall, { sandbox, seats: before }, { sandbox, seats: after })),
    )
    const record = () => {
      for (const { endpoint } of seats) hall.store.endpoints.put(endpoint)
      for (const write of records) write()
    }
    const shares = seats.filter(({ network }) => hall.swarm.has(network)).map(({ endpoint }) => endpoint)
    const agreement = shares.length > 0 ? hall.swarm.present.agreement(shares, sandbox) : undefined
    const { closed, opened } = turning(sandbox, before, after)
    const turns = [...closed, ...opened]
    await commitOnWalls(
      hall,
      { way: 'up', plan, sandbox: sandbox.path, networks: homes.paths, turns, record, ...(agreement ? { agreement } : {}) },
      signal,
    )
    warnOfPorts(hall, sandbox, after)
    seated.push(...seats)
  } catch (error) {
    await claims.release()
    throw error
  }
  for (const seat of seated) {
    await settlePeers(hall, seat)
    hall.tell('connect', seat.network, { container: sandbox.id })
    hall.announcer.announce(sandbox, seat)
  }
  const now = [...staying, ...seated]
  const idle = lacksWayOut(hall, now) ? [] : now.filter(isWayOut)
  if (idle.length > 0) {
    const [refusal] = await carryOut(hall, [await planLeave(hall, sandbox, idle)])
    if (refusal) throw refusal
  }
  return seated
}

/** A sandbox with its ports, and where it sits. */
export interface Seated {
  readonly sandbox: Sandbox
  readonly seats: readonly Seat[]
}

/** Moves published ports along with the gateways; what stays the same is not touched. */
export async function republish(hall: Hall, before: Seated, { sandbox, seats }: Seated): Promise<Plan> {
  const had = openingsOf(hall, before.sandbox.ports, before.seats)
  const wanted = openingsOf(hall, sandbox.ports, seats)
  const added = wanted.filter(notIn(had, opening))
  // What only leads elsewhere from now on was its own before.
  const taken = added.filter(notIn(had, spot)).filter(({ hostPort }) => hostPort !== 0)
  checkSpots(wanted, heldByOthers(hall, sandbox, wanted), sandbox.name)
  if (taken.length > 0) checkSpots(taken, await heldByProcesses(hall, taken), sandbox.name)
  return [...unpublish(had.filter(notIn(wanted, opening))), ...publish(added), ...forgetOpened(added)]
}

const opening = (whole: Opening): string => JSON.stringify(whole)
const spot = ({ protocol, hostIP, hostPort }: Opening): string => `${protocol} ${hostIP} ${hostPort}`

function notIn(openings: readonly Opening[], name: (opening: Opening) => string): (candidate: Opening) => boolean {
  const known = new Set(openings.map(name))
  return (candidate) => !known.has(name(candidate))
}

/** Ways into other sandboxes that could be in the way of `wanted`. */
function heldByOthers(hall: Hall, self: Sandbox, wanted: readonly Opening[]): readonly Held[] {
  const near = new Set(wanted.map(spotKey))
  return hall.store.sandboxes
    .list()
    .filter(({ id, ports }) => id !== self.id && ports.some((port) => near.has(spotKey(port))))
    .flatMap((other) =>
      openingsOf(hall, other.ports, seatsOf(hall, other)).map((held) => ({ ...held, holder: () => `sandbox ${other.name}` })),
    )
}

export interface Leave {
  readonly network: string
  readonly sandbox: string
}

/** Each by itself is refused, or done. A sandbox that leaves several networks does so at once. */
export const disconnectAll = (hall: Hall, all: readonly Asked<Leave>[]): Promise<Outcomes<Removal>> =>
  inPieces(hall, all, async (some) => {
    const parting = new Map<Id, { readonly sandbox: Sandbox; readonly seats: readonly Seat[] }>()
    const find = ({ what, signal }: Asked<Leave>): Id => {
      signal?.throwIfAborted()
      const { sandbox, seat } = seatLeft(hall, what)
      const seats = parting.get(sandbox.id)?.seats ?? []
      if (seats.some(({ network }) => network.id === seat.network.id)) throw notConnected(sandbox, seat.network)
      parting.set(sandbox.id, { sandbox, seats: [...seats, seat] })
      return sandbox.id
    }
    const found = await Promise.all(some.map((asked) => outcomeOf(() => find(asked))))
    const planned = new Map<Id, PromiseSettledResult<Removal>>()
    for (const [id, { sandbox, seats }] of parting) planned.set(id, await outcomeOf(() => planParting(hall, sandbox, seats)))
    return found.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome] : (planned.get(outcome.value) ?? [])))
  })

export async function disconnect(hall: Hall, network: string, sandbox: string): Promise<void> {
  const [outcome] = await disconnectAll(hall, [{ what: { network, sandbox } }])
  if (outcome?.status === 'rejected') throw outcome.reason
}

function seatLeft(hall: Hall, what: Leave): { readonly sandbox: Sandbox; readonly seat: Seat } {
  const network = ownNetwork(hall, what.network)
  const sandbox = ownSandbox(hall, what.sandbox)
  if (network.driver === 'host' && sandbox.kind === 'host') throw fault('HOST_DISCONNECT', {})
  const seat = seatsOf(hall, sandbox).find((candidate) => candidate.network.id === network.id && !isWayOut(candidate))
  if (!seat) throw notConnected(sandbox, network)
  return { sandbox, seat }
}

const notConnected = (sandbox: Sandbox, network: Network) => fault('NOT_CONNECTED', { sandbox: sandbox.name, network: network.name })

/** Should the sandbox lack a way out then, it gets one first. */
async function planParting(hall: Hall, sandbox: Sandbox, seats: readonly Seat[]): Promise<Removal> {
  const rest = seatsOf(hall, sandbox).filter(({ endpoint }) => seats.every((seat) => seat.endpoint.id !== endpoint.id))
  const lacks = lacksWayOut(hall, rest)
  if (lacks && !rest.some(isWayOut)) await attach(hall, sandbox, [], { plan: [], record: () => {} }, undefined, seats)
  return planLeave(hall, sandbox, [...seats, ...(lacks ? [] : rest.filter(isWayOut))])
}

const isWayOut = ({ endpoint }: Seat): boolean => endpoint.wayOut === true

/** Takes a sandbox from some of its seats. */
async function planLeave(hall: Hall, sandbox: Sandbox, seats: readonly Seat[]): Promise<Removal> {
  const gone = new Set(seats.map(({ endpoint }) => endpoint.id))
  const before = seatsOf(hall, sandbox)
  const after = before.filter(({ endpoint }) => !gone.has(endpoint.id))
  // The other way out is there before this one goes, so connections over other networks never lack a route.
  const moved = await republish(hall, { sandbox, seats: before }, { sandbox, seats: after })
  const homes = new Homes(hall)
  const inside = await seatsInside(sandbox, before)
  const rest = inside.filter(({ endpoint }) => !gone.has(endpoint.id))
  const plan = [...moved, ...rerouting(inside, rest)]
  for (const seat of seats) plan.push(...homes.settle(seat.network, await planDeparture(hall, seat, true)))
  const record = () => gone.forEach((id) => hall.store.endpoints.delete(id))
  const told = leaving(sandbox, before, after)
  return { sandbox, seats, work: { way: 'down', plan, ...told, sandbox: sandbox.path, networks: homes.paths, record } }
}
