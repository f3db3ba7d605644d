import type { Mtu, NetworkConfig, OtherNetwork } from '../../drivers/driver.ts'
import { type Lengths, lendUplinks, lengthsOf, objectsIn, type Remains, raiseWall, razeWall, TABLE, USER } from '../../firewall/firewall.ts'
import type { Family } from '../../model/address.ts'
import { CnmError, fault } from '../../model/errors.ts'
import { isPredefined, type Network } from '../../model/network.ts'
import { type LinkAdd, NETWORK, type Op, type Plan } from '../../model/op.ts'
import type { Wall } from '../../model/wall.ts'
import { listNftTable } from '../../netlink/kernel.ts'
import { mayAdministerNetworks } from '../../netlink/privilege.ts'
import { withoutLackingIPv6 } from '../endpoints/ipv6.ts'
import type { Hall } from '../hall.ts'
import { checkEsp } from '../overlay/esp.ts'
import { knownPeers, tunnelOf } from '../overlay/known.ts'
import { underlayOf } from '../overlay/underlay.ts'
import { checkWireguard, wireguardOf } from '../overlay/wireguard.ts'
import { driverOf } from '../remote/drivers.ts'
import { configOf, toConfig } from './config.ts'
import { closeWay, openWay, type Way } from './forwarding.ts'
import { foundFor, settingsBefore } from './found.ts'
import { homeOf } from './homes.ts'
import { linkNames } from './links.ts'
import { ownerOf, refuse, strangerIn } from './owner.ts'
import { isRaised, type Raised, raisedKey, raisedNetworks, raisedOf, walledLink } from './raised.ts'
import { keepingShield, sharedIn, sparingForeign, sparingShared, sparingShield, withoutShared } from './shared-links.ts'
import { standingOf } from './standing.ts'
import { warnOfBarrier } from './vlan-filters.ts'
import { forgetWay, lentOf, recordWay } from './ways.ts'

/** The largest packet on a network, as it is or would be; undefined where its driver does not say. */
export async function mtuOf(hall: Hall, network: Network): Promise<Mtu | undefined> {
  if (!hall.drivers.has(network.driver) || network.configOnly) return undefined
  const driver = driverOf(hall, network)
  const config = configOf(hall, network)
  if (!driver.mtu || config.underlay || driver.capabilities.scope !== 'global') return driver.mtu?.(config)
  return hall.dataPath() ? driver.mtu({ ...config, underlay: await underlayOf(hall) }) : undefined
}

/** The link of the host that a network's endpoints are on, and what that may be on; none where that is a link of ours alone. */
export function standsOn(hall: Hall, network: Network): readonly string[] {
  const { base } = raisedOf(hall.store, network) ?? {}
  if (base === undefined || !hall.drivers.has(network.driver)) return []
  return [base, ...(driverOf(hall, network).adoptedLinks?.(configOf(hall, network)) ?? [])]
}

export interface Raising {
  readonly plan: Plan
  /** Of the plan, see Work. */
  readonly networks: readonly string[]
  /** What the driver is told of the network from now on. */
  readonly config: NetworkConfig
  readonly record: () => void
}

/**
 * Steps that give a network its links and walls, if it has none since the host was started, or somebody has taken its link.
 * `unseen`: whoever takes these steps finds out about the latter. Throws LINK_TAKEN.
 */
export async function raise(hall: Hall, network: Network, unseen = false): Promise<Raising> {
  const raised = raisedOf(hall.store, network)
  const networks = [homeOf(hall, network)]
  if (raised && (await hasLinks(hall, network, raised, unseen)))
    return { plan: [], networks, config: configOf(hall, network), record: () => {} }
  const driver = driverOf(hall, network)
  const found = await foundFor(hall, network)
  const underlay = driver.capabilities.scope === 'global' ? await underlayOf(hall) : undefined
  const config = toConfig(network, { ...(found ? { found } : {}), ...(underlay ? { underlay } : {}) })
  await checkSecrecy(hall, network, config)
  const { plan: whole, wall, base } = await driver.createNetwork(config, othersOf(hall, network))
  const plan = keepingShield(await withoutShared(hall, whole), () => hasSecretNeighbour(hall, network))
  const home = plan.some(({ op, at }) => op === 'netns.add' && at === NETWORK)
  const known = knownPeers(hall, network, config)
  const way: Way = wall && !wall.internal ? await openWay(hall, [wall.link], familiesOn(network)) : { plan: [], lent: {}, uplinks: [] }
  const steps = await onThisKernel(hall, [
    ...plan,
    ...(wall ? raiseWall(wall, await beforeWall(hall, network), lengthsBesides(hall, network, wall), ownerOf(hall)) : []),
    ...lendUplinks(way.uplinks),
    ...way.plan,
    ...known.plan,
    ...wireguardOf(hall, network, config, NETWORK),
  ])
  const settings = found ? await settingsBefore(hall, [...plan, ...way.plan]) : {}
  if (plan.some(isDummy) && !(await hall.hasDummy())) warnOfStandIn(network)
  if (base !== undefined && found) await warnOfBarrier(hall.host, network, base)
  return {
    plan: [...steps, ...(raised ? await reconnect(hall, network, config) : [])],
    networks,
    config,
    record: () => {
      const { marks } = hall.store
      const mark: Raised = {
        ...(wall ? { link: wall.link, lengths: lengthsOf(wall) } : {}),
        ...(base ? { base } : {}),
        ...(found ? { found, settings } : {}),
        ...(underlay ? { underlay } : {}),
        ...(home ? { home } : {}),
      }
      marks.put(raisedKey(network), mark)
      recordWay(hall, way)
      known.record()
    },
  }
}

async function hasLinks(hall: Hall, network: Network, raised: Raised, unseen: boolean): Promise<boolean> {
  if (unseen && !isCoveted(hall, network, raised)) return true
  const { base, state } = await standingOf(hall, network, raised)
  if (state === 'taken') throw fault('LINK_TAKEN', { network: network.name, link: base })
  return unseen || state === 'there'
}

/**
 * Somebody else may well make a link of that name when ours is gone: a user has chosen it. No step would be refused that puts an
 * endpoint on theirs. A name that is made of an id is nobody's.
 */
const isCoveted = (hall: Hall, network: Network, { link, base = link, found }: Raised): boolean =>
  base !== undefined && !found && (driverOf(hall, network).adoptedLinks?.(configOf(hall, network)) ?? []).includes(base)

const warnOfStandIn = ({ name }: Network): void =>
  process.emitWarning(`this kernel has no dummy links: network ${name} stands on an ifb, which does the same`, { code: 'CNM_NO_DUMMY' })

/** The driver's other networks, and those of its kin, as they are recorded: there may be thousands. */
function othersOf(hall: Hall, network: Network): readonly OtherNetwork[] {
  const { kin = [] } = driverOf(hall, network)
  const [alike, relatives]: [OtherNetwork[], OtherNetwork[]] = [[], []]
  for (const other of hall.store.networks.list()) {
    const { id, driver, configOnly } = other
    if (configOnly || id === network.id) continue
    if (driver === network.driver) alike.push(isIdle(hall, other) ? { ...other, idle: true } : other)
    if (kin.includes(driver)) relatives.push({ ...other, kin: driver })
  }
  return [...alike, ...relatives]
}

/** An engine that has addresses of its own does not see what such a network holds, only links and routes. */
const isIdle = (hall: Hall, network: Network): boolean => isRaisedLate(hall, network) && !isRaised(hall, network)

/** What the driver has against a network as the host is now; null when nothing. */
export async function unfitness(hall: Hall, network: Network): Promise<CnmError | null> {
  try {
    const found = await foundFor(hall, network)
    await driverOf(hall, network).createNetwork(toConfig(network, found ? { found } : {}), [])
    return null
  } catch (error) {
    if (error instanceof CnmError) return error
    throw error
  }
}

/** See way-out.ts. */
export const GATEWAY_NETWORK = 'docker_gwbridge'

/** The links of a network are there as long as somebody is on it. */
export const isRaisedLate = ({ drivers }: Hall, { name, driver }: Network): boolean =>
  isPredefined(name) || name === GATEWAY_NETWORK || (drivers.has(driver) && drivers.get(driver).capabilities.scope === 'global')

/** A network that is going to be raised late has to be one that its driver can make. */
export async function checkLate(hall: Hall, network: Network): Promise<void> {
  const driver = driverOf(hall, network)
  const underlay = driver.capabilities.scope === 'global' ? { underlay: await underlayOf(hall) } : {}
  const config = toConfig(network, underlay)
  await driver.createNetwork(config, othersOf(hall, network))
  await checkSecrecy(hall, network, config)
}

/** What is to be encrypted needs a kernel that can. Throws ESP_ABSENT, WIREGUARD_ABSENT. */
async function checkSecrecy(hall: Hall, network: Network, config: NetworkConfig): Promise<void> {
  const tunnel = config.underlay && tunnelOf(hall, network, config)
  if (config.underlay && tunnel?.encrypted) await checkEsp(hall, config.underlay.address)
  if (tunnel?.wireguard) await checkWireguard(hall)
}

export const familiesOn = ({ enableIPv4, enableIPv6 }: Network): readonly Family[] => [
  ...(enableIPv4 ? [4 as const] : []),
  ...(enableIPv6 ? [6 as const] : []),
]

/** What there is in our table besides the wall of one network, and whose it is if not ours, see strangerIn(). */
async function besides(hall: Hall, network: Network): Promise<{ readonly remains: Remains; readonly stranger: string }> {
  const isWalled = (other: Network) => other.id !== network.id && walledLink(hall, other) !== undefined
  if (hall.store.networks.list().some(isWalled)) return { remains: 'walls', stranger: '' }
  const listing = await ownTable(hall)
  const stranger = strangerIn(hall, listing)
  // What is another controller's is for us to leave, as a wall is.
  return { remains: stranger !== '' ? 'walls' : hasUserRules(listing) ? 'user rules' : 'nothing', stranger }
}

/** The same before the wall is raised. Throws NAMESPACE_OWNED. */
async function beforeWall(hall: Hall, network: Network): Promise<Remains> {
  const { remains, stranger } = await besides(hall, network)
  refuse(hall, stranger)
  return remains
}

/** Of the lengths of a wall's subnets, those that another wall has as well: mostly the next best one does. */
function lengthsBesides({ store }: Hall, network: Network, wall: Wall): Lengths {
  const [wanted, shared] = [new Set(lengthsOf(wall)), new Set<string>()]
  for (const other of store.networks.list()) {
    if (wanted.size === 0) break
    if (other.id === network.id) continue
    for (const length of raisedOf(store, other)?.lengths ?? []) if (wanted.delete(length)) shared.add(length)
  }
  return shared
}

// The kernel's own refusal, of the first step, is the better one.
const ownTable = async ({ host }: Hall): Promise<string | null> => (mayAdministerNetworks() ? listNftTable(host, TABLE) : null)

/** The operator has put rules of their own into our table. */
const hasUserRules = (listing: string | null): boolean => objectsIn(listing).some(({ rule }) => rule?.chain === USER)

/** Where there is no IPv6, there is none to switch off; where there is no dummy link, an ifb loses all that it is given just as well. */
export async function onThisKernel(hall: Hall, plan: Plan): Promise<Plan> {
  const steps = withoutLackingIPv6(plan, await hall.hasIPv6())
  if (!steps.some(isDummy) || (await hall.hasDummy())) return steps
  return steps.map((op) => (isDummy(op) ? { ...op, kind: 'ifb' } : op))
}

const isDummy = (op: Op): op is Op & LinkAdd => op.op === 'link.add' && op.kind === 'dummy'

/** Puts the endpoints of a network back on a link that was made anew. Their own links are still there. */
async function reconnect(hall: Hall, network: Network, config: NetworkConfig): Promise<Plan> {
  const driver = driverOf(hall, network)
  const links = await linkNames(hall.host)
  const plan: Plan[] = []
  for (const endpoint of hall.store.endpoints.with('networkId', network.id)) {
    const { ports = [] } = hall.store.sandboxes.get(endpoint.sandboxId) ?? {}
    const made = await onThisKernel(hall, (await driver.createEndpoint(config, { ...endpoint, ports })).plan)
    const there = made.flatMap((op) => (op.op === 'link.add' ? [op.name] : [])).every((name) => links.has(name))
    if (there) plan.push(made.filter(({ op }) => op !== 'link.add'))
  }
  return plan.flat()
}

/** What has made the networks that may share links with this one. */
async function plansBeside(hall: Hall, network: Network): Promise<readonly Plan[]> {
  const planOf = async (each: Network) => (await driverOf(hall, each).createNetwork(configOf(hall, each), [])).plan
  if (sharedIn(await planOf(network)).length === 0) return []
  const others = raisedNetworks(hall).filter(({ id, driver }) => id !== network.id && hall.drivers.has(driver))
  return Promise.all(others.map(planOf))
}

/** Another network that has its links is encrypted. */
const hasSecretNeighbour = (hall: Hall, { id }: Network): boolean =>
  raisedNetworks(hall).some((other) => other.id !== id && tunnelOf(hall, other, configOf(hall, other))?.encrypted)

/** Steps that take a network's links and walls away; with the last wall goes all that was lent. */
export async function lower(hall: Hall, network: Network): Promise<Omit<Raising, 'config'>> {
  const { marks } = hall.store
  const raised = raisedOf(hall.store, network)
  const networks = [homeOf(hall, network)]
  if (!raised) return { plan: [], networks, record: () => {} }
  const { plan: whole, wall } = await driverOf(hall, network).deleteNetwork(configOf(hall, network))
  const spared = sparingShield(sparingShared(whole, await plansBeside(hall, network)), () => hasSecretNeighbour(hall, network))
  const plan = await sparingForeign([hall.host], spared)
  const remains = wall ? (await besides(hall, network)).remains : 'walls'
  const last = remains !== 'walls'
  const back = last ? await closeWay(hall, lentOf(hall)) : []
  const settings = Object.entries(raised.settings ?? {}).map(([path, value]) => ({ op: 'sysctl', path, value }) as const)
  return {
    plan: [...(wall ? razeWall(wall, remains, lengthsBesides(hall, network, wall)) : []), ...plan, ...settings, ...back],
    networks,
    record: () => {
      marks.delete(raisedKey(network))
      if (last) forgetWay(hall)
    },
  }
}
