import { Value } from '@sinclair/typebox/value'
import type { EngineEndpoint, EngineNetwork } from '../../controller/engine/driver.ts'
import type { Published } from '../../controller/engine/ways-out.ts'
import { type Cidr, type Family, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { parseMac } from '../../model/ids.ts'
import type { Options, Pool, Protocol } from '../../model/network.ts'
import type { PublishPort } from '../../model/request.ts'
import { type IpamData, PortMap } from './wire.ts'

type Said = Readonly<Record<string, unknown>> | null | undefined

const GENERIC = 'com.docker.network.generic'
const ENABLE_IPV4 = 'com.docker.network.enable_ipv4'
const ENABLE_IPV6 = 'com.docker.network.enable_ipv6'
const INTERNAL = 'com.docker.network.internal'
const PORT_MAP = 'com.docker.network.portmap'
/** Another endpoint of the sandbox is its way out for IPv6. */
const OTHER_IPV6 = 'com.docker.network.driver.private.no_proxy_6to4'
/** Options of an endpoint that Docker itself adds; the rest are the user's. */
const DOCKERS: ReadonlySet<string> = new Set([
  PORT_MAP,
  'com.docker.network.endpoint.exposedports',
  'com.docker.network.endpoint.macaddress',
  'com.docker.network.endpoint.dnsservers',
  OTHER_IPV6,
])

/** An engine before 28 does not say that IPv4 is on: it always is. */
export function networkOf(
  said: Said,
  pools4: readonly IpamData[] | null = [],
  pools6: readonly IpamData[] | null = [],
): Omit<EngineNetwork, 'id'> {
  const pools = [...(pools4 ?? []), ...(pools6 ?? [])].flatMap(poolOf)
  return {
    internal: said?.[INTERNAL] === true,
    enableIPv4: said?.[ENABLE_IPV4] !== false,
    enableIPv6: said?.[ENABLE_IPV6] === true,
    options: textsIn(said?.[GENERIC], GENERIC),
    pools,
  }
}

/** A manager is not told which families a network has, nor, by an engine before 24, which pool is of which. */
export function allocationOf(
  options: Readonly<Record<string, string>> | null | undefined,
  pools4: readonly IpamData[] | null | undefined,
  pools6: readonly IpamData[] | null | undefined,
): Omit<EngineNetwork, 'id'> {
  const pools = [...(pools4 ?? []), ...(pools6 ?? [])].flatMap(poolOf)
  const has = (family: Family) => pools.some((pool) => pool.family === family)
  return { internal: false, enableIPv4: has(4), enableIPv6: has(6), options: options ?? {}, pools }
}

/** The IPAM driver `null` has pools without addresses: 0.0.0.0/0. */
function poolOf({ Pool: subnet, Gateway: gateway = '', AuxAddresses }: IpamData): Pool[] {
  const { family, prefix } = cidrIn('Pool', subnet)
  if (prefix === 0) return []
  if (gateway) cidrIn('Gateway', gateway, family)
  const aux = Object.entries(AuxAddresses ?? {}).map(([name, text]) => {
    cidrIn(`AuxAddresses.${name}`, text, family)
    return [name, text.replace(/\/\d+$/, '')] as const
  })
  return [{ family, id: '', subnet, ...(gateway ? { gateway } : {}), aux: Object.fromEntries(aux) }]
}

function cidrIn(where: string, text: string, family?: Family): Cidr {
  const cidr = parseCidr(text)
  if (!cidr || (family && cidr.family !== family))
    throw fault('ENGINE_MISTAKE', { what: `${where}: ${JSON.stringify(text)} is no address here` })
  return cidr
}

export function endpointOf(
  id: string,
  said: Said,
  face: { readonly Address?: string; readonly AddressIPv6?: string; readonly MacAddress?: string } | null = {},
): EngineEndpoint {
  const { Address: address = '', AddressIPv6: address6 = '', MacAddress: mac = '' } = face ?? {}
  if (address) cidrIn('Interface.Address', address, 4)
  if (address6) cidrIn('Interface.AddressIPv6', address6, 6)
  if (mac && !parseMac(mac)) throw fault('ENGINE_MISTAKE', { what: `Interface.MacAddress: ${JSON.stringify(mac)} is no MAC address` })
  const own = Object.fromEntries(Object.entries(said ?? {}).filter(([key]) => !DOCKERS.has(key)))
  return {
    id,
    ...(address ? { address } : {}),
    ...(address6 ? { address6 } : {}),
    ...(mac ? { mac } : {}),
    options: textsIn(own, 'Options'),
    ports: portsOf(said),
  }
}

const PROTOCOLS: Readonly<Record<number, Protocol>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }

/** What a sandbox publishes through an endpoint that is a way out of it. */
export const publishedOf = (said: Said): Published => ({ ports: portsOf(said), onlyIPv4: said?.[OTHER_IPV6] === true })

function portsOf(said: Said): readonly PublishPort[] {
  const map = said?.[PORT_MAP] ?? []
  if (!Value.Check(PortMap, map)) throw fault('ENGINE_MISTAKE', { what: `${PORT_MAP} is not a list of ports` })
  return map.map(({ Proto, Port: port, HostIP: hostIP = '', HostPort: hostPort = 0, HostPortEnd: hostPortEnd = 0 }) => {
    const protocol = PROTOCOLS[Proto]
    if (!protocol) throw fault('ENGINE_MISTAKE', { what: `${PORT_MAP}: protocol number ${Proto} is none of 6, 17 and 132` })
    return { protocol, hostIP, hostPort, ...(hostPortEnd > hostPort ? { hostPortEnd } : {}), port }
  })
}

function textsIn(value: unknown, where: string): Options {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {})
  const odd = entries.find(([, text]) => typeof text !== 'string')
  if (odd) throw fault('ENGINE_MISTAKE', { what: `${where}: ${odd[0]} is not text` })
  return Object.fromEntries(entries)
}
