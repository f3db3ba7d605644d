import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { bitsOf, type Cidr, type Family, formatCidr, lastOf, overlaps, parseCidr, sizeOf, subnetOf } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import type { Runs } from './runs.ts'

/** A block from which subnets of one size are cut: an element of dockerd's `default-address-pools`. */
export interface PredefinedPool {
  /** '172.20.0.0/14' */
  readonly base: string
  /** Prefix length of the subnets: 16. */
  readonly size: number
}

export interface Block {
  readonly base: Cidr
  readonly size: number
}

/** Docker's: 31 local networks. */
export const LOCAL_POOLS: readonly PredefinedPool[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/16', size: 16 },
  { base: '172.19.0.0/16', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/14', size: 16 },
  { base: '172.28.0.0/14', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
]

/**
 * 8,192 more, for who has 31 networks already. They are apart from where overlay networks begin (10.0.0.0), and from what
 * distributions of Kubernetes take (10.42.0.0/15, 10.96.0.0/12, 10.224.0.0/12, 10.244.0.0/16).
 */
export const SPARE_POOLS: readonly PredefinedPool[] = [{ base: '10.192.0.0/11', size: 24 }]

export const GLOBAL_POOLS: readonly PredefinedPool[] = [{ base: '10.0.0.0/8', size: 24 }]

/** The unique local /48 of a host (RFC 4193), cut into /64s. The same seed has the same /48; two seeds hardly ever do. */
export function ulaPool(seed: string): PredefinedPool {
  const words = createHash('sha256').update(seed).digest().subarray(3, 8).toString('hex')
  const base: Cidr = { family: 6, value: (0xfdn << 120n) | (BigInt(`0x${words}`) << 80n), prefix: 48 }
  return { base: formatCidr(base), size: 64 }
}

/** What tells this host from others. Only a hash of it is ever shown, as machine-id(5) asks. */
export function hostSeed(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || hostname()
  } catch {
    return hostname()
  }
}

/** The pools of one family, lowest first; a pool inside another adds nothing and is left out. Throws POOL_INVALID. */
export function blocksOf(pools: readonly PredefinedPool[], family: Family): readonly Block[] {
  const blocks = pools
    .map(blockOf)
    .filter(({ base }) => base.family === family)
    .sort((a, b) => Number(a.base.value - b.base.value) || a.base.prefix - b.base.prefix)
  return blocks.filter(({ base }, i) => !blocks.slice(0, i).some((earlier) => overlaps(earlier.base, base)))
}

/** Pools as dockerd's flag has them, with blanks in between: 'base=10.10.0.0/16,size=24 base=10.20.0.0/16,size=26'. */
export function readPools(text: string): readonly PredefinedPool[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [, base, size] = /^base=([^,]+),size=(\d+)$/.exec(word) ?? []
      if (base === undefined)
        throw fault('POOL_INVALID', { reason: `${word} is not base=SUBNET,size=BITS, as CNM_DEFAULT_ADDRESS_POOLS has them` })
      return { base, size: Number(size) }
    })
}

function blockOf({ base: text, size }: PredefinedPool): Block {
  const base = parseCidr(text)
  if (!base) throw fault('POOL_INVALID', { reason: `${text} is not a subnet` })
  const canonical = subnetOf(base)
  if (canonical.value !== base.value) throw fault('POOL_INVALID', { reason: `${text} should be ${formatCidr(canonical)}` })
  if (!(Number.isInteger(size) && size >= base.prefix && size <= bitsOf(base.family)))
    throw fault('POOL_INVALID', { reason: `${text} cannot be cut into subnets of size ${size}` })
  return { base, size }
}

/**
 * The first subnet of the blocks, in their order, that touches neither `held` nor `avoid`. `prefix` asks for a size instead
 * of each block's own. undefined when all is taken; POOL_INVALID when no block could ever hold such a subnet.
 */
export function firstVacant(blocks: readonly Block[], held: Runs, avoid: readonly Cidr[], prefix?: number): Cidr | undefined {
  const wide = blocks.filter(({ base }) => prefix === undefined || prefix >= base.prefix)
  if (wide.length === 0) throw fault('POOL_INVALID', { reason: 'invalid address pool' })
  for (const { base, size } of wide) {
    const vacant = vacantIn(base, prefix ?? size, held, avoid)
    if (vacant) return vacant
  }
  return undefined
}

function vacantIn(base: Cidr, prefix: number, held: Runs, avoid: readonly Cidr[]): Cidr | undefined {
  const size = sizeOf({ ...base, prefix })
  for (let from = base.value; ; ) {
    const value = held.firstGap(from, lastOf(base), size)
    if (value === undefined) return undefined
    const candidate = { ...base, value, prefix }
    const clash = avoid.find((other) => overlaps(other, candidate))
    if (!clash) return candidate
    from = lastOf(clash) + 1n
  }
}
