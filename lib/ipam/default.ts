import {
  type Address,
  type Cidr,
  contains,
  type Family,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  subnetOf,
} from '../model/address.ts'
import { fault } from '../model/errors.ts'
import type { Options } from '../model/network.ts'
import { GATEWAY_REQUEST, type IpamDriver, type PoolAnswer, type PoolRequest } from './driver.ts'
import { blocksOf, GLOBAL_POOLS, hostSeed, LOCAL_POOLS, type PredefinedPool, ulaPool } from './predefined.ts'
import { AddressSpace, type Pool } from './space.ts'
import type { Usage } from './subnet.ts'

const LOCAL = 'LocalDefault'
const GLOBAL = 'GlobalDefault'

export interface DefaultIpamOptions {
  /** Where automatic subnets come from; a family that is not named keeps Docker's pools. Throws POOL_INVALID. */
  readonly pools?: { readonly local?: readonly PredefinedPool[]; readonly global?: readonly PredefinedPool[] }
  /** Decides the host's IPv6 /48. Default: the machine's id. */
  readonly ulaSeed?: string
  /** Who holds a pool, or one address of it, for the words of a refusal; '' when unknown. */
  readonly describe?: (poolId: string, address?: string) => string
  /**
   * Pool id → the dynamic address that was given last; a Map unless told. One that outlives the process keeps an address
   * from being given again at once by the next process.
   */
  readonly lastGiven?: {
    get(poolId: string): string | undefined
    set(poolId: string, address: string): unknown
    delete(poolId: string): unknown
  }
}

/**
 * The built-in driver, in memory: after a restart every pool and address is requested again by value, in any order.
 *
 * Dynamic addresses go up from the last one given and start over at the end. Docker gives the lowest free one, so that a
 * new container gets the address of the one that just ended, and with it what others still remember of that.
 */
export class DefaultIpam implements IpamDriver {
  readonly name = 'default'
  readonly capabilities = { requiresMACAddress: false, requiresRequestReplay: true }
  readonly #spaces: ReadonlyMap<string, Readonly<Record<Family, AddressSpace>>>
  readonly #pools = new Map<string, { readonly pool: Pool; readonly space: AddressSpace }>()
  readonly #describe: NonNullable<DefaultIpamOptions['describe']>
  readonly #lastGiven: NonNullable<DefaultIpamOptions['lastGiven']>

  constructor({ pools = {}, ulaSeed, describe = () => '', lastGiven = new Map() }: DefaultIpamOptions = {}) {
    this.#describe = describe
    this.#lastGiven = lastGiven
    const half = (name: string, family: Family, own: readonly PredefinedPool[] = [], usual: readonly PredefinedPool[]) => {
      const blocks = blocksOf(own, family)
      return new AddressSpace(name, blocks.length > 0 ? blocks : blocksOf(usual, family), describe)
    }
    const ula = ulaPool(ulaSeed ?? hostSeed())
    this.#spaces = new Map([
      [LOCAL, { 4: half(LOCAL, 4, pools.local, LOCAL_POOLS), 6: half(LOCAL, 6, pools.local, [ula]) }],
      [GLOBAL, { 4: half(GLOBAL, 4, pools.global, GLOBAL_POOLS), 6: half(GLOBAL, 6, pools.global, []) }],
    ])
  }

  defaultAddressSpaces() {
    return { local: LOCAL, global: GLOBAL }
  }

  /** An explicit pool has its own family: `v6` is for the choice. Host bits are cleared, as Docker does. */
  requestPool({ space: name, pool: text, subPool, v6, reserved }: PoolRequest): PoolAnswer {
    const halves = this.#spaces.get(name)
    if (!halves) throw fault('ADDRESS_SPACE_NOT_FOUND', { name })
    const wanted = text === '' ? null : readPool(text, 'invalid address pool')
    const range = subPool === '' ? null : readPool(subPool, 'invalid address subpool')
    const family = wanted?.family ?? (v6 ? 6 : 4)
    const space = halves[family]
    const automatic = !wanted || wanted.value === 0n
    if (range) checkRange(range, automatic ? null : wanted)
    const pool = automatic ? space.claimVacant(readReserved(reserved, family), wanted?.prefix) : space.claim(wanted, range ?? undefined)
    this.#pools.set(pool.id, { pool, space })
    return { id: pool.id, pool: formatCidr(pool.subnet.cidr), data: {} }
  }

  releasePool(id: string): void {
    const { pool, space } = this.#find(id)
    space.release(pool)
    this.#pools.delete(id)
    this.#lastGiven.delete(id)
  }

  requestAddress(poolId: string, text: string, options: Options): string {
    const { subnet, range } = this.#find(poolId).pool
    const address = text === '' ? null : readAddress(text, subnet.cidr)
    if (address) subnet.take(address, () => this.#describe(poolId, formatAddress(address)))
    const taken = address ?? (isGateway(options) ? subnet.takeNext(range) : this.#takeSerial(poolId))
    return formatCidr({ ...taken, prefix: subnet.cidr.prefix })
  }

  releaseAddress(poolId: string, text: string): void {
    const { subnet } = this.#find(poolId).pool
    subnet.release(readAddress(text, subnet.cidr))
  }

  /** Throws POOL_NOT_FOUND. */
  usage(poolId: string): Usage {
    const { subnet, range } = this.#find(poolId).pool
    return subnet.usage(range)
  }

  #takeSerial(poolId: string): Address {
    const { subnet, range } = this.#find(poolId).pool
    const taken = subnet.takeNext(range, parseAddress(this.#lastGiven.get(poolId) ?? '')?.value)
    this.#lastGiven.set(poolId, formatAddress(taken))
    return taken
  }

  #find(id: string) {
    const found = this.#pools.get(id)
    if (!found) throw fault('POOL_NOT_FOUND', { pool: id })
    return found
  }
}

function readPool(text: string, reason: string): Cidr {
  const cidr = parseCidr(text)
  if (!cidr) throw fault('POOL_INVALID', { reason })
  return subnetOf(cidr)
}

/** Only a subnet that was named can have a range. */
function checkRange(range: Cidr, subnet: Cidr | null): void {
  if (subnet && subnet.family !== range.family)
    throw fault('POOL_INVALID', { reason: 'pool and subpool are of incompatible address families' })
  if (!subnet || range.prefix < subnet.prefix || !contains(subnet, range))
    throw fault('POOL_INVALID', { reason: 'invalid address subpool' })
}

function readReserved(texts: readonly string[], family: Family): readonly Cidr[] {
  return texts.map((text) => readPool(text, `${text} is not a prefix to avoid`)).filter((cidr) => cidr.family === family)
}

function readAddress(text: string, subnet: Cidr): Address {
  const address = parseAddress(text)
  if (!address) throw fault('ADDRESS_OUT_OF_RANGE', { address: text, pool: formatCidr(subnet) })
  return address
}

const isGateway = (options: Options): boolean => Object.entries(GATEWAY_REQUEST).every(([key, value]) => options[key] === value)

export const createDefaultIpam = (options: DefaultIpamOptions = {}): DefaultIpam => new DefaultIpam(options)
