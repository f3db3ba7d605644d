import { describe, expect, it } from 'vitest'
import { nullIpam } from '../../../lib/ipam/null.ts'
import { refusal } from './refusal.ts'

const ANY = { space: 'null', pool: '', subPool: '', options: {}, v6: false, reserved: [] }

describe('nullIpam', () => {
  it('gives everybody the same pool and nobody an address', () => {
    expect(nullIpam.defaultAddressSpaces()).toEqual({ local: 'null', global: 'null' })
    expect(nullIpam.requestPool(ANY)).toEqual({ id: 'null/0.0.0.0/0', pool: '0.0.0.0/0', data: {} })
    expect(nullIpam.requestPool({ ...ANY, v6: true })).toEqual({ id: 'null/::/0', pool: '::/0', data: {} })
    expect(nullIpam.requestAddress('null/0.0.0.0/0', '', {})).toBe('')
    nullIpam.releaseAddress('null/0.0.0.0/0', '')
    nullIpam.releasePool('null/::/0')
  })

  it.each([
    [{ space: 'LocalDefault' }, 'unknown address space: LocalDefault'],
    [{ pool: '10.0.0.0/8' }, 'null ipam driver does not handle specific address pool requests'],
    [{ subPool: '10.0.0.0/8' }, 'null ipam driver does not handle specific address subpool requests'],
  ])('refuses %o in Docker’s words', (request, message) => {
    expect(refusal(() => nullIpam.requestPool({ ...ANY, ...request }))).toMatchObject({ status: 400, message })
  })

  it('knows no other pool', () => {
    for (const verb of [
      () => nullIpam.releasePool('x'),
      () => nullIpam.requestAddress('x', '', {}),
      () => nullIpam.releaseAddress('x', ''),
    ])
      expect(refusal(verb).message).toBe('unknown pool id: x')
  })
})
