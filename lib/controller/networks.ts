import { fault } from '../model/errors.ts'
import { newId, shortId } from '../model/ids.ts'
import { isPredefined, type Network } from '../model/network.ts'
import type { CreateNetwork } from '../model/request.ts'
import { Claims, claimPools, releasePools } from './addresses.ts'
import { announcingOf } from './announcing.ts'
import { checkUnused, configurationOf, withConfiguration } from './configurations.ts'
import { familiesOf } from './families.ts'
import type { Hall } from './hall.ts'
import { ownNetwork } from './lookup.ts'
import { commitAndMend, commitOnWalls } from './mend.ts'
import { lower, raise } from './raising.ts'

export async function createNetwork(hall: Hall, request: CreateNetwork, signal?: AbortSignal): Promise<Network> {
  checkName(hall, request.name)
  if (request.configOnly) return keep(hall, configurationOf(request), signal)
  return define(hall, withConfiguration(hall, request), async (network) => {
    const raised = await raise(hall, network)
    const record = () => {
      hall.store.networks.put(network)
      raised.record()
    }
    await commitOnWalls(hall, { way: 'up', plan: raised.plan, record }, signal)
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
  const { options, ...families } = familiesOf(request)
  if (request.driver === 'overlay') throw fault('NETWORK_NOT_SWARM', {})
  if (request.scope === 'swarm') throw fault('NETWORK_NO_SWARM', {})
  announcingOf(options)
  const driver = hall.drivers.get(request.driver ?? 'bridge')
  if (request.ingress && driver.capabilities.scope !== 'global') throw fault('NETWORK_INGRESS', {})
  if (driver.capabilities.singleton && !isPredefined(request.name)) throw fault('NETWORK_LIMIT_ONE', { driver: driver.name })
  const addressed = !driver.capabilities.singleton
  const facts = {
    name: request.name,
    internal: request.internal ?? false,
    enableIPv4: addressed && families.enableIPv4,
    enableIPv6: addressed && families.enableIPv6,
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

export async function removeNetwork(hall: Hall, ref: string): Promise<Network> {
  const network = ownNetwork(hall, ref)
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
  await commitAndMend(hall, { way: 'down', plan: lowered.plan, record }).finally(async () => {
    if (hall.store.networks.get(network.id)) return
    if (!network.configOnly) await releasePools(hall, network)
    hall.tell('destroy', network)
  })
  return network
}

/** A predefined network cannot be removed; its links are there as long as somebody is on it. */
export async function lowerIdle(hall: Hall, networks: readonly Network[]): Promise<void> {
  const busy = new Set(hall.store.endpoints.list().map(({ networkId }) => networkId))
  for (const network of networks.filter(({ id, name }) => isPredefined(name) && !busy.has(id))) {
    await hall.commit({ way: 'down', ...(await lower(hall, network)) })
  }
}
