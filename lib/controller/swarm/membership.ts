import { accessSync, constants } from 'node:fs'
import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { Cluster } from '../../cluster/cluster.ts'
import { type NodeKey, newNodeKey, wireguardKeyOf } from '../../cluster/seal.ts'
import { View } from '../../cluster/view.ts'
import { blocksOf, GLOBAL_POOLS, ulaPool } from '../../ipam/predefined.ts'
import { CnmError, fault } from '../../model/errors.ts'
import { isShared, type Network } from '../../model/network.ts'
import type { EnterSwarm, InitSwarm, JoinSwarm } from '../../model/request.ts'
import { type EngineTls, type Membership, newSwarmId, type Swarm, type SwarmNode } from '../../model/swarm.ts'
import { gatewayNetwork } from '../endpoints/way-out.ts'
import { EngineDriver } from '../engine/driver.ts'
import type { Hall } from '../hall.ts'
import { createNetwork, forgetNetwork, ingressNetwork, removeNetwork } from '../networks/networks.ts'
import { GATEWAY_NETWORK } from '../networks/raising.ts'
import { disconnect } from '../sandboxes/sandboxes.ts'
import { advertised } from './advertise.ts'
import { engineOf } from './engines.ts'
import { forgetNodeKey, keepNodeKey } from './node-key.ts'
import type { Session } from './session.ts'
import { checkToken, fingerprintOf, formatToken, newSecret, parseToken } from './token.ts'

const DATA_PATH_PORT = 4789
/** Seconds. */
const HEARTBEAT = 5
/** Seconds: as long as Docker's. */
const KEY_ROTATION = 12 * 3600
export const INGRESS = 'ingress'

/** Begins a swarm with this host as its first node. */
export async function initSwarm(hall: Hall, request: InitSwarm): Promise<Membership> {
  checkAlone(hall)
  const id = newSwarmId()
  const tls = tlsOf(request.tls)
  const pools = poolsOf(request, id)
  const { dataPathPort = DATA_PATH_PORT, heartbeat = HEARTBEAT, keyRotation = KEY_ROTATION } = request
  check('--data-path-port', dataPathPort, dataPathPort >= 1024 && dataPathPort <= 49_151, 'from 1024 to 49151')
  check('--dispatcher-heartbeat', heartbeat, heartbeat >= 1 && heartbeat <= 3600, 'from 1s to 1h')
  check('--key-rotation', keyRotation, keyRotation >= 2 && keyRotation <= 31_536_000, 'from 2s to 8760h')
  const now = new Date().toISOString()
  const key = newNodeKey()
  const node = await nodeOf(hall, request, now, key)
  const fingerprint = fingerprintOf({ id }, tls)
  const swarm: Swarm = { id, created: now, secret: newSecret(), fingerprint, heartbeat, dataPathPort, keyRotation, pools }
  const membership: Membership = { id, node, place: 0, heartbeat, dataPathPort, engine: request.engine ?? '', ...(tls ? { tls } : {}) }
  return settleIn(hall, membership, key, async (cluster) => {
    hall.swarm.founding = pools
    const ingress = await ingressNetwork(hall)
    try {
      if (!(await cluster.found(swarm, node, [ingress.network]))) throw fault('SWARM_FOUNDED', { engine: cluster.engine })
    } finally {
      // The session claims them like those of any other network.
      await ingress.claims.release()
    }
    return () => cluster.end()
  })
}

/** Makes this host a node of a swarm that is there. */
export async function joinSwarm(hall: Hall, request: JoinSwarm): Promise<Membership> {
  checkAlone(hall)
  const token = parseToken(request.token)
  const tls = tlsOf(request.tls)
  const key = newNodeKey()
  const node = await nodeOf(hall, request, new Date().toISOString(), key)
  const engine = engineOf(hall.store, { engine: request.engine, ...(tls ? { tls } : {}) })
  const view = new View()
  const swarm = await knownAt(new Cluster(engine, view)).finally(() => engine.close())
  checkToken(token, swarm, tls)
  checkAddress(view, node)
  const membership: Membership = {
    id: swarm.id,
    node,
    place: view.nodes.size,
    heartbeat: swarm.heartbeat,
    dataPathPort: swarm.dataPathPort,
    engine: request.engine,
    ...(tls ? { tls } : {}),
  }
  return settleIn(hall, membership, key, async (cluster) => {
    do {
      checkToken(token, await knownAt(cluster), tls)
      checkAddress(cluster.view, node)
    } while (!(await cluster.admit(node)))
    return () => cluster.remove(node.id)
  })
}

/**
 * Makes this host a node of the swarm that is kept in an engine: the first founds it, as it is where nobody says otherwise. Who can
 * reach the engine can read its token there. A host that is a node there already stays what it is.
 */
export async function enterSwarm(hall: Hall, request: EnterSwarm): Promise<Membership> {
  const { membership } = hall.swarm
  if (membership?.engine === request.engine) return membership
  const tls = tlsOf(request.tls)
  if (membership) return reachAt(hall, membership, request.engine, tls)
  for (;;) {
    const swarm = await foundAt(hall, request.engine, tls)
    if (swarm) {
      const joined = await joinSwarm(hall, { ...request, token: formatToken(swarm) })
      await removeFormer(hall, joined)
      return joined
    }
    try {
      return await initSwarm(hall, request)
    } catch (error) {
      if (!(error instanceof CnmError && error.code === 'SWARM_FOUNDED')) throw error
    }
  }
}

/** Reaches the same swarm by another list of its engine's members from now on. Throws SWARM_MEMBER. */
async function reachAt(hall: Hall, { tls: _, ...rest }: Membership, engine: string, tls: EngineTls | undefined): Promise<Membership> {
  const swarm = await foundAt(hall, engine, tls)
  if (swarm?.id !== rest.id) throw fault('SWARM_MEMBER', {})
  const membership: Membership = { ...rest, engine, ...(tls ? { tls } : {}) }
  hall.store.memberships.put(membership)
  await hall.swarm.leave()
  await hall.swarm.enter(hall, membership)
  return membership
}

/** The swarm that an engine has; undefined: none. */
async function foundAt(hall: Hall, name: string, tls: EngineTls | undefined): Promise<Swarm | undefined> {
  const engine = engineOf(hall.store, { engine: name, ...(tls ? { tls } : {}) })
  const cluster = new Cluster(engine, new View())
  await cluster.refresh().finally(() => engine.close())
  return cluster.view.swarm
}

/** What this host was before it lost its state: a node at its address that is down, or it could not have joined. */
async function removeFormer({ swarm }: Hall, { node }: Membership): Promise<void> {
  const { cluster } = swarm.present.member
  await cluster.refresh()
  for (const { id, dataPath } of [...cluster.view.nodes.values()])
    if (dataPath === node.dataPath && id !== node.id) await cluster.remove(id)
}

/** What local things a node needs, then the swarm's word, then the record; all of it or nothing. */
async function settleIn(
  hall: Hall,
  membership: Membership,
  key: NodeKey,
  agree: (cluster: Cluster) => Promise<() => Promise<unknown>>,
): Promise<Membership> {
  const engine = engineOf(hall.store, membership)
  const cluster = new Cluster(engine, new View())
  const undo: (() => Promise<unknown>)[] = [async () => engine.close()]
  try {
    if (hall.store.networks.with('name', GATEWAY_NETWORK).length === 0) {
      await createNetwork(hall, gatewayNetwork)
      undo.push(() => removeNetwork(hall, GATEWAY_NETWORK))
    }
    await decided(hall)
    keepNodeKey(hall.root, key)
    undo.push(async () => forgetNodeKey(hall.root))
    // Killed in between, this host takes itself for a node that was removed, and can leave.
    hall.store.memberships.put(membership)
    undo.push(async () => hall.store.memberships.delete(membership.id))
    undo.push(await agree(cluster))
    await hall.swarm.enter(hall, membership)
    engine.close()
    return membership
  } catch (error) {
    await hall.swarm.leave()
    for (const step of undo.reverse()) await step().catch(unlessRefused)
    throw error
  } finally {
    hall.swarm.founding = []
  }
}

/** Takes this host out of its swarm. `force`: with sandboxes on its networks, as the last node, and while the engine is away. */
export async function leaveSwarm(hall: Hall, force: boolean): Promise<void> {
  const { session } = hall.swarm
  if (!session) throw fault('SWARM_NONE', {})
  const { store } = hall
  const { id } = session.membership
  const shared = store.networks.list().filter(isShared)
  const guests = store.endpoints.list().filter(({ networkId }) => shared.some((network) => network.id === networkId))
  if (guests.length > 0 && !force) {
    const names = new Set(guests.map(({ sandboxId }) => store.sandboxes.get(sandboxId)?.name ?? sandboxId))
    throw fault('SWARM_BUSY', { sandboxes: [...names].join(', ') })
  }
  if (!force && !session.member.isRemoved) await session.member.cluster.refresh()
  checkLast(session, force)
  await decided(hall)
  for (const { id: endpoint, networkId, sandboxId } of guests) {
    const network = store.networks.get(networkId)
    if (network && store.sandboxes.get(sandboxId)?.kind === 'engine')
      await new EngineDriver(hall, hall.drivers.get(network.driver)).deleteEndpoint(network.engineId ?? network.id, endpoint)
    else await disconnect(hall, networkId, sandboxId)
  }
  if (!session.member.isRemoved) {
    session.isLeaving = true
    await depart(session, force).catch((error) => {
      session.isLeaving = force
      if (!force) throw error
    })
  }
  await hall.swarm.leave()
  for (const network of shared) await forgetNetwork(hall, network)
  store.transact(() => {
    for (const mark of ['swarm/lease', 'swarm/session']) store.marks.delete(mark)
    store.memberships.delete(id)
  })
  forgetNodeKey(hall.root)
  await removeNetwork(hall, GATEWAY_NETWORK).catch(unlessRefused)
}

/** Nobody else is there, as far as this node knows. */
const isLast = ({ view, membership }: Session): boolean =>
  view.seen > 0 && [...view.nodes.keys()].every((other) => other === membership.node.id)

/** Throws SWARM_LAST. */
function checkLast(session: Session, force: boolean): void {
  const own = [...session.view.networks.values()].filter(({ name }) => name !== INGRESS)
  if (isLast(session) && own.length > 0 && !force) throw fault('SWARM_LAST', { networks: own.map(({ name }) => name).join(', ') })
}

/** Takes the node from the swarm, or the swarm away where nobody else is left; decides anew where others come or go meanwhile. */
async function depart(session: Session, force: boolean): Promise<void> {
  const { cluster } = session.member
  const { id } = session.membership.node
  while (!(await (isLast(session) ? cluster.end() : cluster.leave(id)))) {
    await cluster.refresh()
    checkLast(session, force)
  }
}

/** What admits further nodes. `rotate`: from now on another one does. */
export async function joinToken(hall: Hall, rotate: boolean): Promise<string> {
  const { cluster, view } = hall.swarm.present.member
  for (;;) {
    const swarm = await knownAt(cluster)
    if (!rotate) return formatToken(swarm)
    await decided(hall)
    if (await cluster.rewrite({ ...swarm, secret: newSecret() })) return formatToken(view.swarm ?? swarm)
  }
}

/** Throws SWARM_UNKNOWN. */
async function knownAt(cluster: Cluster): Promise<Swarm> {
  await cluster.refresh()
  if (!cluster.view.swarm) throw fault('SWARM_UNKNOWN', { engine: cluster.engine })
  return cluster.view.swarm
}

/** A dry run ends here: what follows is no step in the kernel. */
export const decided = (hall: Hall): Promise<void> => hall.commit({ way: 'up', plan: [], record: () => {} })

function checkAlone({ swarm }: Hall): void {
  if (swarm.membership) throw fault('SWARM_MEMBER', {})
}

async function nodeOf(
  hall: Hall,
  { advertise, dataPath }: Pick<JoinSwarm, 'advertise' | 'dataPath'>,
  joined: string,
  key: NodeKey,
): Promise<SwarmNode> {
  const address = await advertised(hall, advertise)
  return {
    id: newSwarmId(),
    name: hostname(),
    address,
    dataPath: dataPath === undefined ? address : await advertised(hall, dataPath),
    joined,
    publicKey: key.publicKey,
    wireguardKey: wireguardKeyOf(key).publicKey,
  }
}

/** Tunnels of two nodes cannot end at one address, nor at two of different families. */
function checkAddress({ nodes, alive }: View, { dataPath }: SwarmNode): void {
  const others = [...nodes.values()]
  const twin = others.find((other) => other.dataPath === dataPath && alive.has(other.id))
  if (twin) throw fault('NODE_ADDRESS', { name: twin.name, address: dataPath })
  const stranger = others.find((other) => isIPv6(other.dataPath) !== isIPv6(dataPath))
  if (stranger) throw fault('NODE_FAMILY', { name: stranger.name, theirs: stranger.dataPath, own: dataPath })
}

function tlsOf(tls: Partial<EngineTls> = {}): EngineTls | undefined {
  const { ca, cert, key } = tls
  if (ca !== undefined && cert !== undefined && key !== undefined)
    return readable({ ca: resolve(ca), cert: resolve(cert), key: resolve(key) })
  if (ca === undefined && cert === undefined && key === undefined) return undefined
  throw fault('ENGINE_TLS', { reason: 'one of three is missing' })
}

function readable(tls: EngineTls): EngineTls {
  for (const file of Object.values(tls)) {
    try {
      accessSync(file, constants.R_OK)
    } catch (error) {
      throw fault('ENGINE_TLS', { reason: (error as Error).message }, error)
    }
  }
  return tls
}

function poolsOf({ pools, poolSize }: InitSwarm, id: string): Swarm['pools'] {
  const ula = ulaPool(id)
  if (pools === undefined) return [...GLOBAL_POOLS.map(({ base, size }) => ({ base, size: poolSize ?? size })), ula]
  const own = pools.map((base) => ({ base, size: poolSize ?? (base.includes(':') ? 64 : 24) }))
  const checked = ([4, 6] as const).map((family) => blocksOf(own, family).length)
  return checked[1] === 0 ? [...own, ula] : own
}

function check(option: string, value: number, holds: boolean, hint: string): void {
  if (!Number.isInteger(value) || !holds) throw fault('SWARM_OPTION', { option, value, hint })
}

function unlessRefused(error: unknown): void {
  if (!(error instanceof CnmError)) throw error
}

/** Taken by nobody: prune leaves them alone as long as there is a swarm. */
export const isOfSwarm = ({ swarm }: Hall, { name }: Network): boolean =>
  swarm.membership !== undefined && (name === GATEWAY_NETWORK || name === INGRESS)
