import { join } from 'node:path'
import { publish, unpublish } from '../firewall/firewall.ts'
import { fault } from '../model/errors.ts'
import { newId, shortId } from '../model/ids.ts'
import type { Endpoint, Network, Sandbox, SandboxKind } from '../model/network.ts'
import { type Plan, SANDBOX } from '../model/op.ts'
import type { Attachment, CreateSandbox } from '../model/request.ts'
import type { Opening } from '../model/wall.ts'
import { dump } from '../netlink/kernel.ts'
import { inode, namespaceAt } from '../netlink/namespace.ts'
import { isGone, NetlinkError } from '../netlink/refusal.ts'
import { Claims, releaseAddresses } from './addresses.ts'
import { forgetOpened } from './connections.ts'
import { openingsOf, planDeparture, planEndpoint, seatsOf, warnOfPorts } from './endpoints.ts'
import { rerouting, type Seat } from './gateway.ts'
import type { Hall } from './hall.ts'
import { Homes } from './homes.ts'
import { heldByProcesses, settlePorts } from './host-ports.ts'
import { newNamespace } from './interior.ts'
import { findNetwork, ownNetwork, ownSandbox } from './lookup.ts'
import { commitAndMend, commitOnWalls } from './mend.ts'
import { lowerIdle } from './networks.ts'
import { settlePeers } from './overlay/peers.ts'
import { checkPort, checkSpots, type Held, spotKey } from './ports.ts'
import { ownerOf } from './processes.ts'
import { raise } from './raising.ts'
import { settleWith } from './remote/ipam.ts'
import { namespaceFirst, type Steps } from './remote/namespace.ts'
import { leaving, turning } from './remote/network.ts'
import { insist } from './swarm/insist.ts'
import { shareOf } from './swarm/shares.ts'
import { lacksWayOut, planWayOut } from './way-out.ts'

export async function createSandbox(hall: Hall, request: CreateSandbox, signal?: AbortSignal): Promise<Sandbox> {
  const attachments = request.networks ?? [{ network: 'bridge' }]
  const networks = attachments.map(({ network }) => ownNetwork(hall, network))
  checkCompany(networks)
  request.ports?.forEach(checkPort)
  const id = newId()
  const name = checkName(hall, request.name ?? shortId(id))
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
  const first = { plan: kind === 'own' ? newNamespace : [], record: settled.record }
  const seat = (steps: Steps) => attach(hall, sandbox, attachments, steps, signal)
  await (kind === 'own' && networks.some(({ plugin }) => plugin) ? namespaceFirst(hall, sandbox, first, seat, signal) : seat(first))
  return sandbox
}

function checkName(hall: Hall, name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    throw fault('INVALID_NAME', { reason: `${JSON.stringify(name)}: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed` })
  }
  if (hall.store.sandboxes.list().some((sandbox) => sandbox.name === name)) throw fault('SANDBOX_EXISTS', { name })
  return name
}

/** `host` and `none` do not share a sandbox with any other network. */
function checkCompany(networks: readonly Network[]): void {
  const configuration = networks.find(({ configOnly }) => configOnly)
  if (configuration) throw fault('CONFIG_CONNECT', { name: configuration.name })
  const drivers = networks.map(({ driver }) => driver)
  if (networks.length < 2) return
  if (drivers.includes('host')) throw fault('HOST_SHARED', {})
  if (drivers.includes('null')) throw fault('NONE_PRIVATE', {})
  const twice = networks.find(({ id }, index) => networks.findIndex((other) => other.id === id) < index)
  if (twice) throw fault('ALREADY_CONNECTED', { sandbox: twice.name, network: twice.name })
}

async function kindOf(hall: Hall, { path }: CreateSandbox, networks: readonly Network[]): Promise<SandboxKind> {
  if (networks.some(({ driver }) => driver === 'host')) return 'host'
  if (path === undefined) return 'own'
  if ((await inodeAt(path)) !== (await inode(hall.host))) return 'joined'
  if (networks.length > 0) throw fault('HOST_SHARED', {})
  return 'host'
}

async function inodeAt(path: string): Promise<bigint> {
  const netns = namespaceAt(path)
  try {
    return await inode(netns)
  } catch (error) {
    throw fault('NAMESPACE_NOT_FOUND', { path, reason: (error as Error).message }, error)
  } finally {
    netns.close()
  }
}

export async function connect(hall: Hall, attachment: Attachment, ref: string, signal?: AbortSignal): Promise<Endpoint> {
  const sandbox = ownSandbox(hall, ref)
  const network = ownNetwork(hall, attachment.network)
  const seats = seatsOf(hall, sandbox)
  if (seats.some((seat) => seat.network.id === network.id))
    throw fault('ALREADY_CONNECTED', { sandbox: sandbox.name, network: network.name })
  if (network.driver === 'host') throw fault('HOST_CONNECT', {})
  if (sandbox.kind === 'host') throw fault('HOST_SHARED', {})
  checkCompany([network, ...seats.map((seat) => seat.network)])
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

const goneOf = ({ name, path }: Sandbox, error: unknown) => fault('SANDBOX_GONE', { name, path }, error)

/** Seats a sandbox at networks; again, where another node of the swarm was faster with an address. */
function attach(
  hall: Hall,
  sandbox: Sandbox,
  attachments: readonly Attachment[],
  first: Steps,
  signal?: AbortSignal,
  leaving?: Seat,
): Promise<readonly Seat[]> {
  const networks = attachments.map(({ network }) => findNetwork(hall, network))
  const closed = networks.find((network) => hall.swarm.has(network) && !network.attachable)
  if (closed) throw fault('NETWORK_NOT_ATTACHABLE', { name: closed.name })
  return insist(hall, networks, () => seat(hall, sandbox, attachments, first, signal, leaving))
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
  signal?: AbortSignal,
  leaving?: Seat,
): Promise<readonly Seat[]> {
  const before = seatsOf(hall, sandbox)
  await settleWith(
    hall,
    attachments.map(({ network }) => findNetwork(hall, network)),
  )
  const staying = before.filter(({ endpoint }) => endpoint.id !== leaving?.endpoint.id)
  const way = async (attachment: Attachment) => {
    const network = findNetwork(hall, attachment.network)
    return { attachment, network, raised: await raise(hall, network) }
  }
  // What there is to be known, in one go.
  const [names, ipv6, ...ways] = await Promise.all([
    first.plan.length > 0 || sandbox.kind === 'host' ? [] : linkNames(sandbox),
    hall.hasIPv6(),
    ...attachments.map(way),
  ])
  const taken = new Set(names)
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
    plan.push(...rerouting(before, after), ...(await republish(hall, { sandbox, seats: before }, { sandbox, seats: after })))
    const record = () => {
      hall.store.sandboxes.put(sandbox)
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
  if (!lacksWayOut(hall, now)) await leave(hall, sandbox, now.filter(isWayOut))
  return seated
}

async function linkNames(sandbox: Sandbox): Promise<readonly string[]> {
  const netns = namespaceAt(sandbox.path)
  try {
    return (await dump(netns, 'link')).map(({ name }) => name)
  } catch (error) {
    throw error instanceof NetlinkError && isGone(error.refusal) ? goneOf(sandbox, error) : error
  } finally {
    netns.close()
  }
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

export async function disconnect(hall: Hall, networkRef: string, sandboxRef: string): Promise<void> {
  const network = ownNetwork(hall, networkRef)
  const sandbox = ownSandbox(hall, sandboxRef)
  if (network.driver === 'host' && sandbox.kind === 'host') throw fault('HOST_DISCONNECT', {})
  const seats = seatsOf(hall, sandbox)
  const seat = seats.find((candidate) => candidate.network.id === network.id && !isWayOut(candidate))
  if (!seat) throw fault('NOT_CONNECTED', { sandbox: sandbox.name, network: network.name })
  const rest = seats.filter((other) => other !== seat)
  const lacks = lacksWayOut(hall, rest)
  if (lacks && !rest.some(isWayOut)) await attach(hall, sandbox, [], { plan: [], record: () => {} }, undefined, seat)
  await leave(hall, sandbox, [seat, ...(lacks ? [] : rest.filter(isWayOut))])
}

const isWayOut = ({ endpoint }: Seat): boolean => endpoint.wayOut === true

/** Takes a sandbox from some of its seats. */
async function leave(hall: Hall, sandbox: Sandbox, seats: readonly Seat[]): Promise<void> {
  if (seats.length === 0) return
  const gone = new Set(seats.map(({ endpoint }) => endpoint.id))
  const before = seatsOf(hall, sandbox)
  const after = before.filter(({ endpoint }) => !gone.has(endpoint.id))
  // The other way out is there before this one goes, so connections over other networks never lack a route.
  const moved = await republish(hall, { sandbox, seats: before }, { sandbox, seats: after })
  const homes = new Homes(hall)
  const plan = [...moved, ...rerouting(before, after)]
  for (const seat of seats) plan.push(...homes.settle(seat.network, await planDeparture(hall, seat, true)))
  const record = () => gone.forEach((id) => hall.store.endpoints.delete(id))
  const told = leaving(sandbox, before, after)
  await commitAndMend(hall, { way: 'down', plan, ...told, sandbox: sandbox.path, networks: homes.paths, record }).finally(() =>
    forget(hall, sandbox, seats),
  )
  await lowerIdle(
    hall,
    seats.map(({ network }) => network),
  )
}

export async function removeSandbox(hall: Hall, ref: string): Promise<Sandbox> {
  const sandbox = ownSandbox(hall, ref)
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
  await commitAndMend(hall, { way: 'down', plan, ...told, sandbox: sandbox.path, networks: homes.paths, record }).finally(() =>
    forget(hall, sandbox, seats),
  )
  await lowerIdle(
    hall,
    seats.map(({ network }) => network),
  )
  return sandbox
}

/** What follows when the records no longer have an endpoint, whether or not every step in the kernel went through. */
async function forget(hall: Hall, { id, name }: Sandbox, seats: readonly Seat[]): Promise<void> {
  const gone = seats.filter(({ endpoint }) => !hall.store.endpoints.get(endpoint.id))
  const { session } = hall.swarm
  await session?.withdraw(
    gone.filter(({ network }) => hall.swarm.has(network)).map(({ endpoint }) => shareOf(session.membership, endpoint, name)),
  )
  for (const { network, endpoint } of gone) {
    await releaseAddresses(hall, network, endpoint)
    await settlePeers(hall, { network, endpoint })
    hall.tell('disconnect', network, { container: id })
  }
}
