import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createDefaultIpam, type DefaultIpam, type DefaultIpamOptions } from '../../../lib/ipam/default.ts'
import { GATEWAY_REQUEST } from '../../../lib/ipam/driver.ts'
import { QUARANTINE, sinceBoot } from '../../../lib/ipam/quarantine.ts'
import { refusal } from './refusal.ts'

const pool = (ipam: DefaultIpam, subnet: string, range = '') =>
  ipam.requestPool({ space: 'LocalDefault', pool: subnet, subPool: range, options: {}, v6: false, reserved: [] }).id
const next = (ipam: DefaultIpam, id: string) => ipam.requestAddress(id, '', {}).replace(/\/\d+$/, '')

/** A subnet whose clock stands still until it is set. */
function setUp(subnet: string, range = '') {
  const clock = { now: 1_000 }
  const options: DefaultIpamOptions = { lastGiven: new Map(), quarantine: { clock: () => clock.now, notes: new Map() } }
  const ipam = createDefaultIpam(options)
  return { ipam, id: pool(ipam, subnet, range), clock, options }
}

describe('an address that was just released', () => {
  it('is passed over even where it is the very next one', () => {
    const { ipam, id, clock } = setUp('10.0.0.0/29')
    for (let n = 1; n <= 6; n++) next(ipam, id)
    for (const last of [1, 2, 3]) ipam.releaseAddress(id, `10.0.0.${last}`)
    clock.now += QUARANTINE
    expect(next(ipam, id)).toBe('10.0.0.1')
    ipam.releaseAddress(id, '10.0.0.2')
    ipam.requestAddress(id, '10.0.0.2', {})
    ipam.releaseAddress(id, '10.0.0.2')
    expect(next(ipam, id)).toBe('10.0.0.3')
  })

  it('is free again after a minute', () => {
    const { ipam, id, clock } = setUp('10.0.0.0/30')
    next(ipam, id)
    ipam.releaseAddress(id, '10.0.0.1')
    clock.now += QUARANTINE - 1
    expect(next(ipam, id)).toBe('10.0.0.2')
    ipam.releaseAddress(id, '10.0.0.2')
    clock.now += 1
    expect(next(ipam, id)).toBe('10.0.0.1')
  })

  it('is still better than none: then it is the one that was released first', () => {
    const { ipam, id } = setUp('10.0.0.0/29', '10.0.0.4/30')
    for (const last of [1, 6, 4, 5]) ipam.requestAddress(id, `10.0.0.${last}`, {})
    for (const last of [1, 6, 4, 5]) ipam.releaseAddress(id, `10.0.0.${last}`)
    expect([next(ipam, id), next(ipam, id), next(ipam, id)]).toEqual(['10.0.0.6', '10.0.0.4', '10.0.0.5'])
    expect(refusal(() => next(ipam, id)).code).toBe('NO_ADDRESSES')
  })

  it('is given to who asks for this very one, and is no gateway by chance', () => {
    const { ipam, id } = setUp('10.0.0.0/24')
    next(ipam, id)
    ipam.releaseAddress(id, '10.0.0.1')
    expect(ipam.requestAddress(id, '', GATEWAY_REQUEST)).toBe('10.0.0.2/24')
    expect(ipam.requestAddress(id, '10.0.0.1', {})).toBe('10.0.0.1/24')
    expect(refusal(() => ipam.requestAddress(id, '10.0.0.1', {})).code).toBe('ADDRESS_IN_USE')
  })

  it('is the next one again where it was not used', () => {
    const { ipam, id, options } = setUp('10.0.0.0/24')
    next(ipam, id)
    ipam.releaseAddress(id, next(ipam, id), true)
    expect(options.lastGiven?.get(id)).toBe('10.0.0.1')
    expect([next(ipam, id), next(ipam, id)]).toEqual(['10.0.0.2', '10.0.0.3'])
    ipam.releaseAddress(id, '10.0.0.2', true)
    expect(next(ipam, id)).toBe('10.0.0.4')
  })

  it('counts as available', () => {
    const { ipam, id } = setUp('10.0.0.0/29', '10.0.0.4/30')
    const before = ipam.usage(id)
    next(ipam, id)
    ipam.requestAddress(id, '10.0.0.2', {})
    for (const last of [4, 2, 2]) ipam.releaseAddress(id, `10.0.0.${last}`)
    expect(ipam.usage(id)).toEqual(before)
  })

  it('is known to the next process, unless that asks for it by value', () => {
    const { ipam, id, clock, options } = setUp('10.0.0.0/29')
    for (let n = 1; n <= 6; n++) next(ipam, id)
    for (const last of [5, 1, 2]) ipam.releaseAddress(id, `10.0.0.${last}`)
    const after = createDefaultIpam(options)
    pool(after, '10.0.0.0/29')
    for (const last of [3, 4, 6, 2]) after.requestAddress(id, `10.0.0.${last}`, {})
    expect(after.usage(id)).toMatchObject({ available: 2n })
    expect([next(after, id), next(after, id)]).toEqual(['10.0.0.5', '10.0.0.1'])
    expect([...(options.quarantine?.notes?.entries() ?? [])]).toEqual([])
    after.releaseAddress(id, '10.0.0.6')
    clock.now += QUARANTINE
    expect(next(after, id)).toBe('10.0.0.6')
  })

  it('is forgotten with its subnet, and by a boot', () => {
    const { ipam, id, clock, options } = setUp('10.0.0.0/24')
    next(ipam, id)
    ipam.releaseAddress(id, '10.0.0.1')
    clock.now = 10
    const after = createDefaultIpam(options)
    pool(after, '10.0.0.0/24')
    expect(after.requestAddress(id, '', GATEWAY_REQUEST)).toBe('10.0.0.1/24')
    ipam.releasePool(id)
    expect([...(options.quarantine?.notes?.entries() ?? [])]).toEqual([])
  })

  it('waits among 4,096 others, or twice as many while nobody asks for one', () => {
    const { ipam, id, options } = setUp('fd00::/64')
    const waiting = () => [...(options.quarantine?.notes?.entries() ?? [])].length
    const given = Array.from({ length: 9_000 }, () => next(ipam, id))
    for (const ip of given) ipam.releaseAddress(id, ip)
    expect(waiting()).toBe(9_000 - 4_096)
    next(ipam, id)
    expect(waiting()).toBe(4_096)
    expect(ipam.usage(id).inUse).toBe(2n)
  })
})

describe('the clock', () => {
  it('is one for all processes', () => {
    const before = sinceBoot()
    const script = 'console.log(Number(process.hrtime.bigint() / 1000000n))'
    const between = Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }))
    expect(between).toBeGreaterThanOrEqual(before)
    expect(between).toBeLessThanOrEqual(sinceBoot())
  })
})
