import { type Endpoint, isPredefined, isTheLink, type Network, type Pool, type Sandbox } from './network.ts'
import type { Service, SwarmEndpoint } from './swarm.ts'
import type { Opening } from './wall.ts'

/** An endpoint, seen from its network. */
export interface Guest {
  readonly endpoint: Endpoint
  readonly sandbox: Sandbox
}

/** By subnet: addresses that are held, and those that may still be given out. */
export type SubnetUsage = Readonly<Record<string, { readonly inUse: bigint; readonly available: bigint }>>

/** A node of the swarm that somebody on the network is on. */
export interface PeerNode {
  readonly name: string
  readonly ip: string
}

/** The largest packet on a network, and why: '1500 of eth0 - 20 IPv4 - …'. */
export interface PathMtu {
  readonly bytes: number
  readonly derivation: string
}

/** A network as `docker network inspect` has it: Docker's names, in Docker's order; maps are sorted, as Go writes them. */
export const networkToEngine = (
  network: Network,
  guests: readonly Guest[],
  usage: SubnetUsage = {},
  mtu?: PathMtu,
  peers: readonly PeerNode[] = [],
  services: readonly Service[] = [],
) => ({
  Name: network.name,
  Id: network.id,
  Created: network.created,
  Scope: network.scope,
  Driver: network.driver,
  EnableIPv4: network.enableIPv4,
  EnableIPv6: network.enableIPv6,
  // Docker asks for its own networks without options.
  IPAM: {
    Driver: network.ipam.driver,
    Options: isPredefined(network.name) ? null : sorted(network.ipam.options),
    Config: network.pools.map(poolToEngine),
  },
  Internal: network.internal,
  Attachable: network.attachable,
  Ingress: network.ingress ?? false,
  ConfigFrom: { Network: network.configFrom ?? '' },
  ConfigOnly: network.configOnly ?? false,
  Containers: sorted(Object.fromEntries(guests.map((guest) => [guest.sandbox.id, guestToEngine(guest)]))),
  Options: sorted(network.options),
  Labels: sorted(network.labels),
  ...(peers.length > 0 ? { Peers: peers.map(({ name, ip }) => ({ Name: name, IP: ip })) } : {}),
  ...(services.length > 0
    ? { Services: sorted(Object.fromEntries(services.map(({ name, tasks }) => [name, serviceToEngine(tasks)]))) }
    : {}),
  ...(Object.keys(usage).length > 0 || mtu ? { Status: statusOf(usage, mtu) } : {}),
})

const statusOf = (usage: SubnetUsage, mtu: PathMtu | undefined) => ({
  ...(Object.keys(usage).length > 0 ? { IPAM: { Subnets: sorted(usageToEngine(usage)) } } : {}),
  ...(mtu ? { MTU: { Bytes: mtu.bytes, Derivation: mtu.derivation } } : {}),
})

/** Nobody balances between tasks here: a service has no address of its own, and no ports of the routing mesh. */
const serviceToEngine = (tasks: readonly SwarmEndpoint[]) => ({
  VIP: '',
  Ports: [] as readonly string[],
  LocalLBIndex: 0,
  Tasks: tasks.map(taskToEngine),
})

const taskToEngine = ({ sandbox, endpointId, address, address6, vtep }: SwarmEndpoint) => ({
  Name: sandbox,
  EndpointID: endpointId,
  EndpointIP: split(address ?? address6).ip,
  Info: { 'Host IP': vtep },
})

/** Docker's counters are 64 bits wide, and stay at their end. */
const COUNTER_END = (1n << 64n) - 1n
const counter = (count: bigint): bigint => (count > COUNTER_END ? COUNTER_END : count)

const usageToEngine = (usage: SubnetUsage) =>
  Object.fromEntries(
    Object.entries(usage).map(([subnet, { inUse, available }]) => [
      subnet,
      { IPsInUse: counter(inUse), DynamicIPsAvailable: counter(available) },
    ]),
  )

/** What Docker has no name for comes last. */
const poolToEngine = ({ subnet, range, gateway, aux, reservations = {} }: Pool) => ({
  Subnet: subnet,
  ...(range ? { IPRange: range } : {}),
  ...(gateway ? { Gateway: split(gateway).ip } : {}),
  ...(Object.keys(aux).length > 0 ? { AuxiliaryAddresses: sorted(aux) } : {}),
  ...(Object.keys(reservations).length > 0 ? { Reservations: sorted(reservations) } : {}),
})

const guestToEngine = ({ endpoint, sandbox }: Guest) => ({
  Name: endpoint.wayOut ? `gateway_${sandbox.id.slice(0, 12)}` : sandbox.name,
  EndpointID: endpoint.id,
  MacAddress: endpoint.mac,
  IPv4Address: endpoint.address ?? '',
  IPv6Address: endpoint.address6 ?? '',
})

/** An endpoint, seen from its sandbox. */
export interface EngineSeat {
  readonly endpoint: Endpoint
  readonly network: Network
}

/** A sandbox as `docker inspect` has a container's network side. `openings`: where its published ports are reached now. */
export const sandboxToEngine = (sandbox: Sandbox, seats: readonly EngineSeat[], openings: readonly Opening[]) => ({
  Id: sandbox.id,
  Name: sandbox.name,
  Created: sandbox.created,
  Labels: sorted(sandbox.labels),
  NetworkSettings: {
    SandboxID: sandbox.id,
    SandboxKey: sandbox.path,
    Ports: portsToEngine(sandbox, openings),
    // Docker does not show what nobody asked for.
    Networks: sorted(
      Object.fromEntries(seats.filter(({ endpoint }) => !endpoint.wayOut).map((seat) => [seat.network.name, seatToEngine(seat)])),
    ),
  },
})

/** null: published, but no network of the sandbox is a way in. */
function portsToEngine({ ports }: Sandbox, openings: readonly Opening[]) {
  const bindings = (port: string) => openings.filter((opening) => keyOf(opening) === port).map(bindingToEngine)
  return sorted(Object.fromEntries(ports.map(keyOf).map((key) => [key, bindings(key).length > 0 ? bindings(key) : null])))
}

/** Not Docker's: whose address a program in the sandbox sees. What comes through 127.0.0.1 has none that could be answered. */
const bindingToEngine = ({ hostIP, hostPort }: Opening) => ({
  HostIp: hostIP,
  HostPort: hostPort === 0 ? '' : String(hostPort),
  ClientAddress: hostIP.startsWith('127.') ? 'gateway' : 'preserved',
})

const keyOf = ({ port, protocol }: Pick<Opening, 'port' | 'protocol'>): string => `${port}/${protocol}`

const seatToEngine = ({ endpoint }: EngineSeat) => ({
  IPAMConfig: ipamConfigOf(endpoint),
  Links: endpoint.links ?? null,
  Aliases: endpoint.aliases.length > 0 ? endpoint.aliases : null,
  DriverOpts: Object.keys(endpoint.options).length > 0 ? sorted(endpoint.options) : null,
  GwPriority: endpoint.gwPriority,
  NetworkID: endpoint.networkId,
  EndpointID: endpoint.id,
  Gateway: nextHop(endpoint.gateway),
  IPAddress: split(endpoint.address).ip,
  MacAddress: endpoint.mac,
  IPPrefixLen: split(endpoint.address).prefix,
  IPv6Gateway: nextHop(endpoint.gateway6),
  GlobalIPv6Address: split(endpoint.address6).ip,
  GlobalIPv6PrefixLen: split(endpoint.address6).prefix,
  DNSNames: null,
})

/** Docker has no name for a way out that is the link itself. */
const nextHop = (gateway: string): string => (isTheLink(gateway) ? '' : gateway)

function ipamConfigOf({ requested: { address, address6 }, linkLocal }: Endpoint) {
  if (address === undefined && address6 === undefined && linkLocal === undefined) return null
  return {
    ...(address ? { IPv4Address: address } : {}),
    ...(address6 ? { IPv6Address: address6 } : {}),
    ...(linkLocal ? { LinkLocalIPs: linkLocal } : {}),
  }
}

/** '172.18.0.2/16' in its two halves; '' and 0 when there is none. */
function split(cidr = ''): { readonly ip: string; readonly prefix: number } {
  const [ip = '', prefix = '0'] = cidr.split('/')
  return { ip, prefix: Number(prefix) }
}

const sorted = <T>(map: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
