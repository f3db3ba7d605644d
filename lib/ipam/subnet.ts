import { type Address, bitsOf, type Cidr, contains, formatAddress, formatCidr, lastOf, sizeOf } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { Runs } from './runs.ts'

export interface Usage {
  /** Addresses of the subnet that are held, those that the subnet itself takes included. */
  readonly inUse: bigint
  /** Addresses that may still be given out: of the range, where there is one. */
  readonly available: bigint
}

/** One subnet and the addresses of it that are held. Several ranges may share it. */
export class Subnet {
  readonly cidr: Cidr
  readonly #held = new Runs()

  constructor(cidr: Cidr) {
    this.cidr = cidr
    for (const value of reservedBy(cidr).keys()) this.#held.add(value)
  }

  /** Takes this very address. `holder` says who has it when it is taken. */
  take(address: Address, holder: () => string): void {
    this.#check(address)
    if (this.#held.add(address.value)) return
    throw fault('ADDRESS_IN_USE', {
      address: formatAddress(address),
      holder: reservedBy(this.cidr).get(address.value) ?? (holder() || 'another endpoint'),
    })
  }

  /** Takes the first free address of `range` behind `last`, from the start again when there is none. */
  takeNext(range: Cidr, last?: bigint): Address {
    const from = range.value
    const to = lastOf(range)
    const next = last === undefined || last < from ? from : last + 1n
    const value = this.#held.firstFree(next, to) ?? this.#held.firstFree(from, to)
    if (value === undefined) throw fault('NO_ADDRESSES', {})
    this.#held.add(value)
    return { family: this.cidr.family, value }
  }

  release(address: Address): void {
    this.#check(address)
    if (!reservedBy(this.cidr).has(address.value)) this.#held.delete(address.value)
  }

  usage(range: Cidr): Usage {
    return { inUse: this.#held.size, available: sizeOf(range) - this.#held.countWithin(range.value, lastOf(range)) }
  }

  #check(address: Address): void {
    if (contains(this.cidr, address)) return
    throw fault('ADDRESS_OUT_OF_RANGE', { address: formatAddress(address), pool: formatCidr(this.cidr) })
  }
}

/**
 * What a subnet takes for itself, in words. A link between two ends (/31 and /127: RFC 3021, RFC 6164) and a lone address
 * have nothing to spare.
 */
function reservedBy(cidr: Cidr): ReadonlyMap<bigint, string> {
  if (bitsOf(cidr.family) - cidr.prefix < 2) return new Map()
  const first: [bigint, string] = [cidr.value, `the subnet itself (${cidr.family === 4 ? 'network address' : 'subnet-router anycast'})`]
  return new Map(cidr.family === 4 ? [first, [lastOf(cidr), 'the subnet itself (broadcast address)']] : [first])
}
