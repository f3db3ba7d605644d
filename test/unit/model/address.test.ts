import { describe, expect, it } from 'vitest'
import {
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  fromBytes,
  isAddress,
  isCidr,
  lastOf,
  overlaps,
  parseAddress,
  parseCidr,
  sizeOf,
  subnetOf,
  toBytes,
} from '../../../lib/model/address.ts'

const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text)
  if (!parsed) throw new Error(`${text} is not a prefix`)
  return parsed
}

describe('addresses as text', () => {
  it.each([
    ['0.0.0.0', 0n],
    ['172.18.0.1', 0xac120001n],
    ['255.255.255.255', 0xffffffffn],
  ])('%s is a number and back', (text, value) => {
    expect(parseAddress(text)).toEqual({ family: 4, value })
    expect(formatAddress({ family: 4, value })).toBe(text)
  })

  // Right-hand side: RFC 5952.
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['FD00:0:0:0:0:0:0:A', 'fd00::a'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8::0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['::ffff:a00:1', '::ffff:10.0.0.1'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
    ['1:2:3:4:5:6:10.0.0.1', '1:2:3:4:5:6:a00:1'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s is written %s', (text, canonical) => {
    const address = parseAddress(text)
    expect(address?.family).toBe(6)
    expect(address && formatAddress(address)).toBe(canonical)
    expect(parseAddress(canonical)).toEqual(address)
  })

  it.each(['', '10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.1/8', ':::', '1::2::3', 'fe80::1%eth0', 'g::', ' ::1', '1:2:3:4:5:6:7:8:9'])(
    '%j is none',
    (text) => {
      expect(parseAddress(text)).toBeNull()
    },
  )

  it.each(['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', '/8', '10.0.0.0/-1', '10.0.0.0/1e1', 'x/8'])(
    '%j is no prefix',
    (text) => {
      expect(parseCidr(text)).toBeNull()
    },
  )

  it.each([
    ...['10.0.0.1', '010.0.0.1', '10.0.0', 'fd00::1', '::ffff:10.0.0.1', 'fe80::1%eth0', ':::', ''],
    ...['10.0.0.1/24', '10.0.0.1/33', '10.0.0.1/', '/24', '10.0.0.1/8/8', 'fd00::1/64', 'fd00::1/129', 'fe80::1%eth0/64', 'fd00::1/-1'],
  ])('%j is asked for as it is read', (text) => {
    expect(isAddress(text)).toBe(parseAddress(text) !== null)
    for (const family of [4, 6] as const) expect(isCidr(text, family)).toBe(parseCidr(text)?.family === family)
  })
})

describe('arithmetic', () => {
  it.each([
    ['172.18.5.9/16', '172.18.0.0/16', '172.18.255.255', 65_536n],
    ['10.0.0.7/32', '10.0.0.7/32', '10.0.0.7', 1n],
    ['10.0.0.7/31', '10.0.0.6/31', '10.0.0.7', 2n],
    ['1.2.3.4/0', '0.0.0.0/0', '255.255.255.255', 1n << 32n],
    ['fd00::5/64', 'fd00::/64', 'fd00::ffff:ffff:ffff:ffff', 1n << 64n],
    ['fd00::5/128', 'fd00::5/128', 'fd00::5', 1n],
    ['fd00::5/0', '::/0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 1n << 128n],
  ])('of %s', (text, subnet, last, size) => {
    const given = cidr(text)
    expect(formatCidr(given)).toBe(text)
    expect(formatCidr(subnetOf(given))).toBe(subnet)
    expect(formatAddress({ family: given.family, value: lastOf(given) })).toBe(last)
    expect(sizeOf(given)).toBe(size)
  })

  it.each([
    ['10.0.0.0/24', '10.0.0.255', true],
    ['10.0.0.0/24', '10.0.1.0', false],
    ['10.0.0.9/24', '10.0.0.1', true],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '10.0.0.1', false],
    ['fd00::/64', 'fd00::1:0:0:0', true],
    ['fd00::/64', 'fd00:0:0:1::', false],
  ])('%s contains %s: %s', (subnet, text, expected) => {
    const address = parseAddress(text)
    expect(address && contains(cidr(subnet), address)).toBe(expected)
  })

  it.each([
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.0.0.0/24', '10.0.1.0/24', false],
    ['10.0.0.0/24', '10.0.0.128/25', true],
    ['0.0.0.0/0', '::/0', false],
    ['fd00::/48', 'fd00:0:0:5::/64', true],
  ])('%s and %s overlap: %s, either way round', (a, b, expected) => {
    expect([overlaps(cidr(a), cidr(b)), overlaps(cidr(b), cidr(a))]).toEqual([expected, expected])
  })
})

describe('bytes', () => {
  it.each([
    ['10.0.1.255', [10, 0, 1, 255]],
    ['0.0.0.1', [0, 0, 0, 1]],
    ['2001:db8::ff', [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]],
  ])('of %s are in network order, and back', (text, bytes) => {
    const address = parseAddress(text)
    expect(address && [...toBytes(address)]).toEqual(bytes)
    expect(fromBytes(Uint8Array.from(bytes))).toEqual(address)
  })
})
