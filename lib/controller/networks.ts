import type { NetworkConfig } from '../drivers/driver.ts'
import { lendUplinks, raiseWall, razeWall } from '../firewall/firewall.ts'
import type { Family } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { newId, shortId } from '../model/ids.ts'
import { isPredefined, type Network } from '../model/network.ts'
import type { Plan } from '../model/op.ts'
import type { CreateNetwork } from '../model/request.ts'
import { Claims, claimPools, releasePools } from './addresses.ts'
import { checkUnused, configurationOf, withConfiguration } from './configurations.ts'
import { closeWay, type Lent, openWay } from './forwarding.ts'
import type { Hall } from './hall.ts'
import { findNetwork } from './lookup.ts'

export async function createNetwork(hall: Hall, request: CreateNetwork, signal?: AbortSignal): Promise<Network> {
  checkName(hall, request.name)
  if (request.configOnly) return keep(hall, configurationOf(request), signal)
  return define(hall, withConfiguration(hall, request), async (network) => {
    const raised = await raise(hall, network)
    const record = () => {
      hall.store.networks.put(network)
      raised.record()
    }
    await hall.commit({ way: 'up', plan: raised.plan, record }, signal)
    hall.tell('create', network)
  })
}

/** A configuration is a record and nothing else. */
async function keep(hall: Hall, network: Network, signal?: AbortSignal): Promise<Network> {
  await hall.commit({ way: 'up', plan: [], record: () => hall.store.networks.put(network) }, signal)
  hall.tell('create', network)
  return network
}

function checkName(hall: Hall, name: string): void {
  if (name.trim() === '') throw fault('INVALID_NAME', { reason: 'name is empty' })
  if (/[\p{Cc}\p{Cf}]/u.test(name)) throw fault('INVALID_NAME', { reason: 'name has a control or formatting character' })
  if (isPredefined(name) || name === 'default') throw fault('NETWORK_PREDEFINED_CREATE', { name })
  if (hall.store.networks.list().some((network) => network.name === name)) throw fault('NETWORK_EXISTS', { name })
}

/** Claims what the network needs, hands it to `commit`, and gives everything back when that fails. */
async function define(hall: Hall, request: CreateNetwork, commit: (network: Network) => Promise<void> | void): Promise<Network> {
  const options = request.options ?? {}
  if (request.driver === 'overlay' || request.scope === 'swarm') throw fault('NETWORK_NOT_SWARM', {})
  const driver = hall.drivers.get(request.driver ?? 'bridge')
  if (request.ingress && driver.capabilities.scope !== 'global') throw fault('NETWORK_INGRESS', {})
  if (driver.capabilities.singleton && !isPredefined(request.name)) throw fault('NETWORK_LIMIT_ONE', { driver: driver.name })
  const addressed = !driver.capabilities.singleton
  const facts = {
    name: request.name,
    internal: request.internal ?? false,
    enableIPv4: addressed && (request.enableIPv4 ?? true),
    enableIPv6: addressed && (request.enableIPv6 ?? false),
    options,
  }
  const claims = new Claims()
  try {
    const skip = (await driver.skipGateway?.(facts)) ?? { v4: false, v6: false }
    const pools = await claimPools(hall, { ...facts, ...(request.ipam ? { ipam: request.ipam } : {}) }, skip, claims)
    const network: Network = {
      id: newId(),
      ...facts,
      driver: driver.name,
      scope: 'local',
      created: new Date().toISOString(),
      attachable: request.attachable ?? false,
      labels: request.labels ?? {},
      ipam: { driver: request.ipam?.driver ?? 'default', options: request.ipam?.options ?? {} },
      pools,
      ...(request.configFrom ? { configFrom: request.configFrom } : {}),
    }
    await commit(network)
    return network
  } catch (error) {
    await claims.release()
    throw error
  }
}

/** On a new host there are three networks. Their links are made when the first sandbox needs them. */
export async function definePredefined(hall: Hall): Promise<void> {
  const have = new Set(hall.store.networks.list().map(({ name }) => name))
  const requests: readonly CreateNetwork[] = [
    {
      name: 'bridge',
      options: { 'com.docker.network.bridge.default_bridge': 'true', 'com.docker.network.bridge.name': 'cnm0' },
    },
    { name: 'host', driver: 'host' },
    { name: 'none', driver: 'null' },
  ]
  for (const request of requests) {
    if (!have.has(request.name)) await define(hall, request, (network) => hall.store.networks.put(network))
  }
}

/** What a driver is told of a network. */
export const configOf = ({ id, name, internal, enableIPv4, enableIPv6, options, pools }: Network): NetworkConfig => ({
  id,
  name,
  internal,
  enableIPv4,
  enableIPv6,
  options,
  pools,
})

/** What the run directory knows of a network that has its links: it ends with them at the next boot. */
interface Raised {
  readonly walled: boolean
}
const raisedKey = ({ id }: Network): string => `raised/${id}`
const LENT = 'forwarding'

const walled = ({ store }: Hall) => store.marks.list('raised/').filter(({ value }) => (value as Raised).walled)

/** Steps that give a network its links and walls, if it has none since the host was started. */
export async function raise(hall: Hall, network: Network): Promise<{ readonly plan: Plan; readonly record: () => void }> {
  const { marks, networks } = hall.store
  if (marks.get(raisedKey(network))) return { plan: [], record: () => {} }
  const driver = hall.drivers.get(network.driver)
  const others = networks.list().filter((other) => other.driver === network.driver && other.id !== network.id)
  const { plan, wall } = await driver.createNetwork(configOf(network), others.map(configOf))
  const families: Family[] = [...(network.enableIPv4 ? [4 as const] : []), ...(network.enableIPv6 ? [6 as const] : [])]
  const way = wall && !wall.internal ? await openWay(hall, wall.link, families) : { plan: [], lent: {}, uplinks: [] }
  return {
    plan: [
      ...plan,
      ...(wall ? raiseWall(wall, walled(hall).length === 0) : []),
      ...way.uplinks.flatMap(({ family, names }) => lendUplinks(names, [family])),
      ...way.plan,
    ],
    record: () => {
      marks.put(raisedKey(network), { walled: wall !== undefined } satisfies Raised)
      marks.put(LENT, { ...way.lent, ...(marks.get(LENT) as Lent | undefined) })
    },
  }
}

/** Steps that take a network's links and walls away; with the last wall goes all that was lent. */
async function lower(hall: Hall, network: Network): Promise<{ readonly plan: Plan; readonly record: () => void }> {
  const { marks } = hall.store
  if (!marks.get(raisedKey(network))) return { plan: [], record: () => {} }
  const { plan, wall } = await hall.drivers.get(network.driver).deleteNetwork(configOf(network))
  const last = wall !== undefined && walled(hall).length === 1
  const back = last ? await closeWay(hall, (marks.get(LENT) ?? {}) as Lent) : []
  return {
    plan: [...(wall ? razeWall(wall, last) : []), ...plan, ...back],
    record: () => {
      marks.delete(raisedKey(network))
      if (last) marks.delete(LENT)
    },
  }
}

export async function removeNetwork(hall: Hall, ref: string): Promise<Network> {
  const network = findNetwork(hall, ref)
  if (isPredefined(network.name)) throw fault('NETWORK_PREDEFINED_REMOVE', { name: network.name })
  const endpoints = hall.store.endpoints.list().filter(({ networkId }) => networkId === network.id)
  if (endpoints.length > 0) {
    const named = endpoints.map(({ id, sandboxId }) => `name:"${hall.store.sandboxes.get(sandboxId)?.name ?? ''}" id:"${shortId(id)}"`)
    throw fault('NETWORK_IN_USE', { name: network.name, endpoints: named.join(', ') })
  }
  checkUnused(hall, network)
  const lowered = await lower(hall, network)
  const record = () => {
    hall.store.networks.delete(network.id)
    lowered.record()
  }
  await hall.commit({ way: 'down', plan: lowered.plan, record }).finally(async () => {
    if (!network.configOnly && !hall.store.networks.get(network.id)) await releasePools(hall, network)
  })
  hall.tell('destroy', network)
  return network
}

/** A predefined network cannot be removed; its links are there as long as somebody is on it. */
export async function lowerIdle(hall: Hall, networks: readonly Network[]): Promise<void> {
  const busy = new Set(hall.store.endpoints.list().map(({ networkId }) => networkId))
  for (const network of networks.filter(({ id, name }) => isPredefined(name) && !busy.has(id))) {
    await hall.commit({ way: 'down', ...(await lower(hall, network)) })
  }
}
