import type { NetworkDriver } from '../../drivers/driver.ts'
import { CnmError, fault } from '../../model/errors.ts'
import { newId, shortId } from '../../model/ids.ts'
import { isPredefined, isShared, type Network, type Scope } from '../../model/network.ts'
import type { CreateNetwork } from '../../model/request.ts'
import { network as recorded } from '../../model/shapes.ts'
import { newSwarmId } from '../../model/swarm.ts'
import { argument } from '../arguments.ts'
import { Claims, claimPools, releasePools } from '../endpoints/addresses.ts'
import { announcingOf } from '../execution/announcing.ts'
import type { Agreement } from '../execution/commit.ts'
import { commitAndMend, commitOnWalls } from '../guard/mend.ts'
import type { Hall } from '../hall.ts'
import { ownNetwork } from '../lookup.ts'
import { tunnelOf } from '../overlay/known.ts'
import { keepSecrets } from '../overlay/secrecy.ts'
import { checkScope, findDriver } from '../remote/drivers.ts'
import { ipamOf } from '../remote/ipam.ts'
import { dissolve, found } from '../remote/network.ts'
import { definition, undefine } from '../swarm/networks.ts'
import { anew } from '../swarm/overtaken.ts'
import { askForUnheard } from '../swarm/unheard.ts'
import { withVni } from '../swarm/vnis.ts'
import { withWireguardPort } from '../swarm/wireguard-ports.ts'
import { configOf } from './config.ts'
import { checkUnused, configurationOf, withConfiguration } from './configurations.ts'
import { familiesOf } from './families.ts'
import { isRaised } from './raised.ts'
import { checkLate, isRaisedLate, lower, raise } from './raising.ts'

export const createNetwork = (hall: Hall, request: CreateNetwork, signal?: AbortSignal): Promise<Network> =>
  anew(async () => {
    if (isForAll(hall, request)) await hall.swarm.session?.catchUp()
    return createOnce(hall, request, signal)
  })

/** A network of the swarm is decided upon with what the swarm has. */
const isForAll = ({ drivers }: Hall, { driver = 'bridge', scope }: CreateNetwork): boolean =>
  scope === 'swarm' || (drivers.has(driver) && drivers.get(driver).capabilities.scope === 'global')

async function createOnce(hall: Hall, request: CreateNetwork, signal?: AbortSignal): Promise<Network> {
  checkName(hall, request.name)
  if (request.configOnly) return keep(hall, configurationOf(request), signal)
  const commit = async (network: Network, space: string, claims: Claims) => {
    if (network.plugin) await found(hall, network, space, claims, signal ? { signal } : {})
    if (hall.swarm.has(network)) return share(hall, network, signal)
    if (isRaisedLate(hall, network)) {
      await checkLate(hall, network)
      return void (await keep(hall, network, signal))
    }
    const raised = await raise(hall, network)
    const record = () => {
      hall.store.networks.put(network)
      raised.record()
    }
    await commitOnWalls(hall, { way: 'up', plan: raised.plan, networks: raised.networks, record }, signal)
    hall.tell('create', network)
  }
  return define(hall, withConfiguration(hall, request), commit, signal)
}

/** A network of the swarm has links only where somebody is on it: here it is a record, and what the driver has against it. */
export async function share(hall: Hall, network: Network, signal?: AbortSignal): Promise<void> {
  await checkLate(hall, network)
  const record = () => hall.store.networks.put(network)
  await hall.commit({ way: 'up', plan: [], agreement: definition(hall, network), record }, signal)
  hall.tell('create', network)
}

/** A configuration is a record and nothing else; so is what has its links only while somebody is on it. */
async function keep(hall: Hall, network: Network, signal?: AbortSignal): Promise<Network> {
  await hall.commit({ way: 'up', plan: [], record: () => hall.store.networks.put(network) }, signal)
  hall.tell('create', network)
  return network
}

function checkName(hall: Hall, name: string): void {
  if (name.trim() === '') throw fault('INVALID_NAME', { reason: 'name is empty' })
  if (/[\p{Cc}\p{Cf}]/u.test(name)) throw fault('INVALID_NAME', { reason: 'name has a control or formatting character' })
  if (isPredefined(name) || name === 'default') throw fault('NETWORK_PREDEFINED_CREATE', { name })
  if (hall.store.networks.with('name', name).length > 0) throw fault('NETWORK_EXISTS', { name })
}

/** Claims what the network needs, hands it to `commit`, and gives everything back when that fails. */
export async function define(
  hall: Hall,
  request: CreateNetwork,
  commit: (network: Network, space: string, claims: Claims) => Promise<void> | void,
  signal?: AbortSignal,
): Promise<Network> {
  const { options, ...families } = familiesOf(request)
  if (request.driver === 'overlay' && !hall.dataPath()) throw fault('NETWORK_NOT_SWARM', {})
  if (request.scope === 'swarm' && !hall.dataPath()) throw fault('NETWORK_NO_SWARM', {})
  announcingOf(options)
  const waiting = signal ? { signal } : {}
  const driver = await findDriver(hall, request.driver ?? 'bridge', waiting)
  checkScope(driver, request.scope)
  if (request.ingress && driver.capabilities.scope !== 'global') throw fault('NETWORK_INGRESS', {})
  const scope = scopeOf(hall, request, driver)
  if (driver.capabilities.singleton && !isPredefined(request.name)) throw fault('NETWORK_LIMIT_ONE', { driver: driver.name })
  const addressed = !driver.capabilities.singleton
  const facts = {
    name: request.name,
    internal: request.internal ?? false,
    enableIPv4: addressed && families.enableIPv4,
    enableIPv6: addressed && families.enableIPv6,
    options,
  }
  const swarm = hall.swarm.session
  const claims = new Claims()
  try {
    const skip = await driver.skipGateway(facts)
    const hostAddress = await driver.hostAddress(facts)
    const sharesMac = await driver.sharesMac(facts)
    const ipam = await ipamOf(hall, { driver: request.ipam?.driver ?? 'default' }, waiting)
    for (const { name, plugin } of [driver, ipam]) if (plugin) await hall.envoy.settle(name)
    const asked = { ...facts, scope, ...(request.ipam ? { ipam: request.ipam } : {}) }
    const { space, pools } = await claimPools(hall, ipam, asked, { skip, hostAddress, sharesMac }, claims)
    // As the record will be: a driver that is told of it changes nothing there.
    const network = argument(
      recorded,
      {
        id: scope === 'swarm' ? newSwarmId() : newId(),
        ...facts,
        options: scope === 'swarm' && swarm ? withPlaces({ options, pools }, [...swarm.view.networks.values()]) : options,
        driver: driver.name,
        scope,
        created: new Date().toISOString(),
        attachable: request.attachable ?? false,
        labels: request.labels ?? {},
        ipam: { driver: ipam.name, options: request.ipam?.options ?? {}, ...(ipam.plugin ? { plugin: true } : {}) },
        pools,
        ...(driver.plugin ? { plugin: true } : {}),
        ...(request.ingress ? { ingress: true } : {}),
        ...(request.configFrom ? { configFrom: request.configFrom } : {}),
      },
      'network',
    )
    await commit(network, space, claims)
    return network
  } catch (error) {
    await claims.release()
    throw error
  }
}

/** What no two networks of the swarm may have. */
const withPlaces = (network: Pick<Network, 'options' | 'pools'>, others: readonly Network[]): Network['options'] =>
  withWireguardPort(withVni(network, others), others)

/** Throws NETWORK_NOT_SWARM, SCOPE_DOWNGRADE, SCOPE_LOCAL, INGRESS_EXISTS. */
function scopeOf(
  hall: Hall,
  { scope, ingress }: CreateNetwork,
  { name, capabilities }: Pick<NetworkDriver, 'name' | 'capabilities'>,
): Scope {
  const global = capabilities.scope === 'global'
  if (!global && scope === 'swarm') throw fault('SCOPE_LOCAL', { driver: name })
  if (!global) return 'local'
  if (scope === 'local') throw fault('SCOPE_DOWNGRADE', { driver: name })
  const mesh = ingress && [...hall.swarm.present.view.networks.values()].find((network) => network.ingress)
  if (mesh) throw fault('INGRESS_EXISTS', { id: mesh.id })
  return 'swarm'
}

/** The network of the routing mesh, for a swarm that is about to be. */
export async function ingressNetwork(hall: Hall): Promise<{ readonly network: Network; readonly claims: Claims }> {
  const claims = new Claims()
  const families = { enableIPv4: true, enableIPv6: false }
  const wishes = { skip: { v4: false, v6: false }, hostAddress: false, sharesMac: false }
  const { pools } = await claimPools(hall, hall.ipams.get('default'), { ...families, scope: 'swarm' }, wishes, claims)
  const network: Network = {
    id: newSwarmId(),
    name: 'ingress',
    driver: 'overlay',
    scope: 'swarm',
    created: new Date().toISOString(),
    internal: false,
    attachable: false,
    ...families,
    labels: {},
    options: withVni({ options: {}, pools }, []),
    ipam: { driver: 'default', options: {} },
    pools,
    ingress: true,
  }
  return { network, claims }
}

/** On a new host there are three networks. Their links are made when the first sandbox needs them. */
export async function definePredefined(hall: Hall): Promise<void> {
  const requests: readonly CreateNetwork[] = [
    {
      name: 'bridge',
      options: { 'com.docker.network.bridge.default_bridge': 'true', 'com.docker.network.bridge.name': 'cnm0' },
    },
    { name: 'host', driver: 'host' },
    { name: 'none', driver: 'null' },
  ]
  for (const request of requests) {
    if (hall.store.networks.with('name', request.name).length === 0)
      await define(hall, request, (network) => hall.store.networks.put(network))
  }
}

export async function removeNetwork(hall: Hall, ref: string): Promise<Network> {
  await askForUnheard(hall, [ref])
  const network = ownNetwork(hall, ref)
  if (isPredefined(network.name)) throw fault('NETWORK_PREDEFINED_REMOVE', { name: network.name })
  const endpoints = hall.store.endpoints.with('networkId', network.id)
  if (endpoints.length > 0) {
    const named = endpoints.map(({ id, sandboxId }) => `name:"${hall.store.sandboxes.get(sandboxId)?.name ?? ''}" id:"${shortId(id)}"`)
    throw fault('NETWORK_IN_USE', { name: network.name, endpoints: named.join(', ') })
  }
  checkUnused(hall, network)
  await forgetNetwork(
    hall,
    network,
    hall.swarm.has(network) ? { reach: () => undefine(hall, network), retract: async () => {} } : undefined,
  )
  return network
}

/** What this host has of a network that nobody is on, once the others agree. */
export async function forgetNetwork(hall: Hall, network: Network, agreement?: Agreement): Promise<void> {
  const lowered = await lower(hall, network)
  const record = () => {
    hall.store.networks.delete(network.id)
    lowered.record()
  }
  const [refusal] = await commitAndMend(hall, {
    way: 'down',
    plan: lowered.plan,
    networks: lowered.networks,
    record,
    ...(agreement ? { agreement } : {}),
  }).finally(async () => {
    if (hall.store.networks.get(network.id)) return
    hall.rosters.delete(network.id)
    const released = network.configOnly || network.engine ? Promise.resolve() : releasePools(hall, network)
    // What the swarm has decided stood, whatever the IPAM of this host had against it.
    await (isShared(network) ? released.catch(unlessRefused) : released)
    if (network.plugin) await dissolve(hall, network)
    hall.tell('destroy', network)
  })
  if (refusal) throw refusal
}

function unlessRefused(error: unknown): void {
  if (!(error instanceof CnmError)) throw error
}

/** Some networks have their links only as long as somebody is on them. */
export async function lowerIdle(hall: Hall, networks: readonly Network[]): Promise<void> {
  const isIdle = ({ id }: Network) => hall.store.endpoints.with('networkId', id).length === 0
  for (const network of [...new Set(networks)].filter((each) => isRaisedLate(hall, each) && isIdle(each))) {
    const isUp = isRaised(hall, network)
    await hall.commit({ way: 'down', ...(await lower(hall, network)) })
    if (isUp && tunnelOf(hall, network, configOf(hall, network))?.encrypted) await keepSecrets(hall)
  }
}
