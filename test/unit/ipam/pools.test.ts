import { describe, expect, it } from 'vitest'
import { createDefaultIpam, type DefaultIpam } from '../../../lib/ipam/default.ts'
import type { PoolRequest, Reserved } from '../../../lib/ipam/driver.ts'
import { LOCAL_POOLS } from '../../../lib/ipam/predefined.ts'
import { type Cidr, formatCidr, overlaps, parseCidr, subnetOf } from '../../../lib/model/address.ts'
import { seeded } from '../../support/random.ts'
import { refusal } from './refusal.ts'

const ANY: PoolRequest = { space: 'LocalDefault', pool: '', subPool: '', options: {}, v6: false, reserved: [] }
const ask = (ipam: DefaultIpam, request: Partial<PoolRequest> = {}) => ipam.requestPool({ ...ANY, ...request })
const SIXTEENS = Array.from({ length: 15 }, (_, i) => `172.${17 + i}.0.0/16`)
const DOCKERS = [...SIXTEENS, ...Array.from({ length: 16 }, (_, i) => `192.168.${16 * i}.0/20`)]
const by = (...prefixes: readonly string[]): readonly Reserved[] => prefixes.map((prefix) => ({ prefix, by: 'a route through tun0' }))
const cidr = (text: string): Cidr => parseCidr(text) ?? { family: 4, value: 0n, prefix: 0 }

describe('automatic pools', () => {
  it('are the 31 of Docker, in its order, and then 8,192 more', () => {
    const ipam = createDefaultIpam()
    const given = Array.from({ length: 31 + 8_192 }, () => ask(ipam).pool)
    expect(given.slice(0, 31)).toEqual(DOCKERS)
    const spare = Array.from({ length: 8_192 }, (_, i) => `10.${192 + (i >> 8)}.${i & 255}.0/24`)
    expect(given.slice(31)).toEqual(spare)
    expect(refusal(() => ask(ipam)).message).toBe('all predefined address pools have been fully subnetted')
    ipam.releasePool('LocalDefault/10.199.7.0/24')
    expect(ask(ipam).pool).toBe('10.199.7.0/24')
  })

  it('that are exhausted say who is in the way, on one screen', () => {
    const describe = (id: string) => (id.includes('172.17') ? 'network bridge' : '')
    const ipam = createDefaultIpam({ describe, pools: { local: LOCAL_POOLS } })
    for (const pool of DOCKERS.slice(0, 30)) ask(ipam, { pool })
    ask(ipam, { pool: '10.0.0.0/24' })
    const reserved = by('192.168.240.0/24', '10.0.0.0/8')
    expect(refusal(() => ask(ipam, { reserved })).remedy).toContain(
      'held: 192.168.240.0/24 (a route through tun0), 172.17.0.0/16 (network bridge), 172.18.0.0/16, ',
    )
    expect(refusal(() => ask(ipam, { reserved })).remedy).not.toMatch(/10\.0\.0\.0|more$/)
    const many = Array.from({ length: 9 }, (_, i) => `192.168.24${i}.0/24`)
    expect(refusal(() => ask(ipam, { reserved: by(...many) })).remedy).toMatch(/192\.168\.112\.0\/20 and 7 more$/)
  })

  it('are the /24s of 10.0.0.0/8 in the global space, which knows nothing of the local one', () => {
    const ipam = createDefaultIpam()
    ask(ipam, { pool: '10.0.0.0/16' })
    expect([ask(ipam, { space: 'GlobalDefault' }).pool, ask(ipam, { space: 'GlobalDefault' }).pool]).toEqual(['10.0.0.0/24', '10.0.1.0/24'])
  })

  it('fill the lowest gap and go round what is reserved, of whatever size', () => {
    const ipam = createDefaultIpam()
    const first = ask(ipam)
    ask(ipam)
    ipam.releasePool(first.id)
    expect(ask(ipam).pool).toBe('172.17.0.0/16')
    const reserved = by('172.20.0.0/14', '172.19.4.0/30', '172.19.4.0/24', '172.24.0.1/32', '0.0.0.0/8', '8.8.8.8/32', '::/8', 'fd00::/8')
    expect(ask(ipam, { reserved }).pool).toBe('172.25.0.0/16')
    expect(ask(ipam).pool).toBe('172.19.0.0/16')
  })

  it('have the size that 0.0.0.0/N asks for', () => {
    const ipam = createDefaultIpam()
    expect(['0.0.0.0/24', '0.0.0.0/24', '0.0.0.0/15', '0.0.0.0/14', '0.0.0.0/30'].map((pool) => ask(ipam, { pool }).pool)).toEqual([
      '172.17.0.0/24',
      '172.17.1.0/24',
      '172.20.0.0/15',
      '172.24.0.0/14',
      '172.17.2.0/30',
    ])
    expect(ask(ipam, { pool: '0.0.0.0/12' }).pool).toBe('10.192.0.0/12')
    for (const pool of ['0.0.0.0/0', '0.0.0.0/10', '::/40'])
      expect(refusal(() => ask(ipam, { pool })).message).toBe('invalid pool request: invalid address pool')
  })

  it('are consecutive /64s of the one ULA /48 that belongs to the seed', () => {
    const six = (ulaSeed: string) => {
      const ipam = createDefaultIpam({ ulaSeed })
      return Array.from({ length: 3 }, () => ask(ipam, { v6: true }).pool)
    }
    const pools = six('host a')
    // SHA-256 of 'host a' is 437aff 339725d2cd …: Docker takes the low 40 of its first 64 bits.
    expect(pools).toEqual(['fd33:9725:d2cd::/64', 'fd33:9725:d2cd:1::/64', 'fd33:9725:d2cd:2::/64'])
    expect(six('host a')).toEqual(pools)
    expect(six('host b')[0]).not.toBe(pools[0])
  })

  it('come from the pools that were configured; a family that was not keeps its own', () => {
    const local = [
      { base: '10.20.1.0/24', size: 28 },
      { base: '10.10.0.0/16', size: 24 },
      { base: '10.20.0.0/16', size: 17 },
    ]
    const ipam = createDefaultIpam({ pools: { local }, ulaSeed: 'x' })
    expect(ask(ipam).pool).toBe('10.10.0.0/24')
    expect(ask(ipam, { v6: true }).pool).toMatch(/^fd/)
    expect(ask(ipam, { reserved: by('10.10.0.0/16') }).pool).toBe('10.20.0.0/17')
    expect(ask(ipam, { reserved: by('10.10.0.0/16') }).pool).toBe('10.20.128.0/17')
    expect(ask(ipam, { space: 'GlobalDefault' }).pool).toBe('10.0.0.0/24')
  })

  it('do not come from a pool inside another, as in Docker', () => {
    const local = [
      { base: '10.20.1.0/24', size: 28 },
      { base: '10.20.0.0/16', size: 16 },
    ]
    expect(refusal(() => ask(createDefaultIpam({ pools: { local } }), { reserved: by('10.20.9.0/24') })).code).toBe('POOLS_EXHAUSTED')
  })

  it.each([
    [{ base: '10.0.0.1/24', size: 28 }, '10.0.0.1/24 should be 10.0.0.0/24'],
    [{ base: '10.0.0.0/24', size: 20 }, '10.0.0.0/24 cannot be cut into subnets of size 20'],
    [{ base: '10.0.0.0/24', size: 33 }, '10.0.0.0/24 cannot be cut into subnets of size 33'],
    [{ base: 'ten', size: 24 }, 'ten is not a subnet'],
  ])('cannot come from %o', (pool, reason) => {
    expect(refusal(() => createDefaultIpam({ pools: { local: [pool] } })).message).toBe(`invalid pool request: ${reason}`)
  })

  it('are none for IPv6 in the global space, as in Docker', () => {
    expect(refusal(() => ask(createDefaultIpam(), { space: 'GlobalDefault', v6: true })).code).toBe('POOL_INVALID')
  })
})

describe('pools by value', () => {
  it('have Docker’s ids, and lose their host bits', () => {
    const ipam = createDefaultIpam()
    expect(ask(ipam, { pool: '10.1.2.3/16', subPool: '10.1.5.9/24' })).toEqual({
      id: 'LocalDefault/10.1.0.0/16/10.1.5.0/24',
      pool: '10.1.0.0/16',
      data: {},
    })
  })

  it.each([
    ['the same', '10.0.0.0/16'],
    ['a wider one', '10.0.0.0/8'],
    ['a part', '10.0.200.0/24'],
  ])('are refused when %s is there, and name it and its holder', (_, pool) => {
    const ipam = createDefaultIpam({ describe: () => 'network web' })
    ask(ipam, { pool: '10.0.0.0/16' })
    expect(refusal(() => ask(ipam, { pool }))).toMatchObject({
      code: 'POOL_OVERLAP',
      status: 403,
      message: 'invalid pool request: Pool overlaps with other one on this address space',
      remedy: `${pool} overlaps 10.0.0.0/16 (network web): choose another --subnet, or none`,
    })
  })

  it('may share a subnet by ranges that are apart, and its addresses with it', () => {
    const ipam = createDefaultIpam()
    const low = ask(ipam, { pool: '10.0.0.0/24', subPool: '10.0.0.0/25' }).id
    const high = ask(ipam, { pool: '10.0.0.0/24', subPool: '10.0.0.128/25' }).id
    expect([ipam.requestAddress(low, '', {}), ipam.requestAddress(high, '', {})]).toEqual(['10.0.0.1/24', '10.0.0.128/24'])
    expect(refusal(() => ipam.requestAddress(high, '10.0.0.1', {})).code).toBe('ADDRESS_IN_USE')
    ipam.releasePool(low)
    expect(refusal(() => ipam.requestAddress(low, '', {})).message).toBe(`cannot find address pool for poolID:${low}`)
    expect(refusal(() => ask(ipam, { pool: '10.0.0.0/16' })).code).toBe('POOL_OVERLAP')
    ipam.releasePool(high)
    expect(ask(ipam, { pool: '10.0.0.0/16' }).pool).toBe('10.0.0.0/16')
  })

  it.each([
    ['ranges that overlap', '10.0.0.0/24', '10.0.0.0/25', '10.0.0.0/24', '10.0.0.64/26'],
    ['a range of what is held as a whole', '10.0.0.0/24', '', '10.0.0.0/24', '10.0.0.64/26'],
    ['a whole of which a range is held', '10.0.0.0/24', '10.0.0.64/26', '10.0.0.0/24', ''],
    ['a range of a wider subnet (moby #46756)', '10.0.0.0/24', '', '10.0.0.0/16', '10.0.1.0/24'],
  ])('are refused for %s', (_, pool, subPool, pool2, subPool2) => {
    const ipam = createDefaultIpam()
    ask(ipam, { pool, subPool })
    expect(refusal(() => ask(ipam, { pool: pool2, subPool: subPool2 })).code).toBe('POOL_OVERLAP')
  })

  it.each([
    [{ pool: 'nonsense' }, 'invalid address pool'],
    [{ pool: '10.0.0.0/24', subPool: 'nonsense' }, 'invalid address subpool'],
    [{ pool: '10.0.0.0/24', subPool: '10.0.1.0/25' }, 'invalid address subpool'],
    [{ pool: '10.0.0.0/24', subPool: '10.0.0.0/23' }, 'invalid address subpool'],
    [{ pool: '', subPool: '172.17.0.0/24' }, 'invalid address subpool'],
    [{ pool: '0.0.0.0/24', subPool: '0.0.0.0/25' }, 'invalid address subpool'],
    [{ pool: '10.0.0.0/24', subPool: 'fd00::/120' }, 'pool and subpool are of incompatible address families'],
  ])('are refused when malformed: %o', (request, reason) => {
    expect(refusal(() => ask(createDefaultIpam(), request))).toMatchObject({ status: 400, message: `invalid pool request: ${reason}` })
  })

  it('must be in a space that there is, and be there when released', () => {
    const ipam = createDefaultIpam()
    expect(refusal(() => ask(ipam, { space: 'moon' })).message).toBe('cannot find address space moon')
    const { id } = ask(ipam)
    ipam.releasePool(id)
    expect(refusal(() => ipam.releasePool(id)).code).toBe('POOL_NOT_FOUND')
  })
})

describe('through thousands of operations', () => {
  const EIGHTEENS = [...SIXTEENS, '192.168.0.0/16'].flatMap((base) => [0, 64, 128, 192].map((n) => base.replace('.0.0/16', `.${n}.0/18`)))
  const AUTOMATIC: Readonly<Record<string, readonly Cidr[]>> = { '': DOCKERS.map(cidr), '0.0.0.0/18': EIGHTEENS.map(cidr) }

  it.each([31, 32, 33])('chooses and refuses as one does who compares everything with everything (seed %i)', (seed) => {
    const random = seeded(seed)
    const ipam = createDefaultIpam({ pools: { local: LOCAL_POOLS } })
    const held = new Map<string, Cidr>()
    const isFree = (wanted: Cidr, avoid: readonly Cidr[] = []) => ![...held.values(), ...avoid].some((other) => overlaps(other, wanted))
    for (let step = 0; step < 2_000; step++) {
      if (random(10) < 4 && held.size > 0) {
        const id = [...held.keys()][random(held.size)] ?? ''
        ipam.releasePool(id)
        held.delete(id)
        continue
      }
      const explicit = `172.${16 + random(16)}.${16 * random(16)}.0/${20 + random(5)}`
      const pool = ['', '0.0.0.0/18', explicit][random(3)] ?? ''
      const reserved = [0, 1].map(() => `172.${16 + random(16)}.${random(256)}.0/${14 + random(10)}`)
      const avoid = reserved.map(cidr).map(subnetOf)
      const expected =
        AUTOMATIC[pool]?.find((candidate) => isFree(candidate, avoid)) ??
        [cidr(explicit)].find((given) => pool === explicit && isFree(given))
      if (expected) {
        const answer = ask(ipam, { pool, reserved: by(...reserved) })
        expect(answer.pool).toBe(formatCidr(expected))
        held.set(answer.id, expected)
      } else
        expect(refusal(() => ask(ipam, { pool, reserved: by(...reserved) })).code).toBe(
          pool === explicit ? 'POOL_OVERLAP' : 'POOLS_EXHAUSTED',
        )
    }
  })
})
