import { isHostName } from '../../drivers/host-access.ts'
import { checkIpamConfig } from '../../ipam/config.ts'
import { MAC_OF_PARENT, PARENT } from '../../ipam/dhcp/driver.ts'
import { GATEWAY_REQUEST, type IpamDriver, type PoolAnswer, type PoolRequest } from '../../ipam/driver.ts'
import { type Family, isSame, parseCidr } from '../../model/address.ts'
import type { SubnetUsage } from '../../model/engine.ts'
import { CnmError, fault } from '../../model/errors.ts'
import type { Endpoint, Network, Options, Pool } from '../../model/network.ts'
import type { CreateNetwork, IpamConfig } from '../../model/request.ts'
import type { Hall } from '../hall.ts'
import { type InUse, inUseOnHost, NOTHING_IN_USE } from '../networks/in-use.ts'
import { lenderOf } from '../remote/ipam.ts'
import { holdersOn } from './holders.ts'
import type { Lifetimes } from './interior.ts'
import { factsFor, isIn, isReserved, keptFor, keptIn, poolFor, poolOf, spaceFor, withoutPrefix } from './pools.ts'

/** What is taken so far; given back, last first, when the verb fails. */
export class Claims {
  readonly #releases: (() => unknown)[] = []

  add(release: () => unknown): void {
    this.#releases.push(release)
  }

  async release(): Promise<void> {
    for (const release of this.#releases.splice(0).reverse()) await release()
  }
}

/** Pools, gateways and auxiliary addresses of a new network, in the order in which Docker asks for them. */
export async function claimPools(
  hall: Hall,
  ipam: IpamDriver,
  request: Pick<CreateNetwork, 'ipam' | 'options' | 'scope'> & { readonly enableIPv4: boolean; readonly enableIPv6: boolean },
  wishes: { readonly skip: { readonly v4: boolean; readonly v6: boolean }; readonly hostAddress: boolean; readonly sharesMac: boolean },
  claims: Claims,
): Promise<{ readonly space: string; readonly pools: readonly Pool[] }> {
  const configs = request.ipam?.config ?? []
  checkIpamConfig(configs, request)
  const space = await spaceFor(ipam, request)
  const lan = ipam.name === 'dhcp' ? { ...lanIn(request.options), ...(wishes.sharesMac ? MAC_OF_PARENT : {}) } : {}
  const options = { ...lan, ...request.ipam?.options }
  const wanted = ([4, 6] as const)
    .filter((family) => (family === 4 ? request.enableIPv4 : request.enableIPv6))
    .flatMap((family) => {
      const own = configs.filter((config) => familyOf(config) === family)
      return (own.length > 0 ? own : [{}]).map((config) => ({ family, config }))
    })
  const inUse = wanted.some(({ config }) => isAutomatic(config)) ? await inUseOnHost(hall) : NOTHING_IN_USE
  const pools: Pool[] = []
  for (const { family, config } of wanted) {
    const skip = family === 4 ? wishes.skip.v4 : wishes.skip.v6
    pools.push(await claimPool(ipam, { ...wishes, space, family, config, options, inUse, skip }, claims))
  }
  return { space, pools }
}

/** A network's own options say by which link its endpoints are on a LAN. A bridge there must not take the router's address. */
function lanIn({ parent, [BRIDGE_NAME]: bridge, [INHIBIT]: inhibit = '', [IPVLAN_MODE]: mode = 'l2' }: Options = {}): Options {
  if (bridge && inhibit !== 'true') throw fault('DHCP_ROUTER', { link: bridge, option: INHIBIT })
  if (mode !== 'l2') throw fault('INVALID_OPTION', { key: IPVLAN_MODE, value: mode, reason: 'a DHCP server does not hear it there: l2' })
  const link = parent ?? bridge
  return link ? { [PARENT]: link } : {}
}

const BRIDGE_NAME = 'com.docker.network.bridge.name'
const IPVLAN_MODE = 'ipvlan_mode'
const INHIBIT = 'com.docker.network.bridge.inhibit_ipv4'

const familyOf = ({ subnet }: IpamConfig): Family | undefined => parseCidr(subnet ?? '')?.family

/** '0.0.0.0/24' asks for a size only. */
export const isAutomatic = ({ subnet }: IpamConfig): boolean => (parseCidr(subnet ?? '')?.value ?? 0n) === 0n

interface PoolClaim {
  readonly space: string
  readonly family: Family
  readonly config: IpamConfig
  readonly options: Readonly<Record<string, string>>
  readonly inUse: InUse
  readonly skip: boolean
  readonly hostAddress: boolean
}

async function claimPool(ipam: IpamDriver, claim: PoolClaim, claims: Claims): Promise<Pool> {
  const { space, family, config, options, inUse, skip, hostAddress } = claim
  const wanted = { space, pool: config.subnet ?? '', subPool: config.ipRange ?? '', options, v6: family === 6 }
  const answer = await requestPool(ipam, wanted, inUse)
  claims.add(() => ipam.releasePool(answer.id))
  const take = async (address: string, kind: Readonly<Record<string, string>>): Promise<string> => {
    const taken = await ipam.requestAddress(answer.id, address, kind)
    if (taken !== '') claims.add(() => ipam.releaseAddress(answer.id, withoutPrefix(taken), true))
    return taken
  }
  const supplied = answer.data['com.docker.network.gateway']
  const gateway = supplied ?? (skip && !config.gateway ? '' : await takeGateway(take, config.gateway ?? ''))
  const fixed: Fixed[] = gateway ? [{ ip: withoutPrefix(gateway), by: gatewayWords(config.gateway) }] : []
  const keep = async (address: string, by: string): Promise<void> => {
    await take(address, {}).catch((error) => {
      throw withHolder(error, address, fixed)
    })
    fixed.push({ ip: address, by })
  }
  for (const [name, address] of Object.entries(config.auxAddresses ?? {})) {
    if (!isIn(answer.pool, address)) throw fault('AUX_OUTSIDE', { name, address, pool: answer.pool })
    await keep(address, `the auxiliary address ${name} of this network`).catch((error) => {
      if (!(error instanceof CnmError)) throw error
      throw fault('AUX_FAILED', { name, address, reason: error.message, remedy: error.remedy }, error)
    })
  }
  for (const [sandbox, address] of Object.entries(config.reservations ?? {})) await keep(address, `the reservation for sandbox ${sandbox}`)
  const named = Object.keys(config.auxAddresses ?? {}).some(isHostName)
  const own = hostAddress && !named ? withoutPrefix(await take('', {})) : ''
  return {
    family,
    id: answer.id,
    subnet: answer.pool,
    ...(config.ipRange ? { range: config.ipRange } : {}),
    ...(gateway ? { gateway } : {}),
    aux: { ...config.auxAddresses, ...(own ? { host: own } : {}) },
    ...(config.reservations ? { reservations: config.reservations } : {}),
  }
}

/** An address that a new network has, and as what: no record says so yet. */
interface Fixed {
  readonly ip: string
  readonly by: string
}

const gatewayWords = (wanted: string | undefined): string => `the gateway of this network${wanted ? '' : ', which --gateway chooses'}`

function withHolder(error: unknown, address: string, fixed: readonly Fixed[]): unknown {
  const holder = fixed.find(({ ip }) => isSame(ip, address))
  const isInUse = error instanceof CnmError && error.code === 'ADDRESS_IN_USE'
  return holder && isInUse ? fault('ADDRESS_IN_USE', { address, holder: holder.by }, error) : error
}

/** A route to much of the world, as a tunnel has it, must not be the end of automatic subnets: the widest give way first. */
export async function requestPool(ipam: IpamDriver, wanted: Omit<PoolRequest, 'reserved'>, { firm, wide }: InUse): Promise<PoolAnswer> {
  const widths = [...new Set(wide.map(({ width }) => width))].sort((a, b) => a - b)
  let refusal: unknown
  for (const given of [0, ...widths]) {
    try {
      return await ipam.requestPool({ ...wanted, reserved: [...firm, ...wide.filter(({ width }) => width > given)] })
    } catch (error) {
      if (!(error instanceof CnmError && error.code === 'POOLS_EXHAUSTED')) throw error
      refusal ??= error
    }
  }
  throw refusal
}

async function takeGateway(
  take: (address: string, kind: Readonly<Record<string, string>>) => Promise<string>,
  address: string,
): Promise<string> {
  try {
    return await take(address, GATEWAY_REQUEST)
  } catch (error) {
    if (address === '' || !(error instanceof CnmError)) throw error
    throw fault('GATEWAY_FAILED', { address, reason: error.message, remedy: error.remedy }, error)
  }
}

/** Who wants an address: a sandbox by its name, and the address it insists on. */
export interface Wish {
  readonly sandbox: string
  readonly ip: string | undefined
  readonly mac: string | undefined
}

/** An address of a network for an endpoint, 'IP/PREFIX'; undefined when the network has none in this family. */
export async function claimAddress(
  hall: Hall,
  ipam: IpamDriver,
  network: Network,
  family: Family,
  { sandbox, ip, mac }: Wish,
  claims: Claims,
): Promise<string | undefined> {
  const pools = network.pools.filter((pool) => pool.family === family)
  const reserved = reservedFor(sandbox, pools, ip)
  if (reserved) return reserved
  const candidates = ip === undefined ? pools : [poolOf(network, pools, family, ip)]
  for (const pool of candidates) {
    try {
      const address = await ipam.requestAddress(pool.id, ip ?? '', factsFor(ipam, mac))
      if (address === '') return undefined
      claims.add(() => ipam.releaseAddress(pool.id, withoutPrefix(address), true))
      return address
    } catch (error) {
      if (!(error instanceof CnmError && error.code === 'NO_ADDRESSES')) throw error
    }
  }
  if (pools.length === 0) return undefined
  const holders = holdersOn(hall.store, network, family)
  throw fault('ADDRESSES_EXHAUSTED', { family, network: network.name, id: network.id, holders })
}

/** 'IP/PREFIX' that the network keeps for a sandbox: from the IPAM driver's point of view it is held all the time. */
function reservedFor(sandbox: string, pools: readonly Pool[], ip: string | undefined): string | undefined {
  const kept = pools.flatMap((pool) => {
    const address = keptFor(pool, sandbox)
    return address === undefined ? [] : [`${address}/${parseCidr(pool.subnet)?.prefix}`]
  })
  return ip === undefined ? kept[0] : kept.find((cidr) => isSame(withoutPrefix(cidr), ip))
}

export async function releaseAddresses(
  hall: Hall,
  network: Network,
  { address, address6 }: Pick<Endpoint, 'address' | 'address6'>,
): Promise<void> {
  const ipam = lenderOf(hall, network.ipam)
  for (const text of [address, address6]) {
    const ip = withoutPrefix(text ?? '')
    const pool = poolFor(network, ip)
    if (pool && !isReserved(pool, ip)) await ipam.releaseAddress(pool.id, ip)
  }
}

/** How long the addresses of an endpoint may be used, in seconds; absent: for ever. */
export function lifetimesOf(hall: Hall, network: Network, { address, address6 }: Pick<Endpoint, 'address' | 'address6'>): Lifetimes {
  if (network.ipam.plugin) return {}
  const ipam = hall.ipams.get(network.ipam.driver)
  return Object.fromEntries(
    [address, address6].flatMap((text) => {
      const pool = network.pools.find(({ subnet }) => isIn(subnet, withoutPrefix(text ?? '')))
      const seconds = pool && text && ipam.lifetime?.(pool.id, withoutPrefix(text))
      return seconds ? [[text, seconds]] : []
    }),
  )
}

export async function releasePools(hall: Hall, network: Network): Promise<void> {
  const ipam = lenderOf(hall, network.ipam)
  for (const peer of network.peers ?? []) await releaseAddresses(hall, network, peer)
  for (const pool of network.pools) {
    for (const address of [...(pool.gateway ? [withoutPrefix(pool.gateway)] : []), ...keptIn(pool)]) {
      await ipam.releaseAddress(pool.id, address)
    }
    await ipam.releasePool(pool.id)
  }
}

/** By subnet; nothing of a configuration, nor of an IPAM driver that does not count, or that this program does not bring. */
export async function usageOf(hall: Hall, network: Network): Promise<SubnetUsage> {
  if (network.configOnly || network.ipam.plugin || !hall.ipams.has(network.ipam.driver)) return {}
  const ipam = hall.ipams.get(network.ipam.driver)
  const counted = network.pools.map(async ({ id, subnet }) => [subnet, await ipam.usage?.(id)] as const)
  return Object.fromEntries((await Promise.all(counted)).flatMap(([subnet, usage]) => (usage ? [[subnet, usage]] : [])))
}
