import type { EndpointConfig, EndpointSteps, JoinSteps, NetworkConfig, NetworkDriver, Publishing } from '../../drivers/driver.ts'
import { isSame } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { isLinkName, macOf, newId, parseMac } from '../../model/ids.ts'
import { type Endpoint, isPredefined, isShared, type Network, type PortBinding, type Sandbox } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import type { Attachment } from '../../model/request.ts'
import { isServiceName, MOST_SERVICES } from '../../model/swarm.ts'
import type { Opening } from '../../model/wall.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { onThisKernel } from '../networks/raising.ts'
import { forgetEndpoint } from '../ports/connections.ts'
import { openingsOf as openingsThrough, PUBLISHING } from '../ports/ports.ts'
import { driverOf } from '../remote/drivers.ts'
import { ipamOf } from '../remote/ipam.ts'
import { arrive } from '../remote/network.ts'
import { type Claims, claimAddress, lifetimesOf } from './addresses.ts'
import type { Seat } from './gateway.ts'
import { bringIn, bringOut, furnish, isElusive, linkLocalCidr, nextName, removeInside, setAside } from './interior.ts'
import { smallLinks } from './ipv6.ts'
import { readSysctls } from './sysctls.ts'
import { nameInside } from './whereabouts.ts'

export const IFNAME_OPTION = 'com.docker.network.endpoint.ifname'
const SYSCTLS_OPTION = 'com.docker.network.endpoint.sysctls'

/** The endpoints of a sandbox with their networks. */
export const seatsOf = (hall: Pick<Hall, 'store'>, sandbox: Sandbox): readonly Seat[] =>
  hall.store.endpoints.with('sandboxId', sandbox.id).flatMap((endpoint) => {
    const network = hall.store.networks.get(endpoint.networkId)
    return network ? [{ endpoint, network }] : []
  })

const publishingOf = (hall: Hall, network: Network): Publishing =>
  driverOf(hall, network).publishing?.(configOf(hall, network)) ?? PUBLISHING

/** Where `ports` are reached through these seats. */
export const openingsOf = (hall: Hall, ports: readonly PortBinding[], seats: readonly Seat[]): readonly Opening[] =>
  openingsThrough(ports, seats, (network) => publishingOf(hall, network))

/** What passes the host by, it cannot publish: said where that is so of all ports. */
export function warnOfPorts(hall: Hall, { name, ports }: Sandbox, seats: readonly Seat[]): void {
  if (ports.length === 0 || openingsOf(hall, ports, seats).length > 0) return
  const past = seats.find(({ network }) => Object.values(publishingOf(hall, network).modes).every((mode) => mode === 'isolated'))
  if (!past || past.network.internal) return
  const { name: network, driver } = past.network
  const words = `network ${network} publishes no ports: a ${driver} sandbox (${name}) is reached at its own address`
  process.emitWarning(words, { code: 'CNM_PORTS_IGNORED' })
}

export interface Seating {
  readonly seat: Seat
  readonly plan: Plan
}

/** What one attachment needs to know of the sandbox it leads into. */
export interface Interior {
  readonly sandbox: Sandbox
  /** Names of links that are there, or will be when the steps planned so far are done. */
  readonly taken: ReadonlySet<string>
  /** The kernel has IPv6. */
  readonly ipv6: boolean
}

/** Claims addresses and plans one endpoint: the driver's steps, with its link brought in and furnished. */
export async function planEndpoint(
  hall: Hall,
  network: Network,
  facts: NetworkConfig,
  attachment: Attachment,
  interior: Interior,
  claims: Claims,
  signal?: AbortSignal,
): Promise<Seating> {
  checkAttachment(network, attachment)
  checkRoom(hall, network)
  const waiting = signal ? { signal } : {}
  const id = newId()
  const ipam = await ipamOf(hall, network.ipam, waiting)
  const { requiresMACAddress } = ipam.capabilities
  const own = attachment.mac !== undefined
  const mac = attachment.mac ?? (requiresMACAddress ? macOf(id) : undefined)
  const wish = { sandbox: interior.sandbox.name, mac }
  const address = await claimAddress(hall, ipam, network, 4, { ...wish, ip: attachment.ip }, claims)
  const address6 = await claimAddress(hall, ipam, network, 6, { ...wish, ip: attachment.ip6 }, claims)
  const wanted: EndpointConfig = {
    id,
    ...(address ? { address } : {}),
    ...(address6 ? { address6 } : {}),
    ...(mac && (own || !(await driverOf(hall, network).sharesMac?.(facts))) ? { mac } : {}),
    ports: interior.sandbox.ports,
    options: attachment.options ?? {},
  }
  const config = network.plugin ? await arrive(hall, network, wanted, interior.sandbox, own, claims, waiting) : wanted
  const answers = await ask(driverOf(hall, network), facts, config)
  const { made, joined } = answers
  const ifname = joined.link ? nameLink(attachment, joined.link.prefix, interior) : ''
  const endpoint: Endpoint = {
    id,
    networkId: network.id,
    sandboxId: interior.sandbox.id,
    aliases: attachment.aliases ?? [],
    ...(attachment.links?.length ? { links: attachment.links } : {}),
    ...(attachment.linkLocal?.length ? { linkLocal: attachment.linkLocal } : {}),
    options: config.options,
    gwPriority: attachment.gwPriority ?? 0,
    mac: made.mac ?? '',
    ...(config.address ? { address: config.address } : {}),
    ...(config.address6 ? { address6: config.address6 } : {}),
    requested: requestedOf(attachment),
    ifname,
    gateway: joined.gateway,
    gateway6: joined.gateway6,
    ...(config.answered ? { answered: config.answered } : {}),
  }
  const seat = { endpoint, network }
  return { seat, plan: await assemble(hall, seat, answers, interior.ipv6) }
}

/** What a driver says of an endpoint. */
interface Answers {
  readonly made: EndpointSteps
  readonly joined: JoinSteps
}

async function ask(driver: NetworkDriver, facts: NetworkConfig, config: EndpointConfig): Promise<Answers> {
  const made = await driver.createEndpoint(facts, config)
  const joined = await driver.join(facts, made.mac ? { ...config, mac: made.mac } : config)
  return { made, joined }
}

/** The driver's steps with its link brought in, and what is done inside. */
async function assemble(hall: Hall, { endpoint, network }: Seat, { made, joined }: Answers, ipv6: boolean): Promise<Plan> {
  const sysctls = readSysctls(endpoint.options[SYSCTLS_OPTION])
  // A plugin's link may have another MAC than it was told, or than it told.
  const own = endpoint.answered && endpoint.mac ? { mac: endpoint.mac } : {}
  const furniture = { ...joined, sysctls, lifetimes: lifetimesOf(hall, network, endpoint), ...own }
  const hasIPv6 = ipv6 && !smallLinks(made.plan).has(joined.link?.name ?? '')
  const inside = endpoint.ifname === '' ? [] : furnish(endpoint, furniture, hasIPv6)
  const outside = await onThisKernel(hall, [...made.plan, ...joined.plan])
  return [...bringIn(outside, joined.link, endpoint.ifname), ...inside]
}

/** The steps that an endpoint of the records was made by. */
export async function planAgain(hall: Hall, seat: Seat, ipv6: boolean): Promise<Plan> {
  const { endpoint, network } = seat
  const answers = await ask(driverOf(hall, network), configOf(hall, network), recorded(hall, endpoint))
  return assemble(hall, seat, answers, ipv6)
}

/** What a driver is told of an endpoint that is there. */
export function recorded(hall: Hall, { id, sandboxId, address, address6, mac, options, answered }: Endpoint): EndpointConfig {
  return {
    id,
    ...(address ? { address } : {}),
    ...(address6 ? { address6 } : {}),
    ...(mac ? { mac } : {}),
    ports: hall.store.sandboxes.get(sandboxId)?.ports ?? [],
    options,
    ...(answered ? { answered } : {}),
  }
}

/**
 * The driver's steps of the other direction. What is in the sandbox only (addresses, routes) goes with its link. `stays`: the
 * sandbox does, and can be connected to something else next.
 */
export async function planDeparture(hall: Hall, { endpoint, network }: Seat, stays: boolean): Promise<Plan> {
  const driver = driverOf(hall, network)
  const config = recorded(hall, endpoint)
  const facts = configOf(hall, network)
  const { made, joined } = await ask(driver, facts, config)
  const left = await driver.leave(facts, config)
  const deleted = await driver.deleteEndpoint(facts, config)
  const arrival = [...made.plan, ...joined.plan]
  const sandbox = hall.store.sandboxes.get(endpoint.sandboxId)
  const ifname = stays && isElusive(arrival, joined.link, sandbox?.kind) ? await nameInside(sandbox?.path ?? '', endpoint) : endpoint.ifname
  return [
    ...bringOut(arrival, joined.link, endpoint.ifname),
    ...(ifname === undefined ? [] : setAside(arrival, joined.link, { ...endpoint, ifname }, stays)),
    ...left.plan,
    ...removeInside(arrival, deleted.plan, joined.link, ifname, stays),
    ...forgetEndpoint(endpoint),
  ]
}

const NEARLY_FULL = 0.88

/**
 * How many endpoints a network may have, and from which number on that is worth a warning: one for one is meant to be full. Null
 * where there is no end.
 */
export function roomOf(hall: Hall, network: Network): { readonly limit: number; readonly nearly: number } | null {
  const driver = driverOf(hall, network)
  const limit = driver.maxEndpoints?.(configOf(hall, network)) ?? driver.capabilities.maxEndpoints
  return limit === undefined ? null : { limit, nearly: limit === 1 ? Number.POSITIVE_INFINITY : Math.floor(limit * NEARLY_FULL) }
}

/** A network with no room left is refused before anything is done. */
function checkRoom(hall: Hall, network: Network): void {
  const room = roomOf(hall, network)
  if (!room) return
  const { id, name, driver } = network
  const count = hall.store.endpoints.with('networkId', id).length
  if (count >= room.limit) throw fault('NETWORK_FULL', { name, driver, limit: room.limit })
  if (count + 1 >= room.nearly)
    process.emitWarning(`network ${name} has ${count + 1} endpoints; a ${driver} takes ${room.limit}`, { code: 'CNM_NETWORK_NEARLY_FULL' })
}

function requestedOf({ ip, ip6, mac }: Attachment): Endpoint['requested'] {
  return { ...(ip ? { address: ip } : {}), ...(ip6 ? { address6: ip6 } : {}), ...(mac ? { mac } : {}) }
}

function nameLink(attachment: Attachment, prefix: string, { sandbox, taken }: Interior): string {
  const wanted = attachment.options?.[IFNAME_OPTION]
  if (wanted === undefined) return nextName(prefix, taken)
  if (!isLinkName(wanted)) throw fault('INVALID_OPTION', { key: IFNAME_OPTION, value: wanted, reason: 'not a link name' })
  if (taken.has(wanted)) throw fault('IFNAME_TAKEN', { ifname: wanted, sandbox: sandbox.name })
  return wanted
}

function checkAttachment(network: Network, { ip, ip6, mac, aliases = [], linkLocal = [] }: Attachment): void {
  const problems: string[] = []
  const userDefined = !isPredefined(network.name)
  if ((ip || ip6) && !userDefined) problems.push('user-specified IP address is supported on user-defined networks only')
  if (aliases.length > 0 && !userDefined) problems.push('network-scoped aliases are only supported for user-defined networks')
  if (isShared(network)) problems.push(...problemsOfServices(aliases))
  for (const text of linkLocal) if (!linkLocalCidr(text)) problems.push(`invalid link-local IP address: ${text}`)
  const twice = linkLocal.find((text, index) => linkLocal.some((other, before) => before < index && isSame(other, text)))
  if (twice !== undefined) problems.push(`link-local IP address is specified multiple times: ${twice}`)
  if (mac !== undefined && !isUnicast(parseMac(mac))) problems.push(`invalid MAC address: ${mac}`)
  if (ip && !network.enableIPv4) problems.push(`network ${network.name} has no IPv4: ${ip}`)
  if (ip6 && !network.enableIPv6) problems.push(`network ${network.name} has no IPv6: ${ip6}`)
  if (problems.length > 0) throw fault('INVALID_ENDPOINT_SETTINGS', { problems: problems.join('\n') })
}

/** On a network of the swarm an alias is the name of a service, which every node is told. */
function problemsOfServices(aliases: readonly string[]): readonly string[] {
  const bad = aliases.filter((alias) => !isServiceName(alias))
  const invalid = bad.map((alias) => `invalid alias: ${JSON.stringify(alias)}: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, up to 253`)
  return aliases.length > MOST_SERVICES ? [...invalid, `${aliases.length} aliases: at most ${MOST_SERVICES} are allowed`] : invalid
}

const isUnicast = (mac: Uint8Array | null): boolean => mac !== null && ((mac[0] ?? 1) & 1) === 0 && mac.some((byte) => byte !== 0)
