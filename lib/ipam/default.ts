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
import { GATEWAY_REQUEST, type IpamDriver, type PoolAnswer, type PoolRequest, type Reserved, type Usage } from './driver.ts'
import type { Notes } from './notes.ts'
import { blocksOf, GLOBAL_POOLS, hostSeed, LOCAL_POOLS, type PredefinedPool, SPARE_POOLS, ulaPool } from './predefined.ts'
import { QUARANTINE, type QuarantineOptions, sinceBoot } from './quarantine.ts'
import { AddressSpace, type Avoided, type Pool } from './space.ts'
import { subnetsWith } from './subnet.ts'

const LOCAL = 'LocalDefault'
const GLOBAL = 'GlobalDefault'

/** However large a subnet is: its first addresses are the ones that people read. */
const NEAR = 65_536n

type Pools = readonly PredefinedPool[] | (() => readonly PredefinedPool[])

export interface DefaultIpamOptions {
  /**
   * Where automatic subnets come from; a family that is not named keeps the usual ones. A function is asked whenever
   * one is wanted, and may throw POOL_INVALID then, as the constructor does for a list.
   */
  readonly pools?: { readonly local?: Pools; readonly global?: Pools }
  /** Decides the host's IPv6 /48. Default: the machine's id. */
  readonly ulaSeed?: string
  /** Who holds a pool, or one address of it, for the words of a refusal; '' when unknown. */
  readonly describe?: (poolId: string, address?: string) => string
  /** Pool id → the dynamic address that was given last: the next process goes on behind it. */
  readonly lastGiven?: Notes<string>
  /**
   * Which share of a pool's range dynamic addresses begin behind, from 0 to 1: nodes that begin apart do not choose the same address
   * at a time. Default: 0.
   */
  readonly beginAt?: (poolId: string) => number
  /** What was just released, so that the next process does not give it again at once either. */
  readonly quarantine?: Partial<QuarantineOptions>
}

/** A pool and how far its dynamic addresses have got. */
interface Holding {
  readonly pool: Pool
  readonly space: AddressSpace
  last: bigint | undefined
}

/**
 * The built-in driver, in memory: after a restart every pool and address is requested again by value, in any order.
 *
 * Dynamic addresses go up from the last one given and start over at the end, and one that was released rests for a while.
 * Docker gives the lowest free one, so that a new container gets the address of the one that just ended, and with it what
 * others still remember of that.
 */
export class DefaultIpam implements IpamDriver {
  readonly name = 'default'
  readonly capabilities = { requiresMACAddress: false, requiresRequestReplay: true }
  readonly #spaces: ReadonlyMap<string, Readonly<Record<Family, AddressSpace>>>
  readonly #holdings = new Map<string, Holding>()
  readonly #describe: NonNullable<DefaultIpamOptions['describe']>
  readonly #lastGiven: Notes<string>
  readonly #beginAt: NonNullable<DefaultIpamOptions['beginAt']>

  constructor({ pools = {}, ulaSeed, describe = () => '', lastGiven = new Map(), beginAt = () => 0, quarantine }: DefaultIpamOptions = {}) {
    this.#describe = describe
    this.#beginAt = beginAt
    this.#lastGiven = lastGiven
    const around = { describe, newSubnet: subnetsWith({ duration: QUARANTINE, clock: sinceBoot, notes: new Map(), ...quarantine }) }
    const half = (name: string, family: Family, own: Pools = [], ...usual: readonly (readonly PredefinedPool[])[]) => {
      const cut = (pools: readonly PredefinedPool[]) => {
        const blocks = blocksOf(pools, family)
        return blocks.length > 0 ? blocks : usual.flatMap((list) => blocksOf(list, family))
      }
      if (typeof own === 'function') return new AddressSpace(name, () => cut(own()), around)
      const blocks = cut(own)
      return new AddressSpace(name, () => blocks, around)
    }
    const ula = ulaPool(ulaSeed ?? hostSeed())
    this.#spaces = new Map([
      [LOCAL, { 4: half(LOCAL, 4, pools.local, LOCAL_POOLS, SPARE_POOLS), 6: half(LOCAL, 6, pools.local, [ula]) }],
      [GLOBAL, { 4: half(GLOBAL, 4, pools.global, GLOBAL_POOLS), 6: half(GLOBAL, 6, pools.global) }],
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
    this.#holdings.set(pool.id, { pool, space, last: parseAddress(this.#lastGiven.get(pool.id) ?? '')?.value ?? this.#beginning(pool) })
    return { id: pool.id, pool: formatCidr(pool.subnet.cidr), data: {} }
  }

  /** The address before the first that is given; undefined: there is none. */
  #beginning({ id, range: { first, last } }: Pool): bigint | undefined {
    const size = last - first + 1n < NEAR ? last - first + 1n : NEAR
    const offset = BigInt(Math.floor(this.#beginAt(id) * Number(size)))
    return offset === 0n ? undefined : first + offset - 1n
  }

  releasePool(id: string): void {
    const { pool, space } = this.#find(id)
    space.release(pool)
    this.#holdings.delete(id)
    this.#lastGiven.delete(id)
  }

  requestAddress(poolId: string, text: string, options: Options): string {
    const holding = this.#find(poolId)
    const ip = text === '' ? this.#takeAny(holding, isGateway(options)) : this.#takeThis(holding.pool, text)
    return `${ip}/${holding.pool.subnet.cidr.prefix}`
  }

  /** An unused address need not rest: nobody has seen it, and it is the next one again. */
  releaseAddress(poolId: string, text: string, unused = false): void {
    const holding = this.#find(poolId)
    const { subnet } = holding.pool
    const address = readAddress(text, subnet.cidr)
    subnet.release(address, unused)
    if (unused && address.value === holding.last) this.#giveBehind(holding, { ...address, value: address.value - 1n })
  }

  /** Throws POOL_NOT_FOUND. */
  usage(poolId: string): Usage {
    const { subnet, range } = this.#find(poolId).pool
    return subnet.usage(range)
  }

  #takeThis({ id, subnet }: Pool, text: string): string {
    const address = readAddress(text, subnet.cidr)
    const ip = formatAddress(address)
    subnet.take(address, () => this.#describe(id, ip))
    return ip
  }

  /** The gateway gets the lowest free address, wherever the dynamic ones have got to. */
  #takeAny(holding: Holding, gateway: boolean): string {
    const { subnet, range } = holding.pool
    const taken = subnet.takeNext(range, gateway ? undefined : holding.last)
    return gateway ? formatAddress(taken) : this.#giveBehind(holding, taken)
  }

  #giveBehind(holding: Holding, last: Address): string {
    const ip = formatAddress(last)
    holding.last = last.value
    this.#lastGiven.set(holding.pool.id, ip)
    return ip
  }

  #find(id: string) {
    const found = this.#holdings.get(id)
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

function readReserved(reserved: readonly Reserved[], family: Family): readonly Avoided[] {
  return reserved
    .map(({ prefix, by }) => ({ cidr: readPool(prefix, `${prefix} is not a prefix to avoid`), by }))
    .filter(({ cidr }) => cidr.family === family)
}

function readAddress(text: string, subnet: Cidr): Address {
  const address = parseAddress(text)
  if (!address) throw fault('ADDRESS_OUT_OF_RANGE', { address: text, pool: formatCidr(subnet) })
  return address
}

const isGateway = ({ RequestAddressType }: Options): boolean => RequestAddressType === GATEWAY_REQUEST.RequestAddressType

export const createDefaultIpam = (options: DefaultIpamOptions = {}): DefaultIpam => new DefaultIpam(options)
