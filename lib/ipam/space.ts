import { type Cidr, formatCidr, lastOf, overlaps } from '../model/address.ts'
import { type CnmError, fault } from '../model/errors.ts'
import { type Block, firstVacant } from './predefined.ts'
import { Runs } from './runs.ts'
import { Sorted } from './sorted.ts'
import { type Range, rangeOf, type Subnet } from './subnet.ts'

/** A pool that somebody holds: a subnet, or a part of it that dynamic addresses come from. */
export interface Pool {
  /** As Docker writes it: 'SPACE/SUBNET' or 'SPACE/SUBNET/RANGE'. */
  readonly id: string
  readonly subnet: Subnet
  /** The whole subnet, where no part was asked for. */
  readonly part: Cidr
  readonly range: Range
}

/** A prefix in use elsewhere on the host, and by whom, in words. */
export interface Avoided {
  readonly cidr: Cidr
  readonly by: string
}

/** What a space knows of the rest of the driver. */
export interface Surroundings {
  /** Who holds a pool, in words; '' when unknown. */
  readonly describe: (poolId: string) => string
  readonly newSubnet: (id: string, cidr: Cidr) => Subnet
}

interface Tenancy {
  readonly subnet: Subnet
  readonly pools: Map<string, Pool>
}

/** An error that lists holders should still fit on a screen. */
const HOLDERS_SHOWN = 32

/** One family of an address space. No two subnets overlap; the ranges of one subnet do not overlap either. */
export class AddressSpace {
  readonly #name: string
  readonly #blocks: () => readonly Block[]
  readonly #around: Surroundings
  readonly #tenancies = new Sorted<Tenancy>(({ subnet }) => subnet.cidr.value)
  /** Every address of every subnet in #tenancies: neighbours melt into one run, so a gap is found without looking at each. */
  readonly #held = new Runs()

  /** `blocks`: where automatic subnets come from; asked for when the first is wanted. */
  constructor(name: string, blocks: () => readonly Block[], around: Surroundings) {
    this.#name = name
    this.#blocks = blocks
    this.#around = around
  }

  /**
   * Takes a subnet, or a range of one. Docker checks ranges against nothing (moby #46756); here the same subnet may be
   * shared by ranges that are apart, in whatever order they come, and everything else that overlaps is refused.
   */
  claim(cidr: Cidr, part?: Cidr): Pool {
    const tenancy = this.#overlapping(cidr)
    if (tenancy && formatCidr(tenancy.subnet.cidr) !== formatCidr(cidr))
      throw this.#overlap(cidr, tenancy.subnet.cidr, tenancy.pools.keys())
    for (const other of tenancy?.pools.values() ?? []) {
      if (overlaps(other.part, part ?? cidr)) throw this.#overlap(part ?? cidr, other.part, [other.id])
    }
    const { subnet, pools } = tenancy ?? this.#settle(cidr)
    const id = [this.#idOf(cidr), ...(part ? [formatCidr(part)] : [])].join('/')
    const pool: Pool = { id, subnet, part: part ?? cidr, range: rangeOf(part ?? cidr) }
    pools.set(id, pool)
    return pool
  }

  /** Takes the first predefined subnet that touches neither what is held here nor what is to be avoided. */
  claimVacant(avoided: readonly Avoided[], prefix?: number): Pool {
    const prefixes = avoided.map(({ cidr }) => cidr)
    const vacant = firstVacant(this.#blocks(), this.#held, prefixes, prefix)
    if (!vacant) throw fault('POOLS_EXHAUSTED', { holders: this.#holders(avoided) })
    return this.claim(vacant)
  }

  release({ id, subnet }: Pool): void {
    const tenancy = this.#tenancies.floor(subnet.cidr.value)
    if (!tenancy?.pools.delete(id) || tenancy.pools.size > 0) return
    subnet.forget()
    this.#tenancies.remove(tenancy)
    this.#held.delete(subnet.cidr.value, lastOf(subnet.cidr))
  }

  #settle(cidr: Cidr): Tenancy {
    const tenancy: Tenancy = { subnet: this.#around.newSubnet(this.#idOf(cidr), cidr), pools: new Map() }
    this.#tenancies.insert(tenancy)
    this.#held.add(cidr.value, lastOf(cidr))
    return tenancy
  }

  #idOf(cidr: Cidr): string {
    return `${this.#name}/${formatCidr(cidr)}`
  }

  #overlapping(cidr: Cidr): Tenancy | undefined {
    const last = this.#tenancies.floor(lastOf(cidr))
    return last && overlaps(last.subnet.cidr, cidr) ? last : undefined
  }

  #overlap(cidr: Cidr, other: Cidr, poolIds: Iterable<string>): CnmError {
    return fault('POOL_OVERLAP', { pool: formatCidr(cidr), other: formatCidr(other), holder: this.#holder(poolIds) })
  }

  /** ' (network web)', ready to follow the subnet; '' when nobody knows. */
  #holder(poolIds: Iterable<string>): string {
    const names = [...poolIds].map((id) => this.#around.describe(id)).filter((name) => name !== '')
    return names.length > 0 ? ` (${names.join(', ')})` : ''
  }

  /** What is in the way of the predefined pools: what others on this host use first, for that is what nobody expects. */
  #holders(avoided: readonly Avoided[]): string {
    const inTheWay = ({ cidr }: { readonly cidr: Cidr }) => this.#blocks().some(({ base }) => overlaps(base, cidr))
    const others = avoided.filter(inTheWay).map(({ cidr, by }) => `${formatCidr(cidr)} (${by})`)
    const ours = Array.from(this.#tenancies).filter(({ subnet }) => inTheWay(subnet))
    const room = Math.max(0, HOLDERS_SHOWN - others.length)
    const shown = ours.slice(0, room).map(({ subnet, pools }) => `${formatCidr(subnet.cidr)}${this.#holder(pools.keys())}`)
    const more = others.length + ours.length - HOLDERS_SHOWN
    return `${[...others, ...shown].slice(0, HOLDERS_SHOWN).join(', ') || 'none'}${more > 0 ? ` and ${more} more` : ''}`
  }
}
