import { type Cidr, formatCidr, lastOf, overlaps } from '../model/address.ts'
import { type CnmError, fault } from '../model/errors.ts'
import { type Block, firstVacant } from './predefined.ts'
import { Sorted } from './sorted.ts'
import { Subnet } from './subnet.ts'

/** A pool that somebody holds: a subnet, or a range of it that dynamic addresses come from. */
export interface Pool {
  /** As Docker writes it: 'SPACE/SUBNET' or 'SPACE/SUBNET/RANGE'. */
  readonly id: string
  readonly subnet: Subnet
  /** The whole subnet, where none was asked for. */
  readonly range: Cidr
}

/** Who holds a pool, in words; '' when unknown. */
export type DescribePool = (poolId: string) => string

interface Tenancy {
  readonly subnet: Subnet
  readonly pools: Map<string, Pool>
}

/** An error that lists holders should still fit on a screen. */
const HOLDERS_SHOWN = 32

/** One family of an address space. No two subnets overlap; the ranges of one subnet do not overlap either. */
export class AddressSpace {
  readonly #name: string
  readonly #blocks: readonly Block[]
  readonly #describe: DescribePool
  readonly #tenancies = new Sorted<Tenancy>(({ subnet }) => subnet.cidr.value)

  constructor(name: string, blocks: readonly Block[], describe: DescribePool) {
    this.#name = name
    this.#blocks = blocks
    this.#describe = describe
  }

  /**
   * Takes a subnet, or a range of one. Docker checks ranges against nothing (moby #46756); here the same subnet may be
   * shared by ranges that are apart, in whatever order they come, and everything else that overlaps is refused.
   */
  claim(cidr: Cidr, range?: Cidr): Pool {
    const tenancy = this.#overlapping(cidr)
    if (tenancy && formatCidr(tenancy.subnet.cidr) !== formatCidr(cidr))
      throw this.#overlap(cidr, tenancy.subnet.cidr, tenancy.pools.keys())
    for (const other of tenancy?.pools.values() ?? []) {
      if (overlaps(other.range, range ?? cidr)) throw this.#overlap(range ?? cidr, other.range, [other.id])
    }
    const { subnet, pools } = tenancy ?? this.#settle(cidr)
    const id = [this.#name, formatCidr(cidr), ...(range ? [formatCidr(range)] : [])].join('/')
    const pool: Pool = { id, subnet, range: range ?? cidr }
    pools.set(id, pool)
    return pool
  }

  /** Takes the lowest predefined subnet that touches neither what is held here nor `reserved`. */
  claimVacant(reserved: readonly Cidr[], prefix?: number): Pool {
    const held = Array.from(this.#tenancies, ({ subnet }) => subnet.cidr)
    const taken = [...held, ...reserved].sort((a, b) => (a.value < b.value ? -1 : Number(a.value > b.value)))
    const vacant = firstVacant(this.#blocks, taken, prefix)
    if (!vacant) throw fault('POOLS_EXHAUSTED', { holders: this.#holders() })
    return this.claim(vacant)
  }

  release({ id, subnet }: Pool): void {
    const tenancy = this.#tenancies.floor(subnet.cidr.value)
    if (!tenancy?.pools.delete(id)) return
    if (tenancy.pools.size === 0) this.#tenancies.remove(tenancy)
  }

  #settle(cidr: Cidr): Tenancy {
    const tenancy: Tenancy = { subnet: new Subnet(cidr), pools: new Map() }
    this.#tenancies.insert(tenancy)
    return tenancy
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
    const names = [...poolIds].map((id) => this.#describe(id)).filter((name) => name !== '')
    return names.length > 0 ? ` (${names.join(', ')})` : ''
  }

  #holders(): string {
    const all = Array.from(this.#tenancies)
    const shown = all.slice(0, HOLDERS_SHOWN).map(({ subnet, pools }) => `${formatCidr(subnet.cidr)}${this.#holder(pools.keys())}`)
    const more = all.length - shown.length
    return `${shown.join(', ') || 'none'}${more > 0 ? ` and ${more} more` : ''}`
  }
}
