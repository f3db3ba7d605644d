import { GATEWAY_REQUEST, type IpamDriver } from '../../ipam/driver.ts'
import { type Address, type Cidr, contains, type Family, isSame, parseAddress, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import type { Endpoint, Network, Options, Pool } from '../../model/network.ts'
import { oncePer } from '../../model/once-per.ts'
import type { CreateNetwork } from '../../model/request.ts'

export const withoutPrefix = (cidr: string): string => cidr.replace(/\/\d+$/, '')

export function isIn(subnet: string, address: string): boolean {
  const [cidr, ip] = [parseCidr(subnet), parseAddress(address)]
  return cidr !== null && ip !== null && contains(cidr, ip)
}

export const isReserved = ({ reservations = {} }: Pool, ip: string): boolean => Object.values(reservations).some((kept) => isSame(kept, ip))

/** What a pool keeps for a sandbox. The name may be one that every object knows, as `constructor`. */
export const keptFor = ({ reservations = {} }: Pool, sandbox: string): string | undefined =>
  Object.hasOwn(reservations, sandbox) ? reservations[sandbox] : undefined

export function poolOf(network: Network, pools: readonly Pool[], family: Family, requested: string): Pool {
  const address = parseAddress(requested)
  if (address?.family !== family) throw fault('INVALID_ENDPOINT_SETTINGS', { problems: `invalid IPv${family} address: ${requested}` })
  const pool = pools.find(({ subnet }) => isIn(subnet, requested))
  if (pool) return pool
  throw fault('ADDRESS_OUTSIDE', {
    address: requested,
    network: network.name,
    subnets: pools.map(({ subnet }) => subnet).join(', ') || 'none',
  })
}

/** The pool that an address lies in. */
export function poolFor({ pools }: Network, ip: string): Pool | undefined {
  const address = parseAddress(ip)
  return address ? pools.find((pool) => covers(subnetOf(pool), address)) : undefined
}

const subnetOf = oncePer(({ subnet }: Pool) => parseCidr(subnet))
const covers = (subnet: Cidr | null, address: Address): boolean => subnet !== null && contains(subnet, address)

/** What a pool holds besides endpoints and its gateway. */
export const keptIn = ({ aux, reservations = {} }: Pool): readonly string[] => [...Object.values(aux), ...Object.values(reservations)]

export async function spaceFor(ipam: IpamDriver, { scope }: Pick<CreateNetwork, 'scope'>): Promise<string> {
  const { local, global } = await ipam.defaultAddressSpaces()
  return scope === 'swarm' ? global : local
}

/** What an IPAM driver is told of an endpoint, if it wants to know. */
export const factsFor = ({ capabilities }: IpamDriver, mac: string | undefined): Options =>
  capabilities.requiresMACAddress && mac ? { 'com.docker.network.endpoint.macaddress': mac } : {}

/** Tells an IPAM driver that keeps nothing itself what the records say is taken. */
export async function replay(ipam: IpamDriver, network: Network, endpoints: readonly Endpoint[]): Promise<void> {
  if (!ipam.capabilities.requiresRequestReplay) return
  const space = await spaceFor(ipam, network)
  for (const pool of network.pools) {
    const again = {
      space,
      pool: pool.subnet,
      subPool: pool.range ?? '',
      options: network.ipam.options,
      v6: pool.family === 6,
      reserved: [],
    }
    await ipam.requestPool(again)
    if (pool.gateway) await ipam.requestAddress(pool.id, withoutPrefix(pool.gateway), GATEWAY_REQUEST)
    for (const address of keptIn(pool)) await ipam.requestAddress(pool.id, address, {})
    for (const { address, address6, mac } of [...endpoints, ...(network.peers ?? [])]) {
      const ip = withoutPrefix((pool.family === 4 ? address : address6) ?? '')
      if (isIn(pool.subnet, ip) && !isReserved(pool, ip)) await ipam.requestAddress(pool.id, ip, factsFor(ipam, mac))
    }
  }
}
