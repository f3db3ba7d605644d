import type { EndpointConfig, NetworkDriver } from '../drivers/driver.ts'
import { fault } from '../model/errors.ts'
import { isLinkName, newId, parseMac } from '../model/ids.ts'
import { type Endpoint, isPredefined, type Network, type Sandbox } from '../model/network.ts'
import type { Plan } from '../model/op.ts'
import type { Attachment } from '../model/request.ts'
import { type Claims, claimAddress } from './addresses.ts'
import type { Seat } from './gateway.ts'
import type { Hall } from './hall.ts'
import { bringIn, bringOut, furnish, linkLocalCidr, nextName } from './interior.ts'
import { configOf } from './networks.ts'

export const IFNAME_OPTION = 'com.docker.network.endpoint.ifname'

/** The endpoints of a sandbox with their networks. */
export const seatsOf = (hall: Hall, sandbox: Sandbox): readonly Seat[] =>
  hall.store.endpoints.list().flatMap((endpoint) => {
    const network = endpoint.sandboxId === sandbox.id ? hall.store.networks.get(endpoint.networkId) : undefined
    return network ? [{ endpoint, network }] : []
  })

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
  attachment: Attachment,
  interior: Interior,
  claims: Claims,
): Promise<Seating> {
  checkAttachment(network, attachment)
  const driver = hall.drivers.get(network.driver)
  const address = await claimAddress(hall, network, 4, attachment.ip, claims)
  const address6 = await claimAddress(hall, network, 6, attachment.ip6, claims)
  const config: EndpointConfig = {
    id: newId(),
    ...(address ? { address } : {}),
    ...(address6 ? { address6 } : {}),
    ...(attachment.mac ? { mac: attachment.mac } : {}),
    ports: interior.sandbox.ports,
    options: attachment.options ?? {},
  }
  const made = await driver.createEndpoint(configOf(network), config)
  const joined = await driver.join(configOf(network), made.mac ? { ...config, mac: made.mac } : config)
  const ifname = joined.link ? nameLink(attachment, joined.link.prefix, interior) : ''
  const endpoint: Endpoint = {
    id: config.id,
    networkId: network.id,
    sandboxId: interior.sandbox.id,
    aliases: attachment.aliases ?? [],
    ...(attachment.links?.length ? { links: attachment.links } : {}),
    ...(attachment.linkLocal?.length ? { linkLocal: attachment.linkLocal } : {}),
    options: config.options,
    gwPriority: attachment.gwPriority ?? 0,
    mac: made.mac ?? '',
    ...(address ? { address } : {}),
    ...(address6 ? { address6 } : {}),
    requested: requestedOf(attachment),
    ifname,
    gateway: joined.gateway,
    gateway6: joined.gateway6,
  }
  const inside = ifname === '' ? [] : furnish(endpoint, joined.routes, interior.ipv6)
  return { seat: { endpoint, network }, plan: [...bringIn([...made.plan, ...joined.plan], joined.link, ifname), ...inside] }
}

/** The driver's steps of the other direction. What is in the sandbox only (addresses, routes) goes with its link. */
export async function planDeparture(hall: Hall, { endpoint, network }: Seat): Promise<Plan> {
  const driver: NetworkDriver = hall.drivers.get(network.driver)
  const { id, address, address6, mac, options } = endpoint
  const config: EndpointConfig = {
    id,
    ...(address ? { address } : {}),
    ...(address6 ? { address6 } : {}),
    ...(mac ? { mac } : {}),
    ports: hall.store.sandboxes.get(endpoint.sandboxId)?.ports ?? [],
    options,
  }
  const facts = configOf(network)
  const made = await driver.createEndpoint(facts, config)
  const joined = await driver.join(facts, config)
  const left = await driver.leave(facts, config)
  const deleted = await driver.deleteEndpoint(facts, config)
  return [...bringOut([...made.plan, ...joined.plan], joined.link, endpoint.ifname), ...left.plan, ...deleted.plan]
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

function checkAttachment(network: Network, { ip, ip6, mac, aliases, linkLocal = [] }: Attachment): void {
  const problems: string[] = []
  const userDefined = !isPredefined(network.name)
  if ((ip || ip6) && !userDefined) problems.push('user-specified IP address is supported on user-defined networks only')
  if (aliases?.length && !userDefined) problems.push('network-scoped aliases are only supported for user-defined networks')
  for (const text of linkLocal) if (!linkLocalCidr(text)) problems.push(`invalid link-local IP address: ${text}`)
  if (mac !== undefined && !isUnicast(parseMac(mac))) problems.push(`invalid MAC address: ${mac}`)
  if (ip && !network.enableIPv4) problems.push(`network ${network.name} has no IPv4: ${ip}`)
  if (ip6 && !network.enableIPv6) problems.push(`network ${network.name} has no IPv6: ${ip6}`)
  if (problems.length > 0) throw fault('INVALID_ENDPOINT_SETTINGS', { problems: problems.join('\n') })
}

const isUnicast = (mac: Uint8Array | null): boolean => mac !== null && ((mac[0] ?? 1) & 1) === 0 && mac.some((byte) => byte !== 0)
