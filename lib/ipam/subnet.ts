import { type Address, bitsOf, type Cidr, contains, formatAddress, formatCidr, lastOf, parseAddress } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import type { Usage } from './driver.ts'
import { Quarantine, type QuarantineOptions } from './quarantine.ts'
import { Runs } from './runs.ts'

/** The addresses that dynamic ones come from, both ends included. */
export interface Range {
  readonly first: bigint
  readonly last: bigint
}

export const rangeOf = (cidr: Cidr): Range => ({ first: cidr.value, last: lastOf(cidr) })

/** One subnet and the addresses of it that are held. Several ranges may share it. */
export class Subnet {
  readonly cidr: Cidr
  /** What the subnet takes for itself. */
  readonly #own: readonly Own[]
  /** Those in quarantine included. */
  readonly #held = new Runs()
  readonly #quarantine: Quarantine

  constructor(cidr: Cidr, quarantine: Quarantine) {
    this.cidr = cidr
    this.#own = ownOf(cidr)
    this.#quarantine = quarantine
    for (const { value } of this.#own) this.#held.add(value)
  }

  /** Takes this very address, out of quarantine if need be. `holder` says who has it when it is taken. */
  take(address: Address, holder: () => string): void {
    this.#check(address)
    if (this.#quarantine.end(address.value) || this.#held.add(address.value)) return
    throw fault('ADDRESS_IN_USE', {
      address: formatAddress(address),
      holder: this.#ownAt(address.value)?.words ?? (holder() || 'another endpoint'),
    })
  }

  /**
   * Takes the first free address of `range` behind `last`, from the start again when there is none. One in quarantine is
   * better than none: then the one that was released first.
   */
  takeNext({ first, last }: Range, behind?: bigint): Address {
    this.#discharge()
    const from = behind === undefined || behind < first ? first : behind + 1n
    const free = this.#held.firstFree(from, last) ?? this.#held.firstFree(first, last)
    if (free !== undefined) this.#held.add(free)
    const value = free ?? this.#quarantine.within(first, last).next().value
    if (value === undefined) throw fault('NO_ADDRESSES', {})
    if (free === undefined) this.#quarantine.end(value)
    return { family: this.cidr.family, value }
  }

  /** `unused`: it need not rest. */
  release(address: Address, unused = false): void {
    this.#check(address)
    const { value } = address
    if (!this.#held.has(value) || this.#ownAt(value) || this.#quarantine.has(value)) return
    if (unused) {
      this.#held.delete(value)
      return
    }
    this.#quarantine.start(value)
    if (this.#quarantine.isCrowded) this.#discharge()
  }

  /** An address that was released when another process was there. */
  quarantine({ value }: Address, since: number): void {
    if (this.#held.add(value)) this.#quarantine.start(value, since)
  }

  usage({ first, last }: Range): Usage {
    const waiting = BigInt([...this.#quarantine.within(first, last)].length)
    return {
      inUse: this.#held.size - BigInt(this.#quarantine.size),
      available: last - first + 1n - this.#held.countWithin(first, last) + waiting,
    }
  }

  /** Nobody holds the subnet any more. */
  forget(): void {
    this.#quarantine.clear()
  }

  #discharge(): void {
    for (const value of this.#quarantine.discharge()) this.#held.delete(value)
  }

  #ownAt(value: bigint): Own | undefined {
    return this.#own.find((own) => own.value === value)
  }

  #check(address: Address): void {
    if (contains(this.cidr, address)) return
    throw fault('ADDRESS_OUT_OF_RANGE', { address: formatAddress(address), pool: formatCidr(this.cidr) })
  }
}

/** Makes subnets, each with those of its addresses in quarantine that other processes have noted. */
export function subnetsWith(options: QuarantineOptions): (id: string, cidr: Cidr) => Subnet {
  const noted = notedIn(options)
  return (id, cidr) => {
    const subnet = new Subnet(cidr, new Quarantine(id, cidr.family, options))
    for (const { address, since } of noted.get(id) ?? []) subnet.quarantine(address, since)
    noted.delete(id)
    return subnet
  }
}

interface Noted {
  readonly address: Address
  readonly since: number
}

/** By subnet, the first released first. What was noted before the last boot speaks of another clock. */
function notedIn({ notes, clock }: QuarantineOptions): Map<string, Noted[]> {
  const now = clock()
  const bySubnet = new Map<string, Noted[]>()
  for (const [key, since] of [...notes.entries()].sort(([, a], [, b]) => a - b)) {
    const [subnet = '', ip = ''] = key.split(' ')
    const address = parseAddress(ip)
    if (!address || since > now) continue
    bySubnet.set(subnet, [...(bySubnet.get(subnet) ?? []), { address, since }])
  }
  return bySubnet
}

interface Own {
  readonly value: bigint
  readonly words: string
}

/** A link between two ends (/31 and /127: RFC 3021, RFC 6164) and a lone address have nothing to spare. */
function ownOf(cidr: Cidr): readonly Own[] {
  if (bitsOf(cidr.family) - cidr.prefix < 2) return []
  if (cidr.family === 6) return [{ value: cidr.value, words: 'the subnet itself (subnet-router anycast)' }]
  return [
    { value: cidr.value, words: 'the subnet itself (network address)' },
    { value: lastOf(cidr), words: 'the subnet itself (broadcast address)' },
  ]
}
