import type { PredefinedPool } from '../../../lib/ipam/predefined.ts'

/** A small world: 10.0.0.0/23 and fd00::/119, 512 addresses each, by their offsets. */
export const WORLD = 512
export const ipOf = (v6: boolean, n: number): string => (v6 ? `fd00::${n === 0 ? '' : n.toString(16)}` : `10.0.${n >> 8}.${n & 255}`)
const bitsOf = (v6: boolean): number => (v6 ? 128 : 32)
export const cidrOf = (v6: boolean, { first, size }: Span): string => `${ipOf(v6, first)}/${bitsOf(v6) - Math.log2(size)}`

/** `size` is a power of two, `first` a multiple of it. */
export interface Span {
  readonly first: number
  readonly size: number
}

const last = ({ first, size }: Span): number => first + size - 1
export const overlap = (a: Span, b: Span): boolean => a.first <= last(b) && b.first <= last(a)

/** Blocks from which automatic subnets come, for each family: the base and the size of its subnets. */
const BLOCKS = [
  { first: 0, size: 128, cut: 16 },
  { first: 256, size: 64, cut: 32 },
]
export const PREDEFINED: readonly PredefinedPool[] = [false, true].flatMap((v6) =>
  BLOCKS.map((block) => ({ base: cidrOf(v6, block), size: bitsOf(v6) - Math.log2(block.cut) })),
)

/** An address is free, held, or was released: then when, and as which. */
type Cell = 'free' | 'held' | { readonly since: number; readonly turn: number }

interface Tenant extends Span {
  readonly v6: boolean
  readonly cells: Cell[]
  readonly pools: Map<string, { readonly part: Span; given: number }>
}

/** What the built-in IPAM should answer, by someone who looks at every address and compares everything with everything. */
export class Model {
  readonly tenants = new Set<Tenant>()
  readonly #duration: number
  #turn = 0
  now = 0

  constructor(duration: number) {
    this.#duration = duration
  }

  /** The id of the pool, or the code of the refusal. */
  claim(v6: boolean, subnet: Span, part?: Span): string {
    const near = [...this.tenants].filter((tenant) => tenant.v6 === v6 && overlap(tenant, subnet))
    const same = near.find(({ first, size }) => first === subnet.first && size === subnet.size)
    const refused = near.length > (same ? 1 : 0) || [...(same?.pools.values() ?? [])].some((other) => overlap(other.part, part ?? subnet))
    if (refused) return 'POOL_OVERLAP'
    const tenant = same ?? this.#settle(v6, subnet)
    const id = `LocalDefault/${cidrOf(v6, subnet)}${part ? `/${cidrOf(v6, part)}` : ''}`
    tenant.pools.set(id, { part: part ?? subnet, given: -1 })
    return id
  }

  claimVacant(v6: boolean, avoid: Span, size?: number): string {
    for (const block of BLOCKS.filter((candidate) => (size ?? 0) <= candidate.size)) {
      const step = size ?? block.cut
      for (let first = block.first; first + step <= block.first + block.size; first += step) {
        const subnet = { first, size: step }
        const taken = [...this.tenants].some((tenant) => tenant.v6 === v6 && overlap(tenant, subnet))
        if (!taken && !overlap(avoid, subnet)) return this.claim(v6, subnet)
      }
    }
    return 'POOLS_EXHAUSTED'
  }

  releasePool(id: string): void {
    const tenant = this.tenantOf(id)
    tenant.pools.delete(id)
    if (tenant.pools.size === 0) this.tenants.delete(tenant)
  }

  tenantOf(id: string): Tenant {
    for (const tenant of this.tenants) if (tenant.pools.has(id)) return tenant
    throw new Error(`the model has no pool ${id}`)
  }

  /** The offset of the address, or the code of the refusal. */
  take(id: string, n: number): number | string {
    const { cells, first } = this.tenantOf(id)
    if (cells[n - first] === 'held') return 'ADDRESS_IN_USE'
    cells[n - first] = 'held'
    return n
  }

  takeNext(id: string, gateway: boolean): number | string {
    const tenant = this.tenantOf(id)
    const pool = tenant.pools.get(id)
    if (!pool) return 'POOL_NOT_FOUND'
    const { first, cells } = tenant
    const part = Array.from({ length: pool.part.size }, (_, i) => pool.part.first + i)
    const isFree = (n: number) => this.#isFree(cells[n - first])
    const n = (gateway ? undefined : part.find((it) => it > pool.given && isFree(it))) ?? part.find(isFree) ?? oldest(tenant, part)
    if (n === undefined) return 'NO_ADDRESSES'
    cells[n - first] = 'held'
    if (!gateway) pool.given = n
    return n
  }

  release(id: string, n: number, unused: boolean): void {
    const { cells, first, size, v6, pools } = this.tenantOf(id)
    const pool = pools.get(id)
    if (cells[n - first] === 'held' && !isOwn({ first, size }, v6, n))
      cells[n - first] = unused ? 'free' : { since: this.now, turn: this.#turn++ }
    if (unused && pool?.given === n) pool.given--
  }

  usage(id: string): readonly [inUse: number, available: number] {
    const { cells, first, pools } = this.tenantOf(id)
    const part = pools.get(id)?.part ?? { first, size: 0 }
    const held = (cell: Cell | undefined) => cell === 'held'
    return [cells.filter(held).length, part.size - cells.slice(part.first - first, part.first - first + part.size).filter(held).length]
  }

  #isFree(cell: Cell | undefined): boolean {
    return cell === 'free' || (typeof cell === 'object' && this.now - cell.since >= this.#duration)
  }

  #settle(v6: boolean, subnet: Span): Tenant {
    const cells = Array.from({ length: subnet.size }, (_, i): Cell => (isOwn(subnet, v6, subnet.first + i) ? 'held' : 'free'))
    const tenant: Tenant = { ...subnet, v6, cells, pools: new Map() }
    this.tenants.add(tenant)
    return tenant
  }
}

function oldest({ cells, first }: Tenant, part: readonly number[]): number | undefined {
  const turnOf = (n: number): number => {
    const cell = cells[n - first]
    return typeof cell === 'object' ? cell.turn : Number.POSITIVE_INFINITY
  }
  const n = part.reduce((best, candidate) => (turnOf(candidate) < turnOf(best) ? candidate : best))
  return turnOf(n) === Number.POSITIVE_INFINITY ? undefined : n
}

/** What a subnet takes for itself. */
const isOwn = (subnet: Span, v6: boolean, n: number): boolean => subnet.size > 2 && (n === subnet.first || (!v6 && n === last(subnet)))
