import { describe, expect, it } from 'vitest'
import { createDefaultIpam, type DefaultIpam, type DefaultIpamOptions } from '../../../lib/ipam/default.ts'
import { GATEWAY_REQUEST } from '../../../lib/ipam/driver.ts'
import { QUARANTINE } from '../../../lib/ipam/quarantine.ts'
import { seeded } from '../../support/random.ts'
import { refusal } from './refusal.ts'

const pool = (ipam: DefaultIpam, subnet: string, range = '') =>
  ipam.requestPool({ space: 'LocalDefault', pool: subnet, subPool: range, options: {}, v6: false, reserved: [] }).id
const next = (ipam: DefaultIpam, id: string) => ipam.requestAddress(id, '', {})
const gateway = (ipam: DefaultIpam, id: string) => ipam.requestAddress(id, '', GATEWAY_REQUEST)

const setUp = (subnet: string, range = '', options: DefaultIpamOptions = {}) => {
  const ipam = createDefaultIpam(options)
  return { ipam, id: pool(ipam, subnet, range) }
}

describe('gateway and dynamic addresses', () => {
  it('gives .1 to the gateway and .2 to the first who asks', () => {
    const { ipam, id } = setUp('172.18.0.0/16')
    expect([gateway(ipam, id), next(ipam, id), next(ipam, id)]).toEqual(['172.18.0.1/16', '172.18.0.2/16', '172.18.0.3/16'])
  })

  it('gives from .1 where the gateway is elsewhere', () => {
    const { ipam, id } = setUp('172.18.0.0/16')
    ipam.requestAddress(id, '172.18.0.254', GATEWAY_REQUEST)
    expect(next(ipam, id)).toBe('172.18.0.1/16')
  })

  it('gives the gateway the first free address, wherever the dynamic ones have got to', () => {
    let now = 0
    const { ipam, id } = setUp('172.18.0.0/16', '', { quarantine: { clock: () => now } })
    next(ipam, id)
    next(ipam, id)
    ipam.releaseAddress(id, '172.18.0.1')
    now = QUARANTINE
    expect([gateway(ipam, id), next(ipam, id)]).toEqual(['172.18.0.1/16', '172.18.0.3/16'])
  })

  it('takes both from the range, with the prefix of the subnet', () => {
    const { ipam, id } = setUp('10.0.0.0/24', '10.0.0.128/25')
    expect([gateway(ipam, id), next(ipam, id)]).toEqual(['10.0.0.128/24', '10.0.0.129/24'])
  })

  it('does not give a released address again before it has gone all the way round', () => {
    const { ipam, id } = setUp('10.0.0.0/29')
    gateway(ipam, id)
    const first = next(ipam, id)
    ipam.releaseAddress(id, '10.0.0.2')
    expect([first, ...Array.from({ length: 5 }, () => next(ipam, id))]).toEqual(
      ['2', '3', '4', '5', '6', '2'].map((last) => `10.0.0.${last}/29`),
    )
  })

  it('goes on where another process stopped, when it is told where that was, and afresh with a new pool', () => {
    const lastGiven = new Map<string, string>()
    const before = setUp('10.0.0.0/24', '', { lastGiven })
    next(before.ipam, before.id)
    next(before.ipam, before.id)

    const after = setUp('10.0.0.0/24', '', { lastGiven })
    expect(next(after.ipam, after.id)).toBe('10.0.0.3/24')
    after.ipam.releasePool(after.id)
    pool(after.ipam, '10.0.0.0/24')
    expect(next(after.ipam, after.id)).toBe('10.0.0.1/24')
  })

  it.each([
    ['10.0.0.0/30', ['10.0.0.1/30', '10.0.0.2/30']],
    ['10.0.0.0/31', ['10.0.0.0/31', '10.0.0.1/31']],
    ['10.0.0.7/32', ['10.0.0.7/32']],
    ['fd00::/126', ['fd00::1/126', 'fd00::2/126', 'fd00::3/126']],
    ['fd00::/127', ['fd00::/127', 'fd00::1/127']],
    ['fd00::7/128', ['fd00::7/128']],
    ['255.255.255.248/29', [249, 250, 251, 252, 253, 254].map((last) => `255.255.255.${last}/29`)],
  ])('finds every usable address of %s and says when there is no more', (subnet, usable) => {
    const { ipam, id } = setUp(subnet)
    expect(ipam.usage(id).available).toBe(BigInt(usable.length))
    expect(usable.map(() => next(ipam, id))).toEqual(usable)
    expect(ipam.usage(id).available).toBe(0n)
    expect(refusal(() => next(ipam, id))).toMatchObject({ code: 'NO_ADDRESSES', message: 'no available addresses on this pool' })
  })

  it('says that a range is full though the subnet is not', () => {
    const { ipam, id } = setUp('10.0.0.0/24', '10.0.0.8/31')
    next(ipam, id)
    next(ipam, id)
    expect(refusal(() => next(ipam, id)).code).toBe('NO_ADDRESSES')
    expect(ipam.requestAddress(id, '10.0.0.100', {})).toBe('10.0.0.100/24')
  })

  it('gives again what is released, even at the very end', () => {
    const { ipam, id } = setUp('10.0.0.0/30')
    next(ipam, id)
    next(ipam, id)
    ipam.releaseAddress(id, '10.0.0.2')
    expect(next(ipam, id)).toBe('10.0.0.2/30')
  })
})

describe('addresses by value', () => {
  it('may lie outside the range, not outside the subnet', () => {
    const { ipam, id } = setUp('10.0.0.0/24', '10.0.0.128/25')
    expect(ipam.requestAddress(id, '10.0.0.5', {})).toBe('10.0.0.5/24')
    for (const address of ['10.0.1.5', 'fd00::5', 'nonsense'])
      expect(refusal(() => ipam.requestAddress(id, address, {}))).toMatchObject({
        code: 'ADDRESS_OUT_OF_RANGE',
        message: 'requested address is out of range',
        remedy: `${address} is not an assignable address of 10.0.0.0/24`,
      })
  })

  it('are refused when taken, with the holder where somebody knows him', () => {
    const describe = (poolId: string, address?: string) => (address === '10.0.0.5' ? `sandbox db (${poolId})` : '')
    const { ipam, id } = setUp('10.0.0.0/24', '', { describe })
    ipam.requestAddress(id, '10.0.0.5', {})
    ipam.requestAddress(id, '10.0.0.6', {})
    expect(refusal(() => ipam.requestAddress(id, '10.0.0.5', {}))).toMatchObject({
      code: 'ADDRESS_IN_USE',
      status: 403,
      message: 'Address already in use',
      remedy: '10.0.0.5 is held by sandbox db (LocalDefault/10.0.0.0/24)',
    })
    expect(refusal(() => ipam.requestAddress(id, '10.0.0.6', {})).remedy).toBe('10.0.0.6 is held by another endpoint')
  })

  it.each([
    ['10.0.0.0/24', '10.0.0.0', 'network address'],
    ['10.0.0.0/24', '10.0.0.255', 'broadcast address'],
    ['fd00::/64', 'fd00::', 'subnet-router anycast'],
  ])('of the subnet %s itself are never given, nor freed: %s', (subnet, address, why) => {
    const { ipam, id } = setUp(subnet)
    ipam.releaseAddress(id, address)
    expect(refusal(() => ipam.requestAddress(id, address, {}))).toMatchObject({
      code: 'ADDRESS_IN_USE',
      remedy: `${address} is held by the subnet itself (${why})`,
    })
  })

  it('do not move the dynamic ones', () => {
    const { ipam, id } = setUp('10.0.0.0/24')
    next(ipam, id)
    ipam.requestAddress(id, '10.0.0.200', {})
    expect(next(ipam, id)).toBe('10.0.0.2/24')
  })

  it('are released more than once without an error, not outside the subnet', () => {
    const { ipam, id } = setUp('10.0.0.0/24')
    ipam.requestAddress(id, '10.0.0.9', {})
    ipam.releaseAddress(id, '10.0.0.9')
    ipam.releaseAddress(id, '10.0.0.9')
    expect(ipam.requestAddress(id, '10.0.0.9', {})).toBe('10.0.0.9/24')
    expect(refusal(() => ipam.releaseAddress(id, '10.9.9.9')).code).toBe('ADDRESS_OUT_OF_RANGE')
  })
})

describe('after a restart', () => {
  it.each([11, 12, 13])('the same values in any order lead to the same state (seed %i)', (seed) => {
    const random = seeded(seed)
    const held = [
      ['10.0.0.0/24', '', ['10.0.0.1', '10.0.0.9', '10.0.0.77']],
      ['10.1.0.0/16', '10.1.4.0/24', ['10.1.4.1', '10.1.200.3']],
      ['10.1.0.0/16', '10.1.5.0/24', ['10.1.5.1']],
      ['fd00:1::/64', '', ['fd00:1::1', 'fd00:1::beef']],
    ] as const
    const ipam = createDefaultIpam()
    const shuffled = held.map((item) => ({ item, rank: random(1_000) })).sort((a, b) => a.rank - b.rank)
    for (const { item } of shuffled) {
      const [subnet, range, addresses] = item
      const id = pool(ipam, subnet, range)
      for (const address of [...addresses].reverse()) expect(ipam.requestAddress(id, address, {})).toContain(address)
    }
    for (const [subnet, range, addresses] of held) {
      const id = ['LocalDefault', subnet, ...(range ? [range] : [])].join('/')
      for (const address of addresses) expect(refusal(() => ipam.requestAddress(id, address, {})).code).toBe('ADDRESS_IN_USE')
    }
  })
})

describe('usage', () => {
  it('counts what the subnet takes as in use, and what the range has left as available', () => {
    const { ipam, id } = setUp('10.0.0.0/24', '10.0.0.0/28')
    expect(ipam.usage(id)).toEqual({ inUse: 2n, available: 15n })
    next(ipam, id)
    ipam.requestAddress(id, '10.0.0.200', {})
    expect(ipam.usage(id)).toEqual({ inUse: 4n, available: 14n })
  })

  it('does not lose count of a /64', () => {
    const { ipam, id } = setUp('fd00::/64')
    expect(ipam.usage(id)).toEqual({ inUse: 1n, available: (1n << 64n) - 1n })
  })
})

describe('through thousands of operations', () => {
  it.each([21, 22, 23])('never gives one address twice, and finds one as long as there is one (seed %i)', (seed) => {
    const random = seeded(seed)
    const { ipam, id } = setUp('10.0.0.0/25', '10.0.0.64/26')
    const held = new Set<number>([0, 127])
    const inRange = () => [...held].filter((n) => n >= 64).length
    for (let step = 0; step < 5_000; step++) {
      const n = random(128)
      const choice = random(10)
      if (choice < 4) {
        const full = inRange() === 64
        const answer = full ? undefined : Number(next(ipam, id).replace(/.*\.(\d+)\/25/, '$1'))
        if (answer === undefined) expect(refusal(() => next(ipam, id)).code).toBe('NO_ADDRESSES')
        else {
          expect(held.has(answer)).toBe(false)
          expect(answer).toBeGreaterThanOrEqual(64)
          held.add(answer)
        }
      } else if (choice < 6) {
        if (held.has(n)) expect(refusal(() => ipam.requestAddress(id, `10.0.0.${n}`, {})).code).toBe('ADDRESS_IN_USE')
        else ipam.requestAddress(id, `10.0.0.${n}`, {})
        held.add(n)
      } else {
        ipam.releaseAddress(id, `10.0.0.${n}`)
        if (n !== 0 && n !== 127) held.delete(n)
      }
      expect(ipam.usage(id)).toEqual({ inUse: BigInt(held.size), available: BigInt(64 - inRange()) })
    }
  })

  it('costs what is held, not what there is: 50,000 addresses of a /64, each apart from the others', () => {
    const { ipam, id } = setUp('fd00::/64')
    for (let n = 0; n < 50_000; n++) ipam.requestAddress(id, `fd00::${((n * 40_503) % 65_536).toString(16)}:1`, {})
    expect(ipam.usage(id).inUse).toBe(50_001n)
    for (let n = 0; n < 50_000; n++) next(ipam, id)
    expect(ipam.usage(id).inUse).toBe(100_001n)
  })
})

describe('nodes that share a pool', () => {
  const given = (share: number, subnet: string, range = '') => {
    const ipam = createDefaultIpam({ beginAt: () => share })
    const id = pool(ipam, subnet, range)
    const gateway = ipam.requestAddress(id, '', GATEWAY_REQUEST)
    return [gateway, ...[1, 2].map(() => ipam.requestAddress(id, '', {}))].map((cidr) => cidr.replace(/\/.*/, ''))
  }

  it.each([
    [0, '10.0.0.0/24', '', ['10.0.0.1', '10.0.0.2', '10.0.0.3']],
    [0.5, '10.0.0.0/24', '', ['10.0.0.1', '10.0.0.128', '10.0.0.129']],
    [0.75, '10.0.0.0/24', '10.0.0.64/26', ['10.0.0.64', '10.0.0.112', '10.0.0.113']],
    [0.5, '10.0.0.0/8', '', ['10.0.0.1', '10.0.128.0', '10.0.128.1']],
    [0.25, 'fd00::/64', '', ['fd00::1', 'fd00::4000', 'fd00::4001']],
    [0.999, '10.0.0.0/29', '', ['10.0.0.1', '10.0.0.2', '10.0.0.3']],
  ])('begin apart: at %d of %s %s', (share, subnet, range, expected) => {
    expect(given(share, subnet, range)).toEqual(expected)
  })
})
