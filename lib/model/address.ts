import { isIPv4, isIPv6 } from 'node:net'

export type Family = 4 | 6

/** A link that carries less has none of it: no addresses, and no settings. */
export const LEAST_MTU = { 4: 68, 6: 1280 } as const satisfies Record<Family, number>

/** An IP address as a number; arithmetic is what allocators need. */
export interface Address {
  readonly family: Family
  readonly value: bigint
}

/** An address with a prefix length. The host bits say whose it is: '172.18.0.1/16' is an interface, '172.18.0.0/16' a subnet. */
export interface Cidr extends Address {
  readonly prefix: number
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128)

/** null when `text` is not an address. Zone ids are refused: they mean nothing outside one host. */
export function parseAddress(text: string): Address | null {
  if (isIPv4(text)) return { family: 4, value: BigInt(text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)) }
  // The first question to isIPv6() costs a millisecond: its expression is compiled then.
  if (!text.includes(':') || text.includes('%') || !isIPv6(text)) return null
  return { family: 6, value: parseIPv6(text) }
}

function parseIPv6(text: string): bigint {
  const mixed = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  let words = text
  if (mixed) {
    const low = parseAddress(mixed[2] ?? '')?.value ?? 0n
    words = `${mixed[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
  }
  const [head = '', tail] = words.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

/** null when `text` is not ADDRESS/PREFIX. */
export function parseCidr(text: string): Cidr | null {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text)
  const address = match ? parseAddress(match[1] ?? '') : null
  const prefix = Number(match?.[2])
  return address && prefix <= bitsOf(address.family) ? { ...address, prefix } : null
}

/** The same as a question, for who reads a hundred thousand and does nothing with them: it makes no bigint. */
export const isAddress = (text: string): boolean => isIPv4(text) || (isIPv6(text) && !text.includes('%'))

export function isCidr(text: string, family: Family): boolean {
  const slash = text.lastIndexOf('/')
  const [address, prefix] = [text.slice(0, slash), text.slice(slash + 1)]
  if (slash < 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > bitsOf(family)) return false
  return family === 4 ? isIPv4(address) : !isIPv4(address) && isAddress(address)
}

export function formatAddress({ family, value }: Address): string {
  if (family === 4) return dotted(Number(value))
  if (value >> 32n === 0xffffn) return `::ffff:${dotted(Number(value & 0xffffffffn))}`
  const groups = groupsOf(value)
  const { start, length } = longestZeroRun(groups)
  return length < 2 ? hex(groups, 0, 8) : `${hex(groups, 0, start)}::${hex(groups, start + length, 8)}`
}

/** Arithmetic on bigints costs many times what it costs on numbers; allocators write addresses by the million. */
const dotted = (value: number): string => `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}`

const scratch = new DataView(new ArrayBuffer(16))

function groupsOf(value: bigint): number[] {
  scratch.setBigUint64(0, value >> 64n)
  scratch.setBigUint64(8, value)
  return [0, 2, 4, 6, 8, 10, 12, 14].map((offset) => scratch.getUint16(offset))
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let [start, length, zeros] = [0, 0, 0]
  for (let end = 0; end < groups.length; end++) {
    zeros = groups[end] === 0 ? zeros + 1 : 0
    if (zeros > length) [start, length] = [end - zeros + 1, zeros]
  }
  return { start, length }
}

function hex(groups: readonly number[], from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += `${i === from ? '' : ':'}${(groups[i] ?? 0).toString(16)}`
  return text
}

export const formatCidr = (cidr: Cidr): string => `${formatAddress(cidr)}/${cidr.prefix}`

const hostMask = ({ family, prefix }: Cidr): bigint => (1n << BigInt(bitsOf(family) - prefix)) - 1n

/** The subnet that `cidr` lies in: its host bits cleared. */
export const subnetOf = (cidr: Cidr): Cidr => ({ ...cidr, value: cidr.value & ~hostMask(cidr) })

/** The highest address of the subnet. */
export const lastOf = (cidr: Cidr): bigint => cidr.value | hostMask(cidr)

export const sizeOf = (cidr: Cidr): bigint => hostMask(cidr) + 1n

/** Who has such an address has it for itself. */
export const isLoopback = ({ family, value }: Address): boolean => (family === 4 ? value >> 24n === 127n : value === 1n)

/** '::1' and '0:0::1' are the same. */
export const isSame = (a: string, b: string): boolean => parseAddress(a)?.value === parseAddress(b)?.value

export const contains = (subnet: Cidr, address: Address): boolean =>
  subnet.family === address.family && (subnet.value ^ address.value) >> BigInt(bitsOf(subnet.family) - subnet.prefix) === 0n

export const overlaps = (a: Cidr, b: Cidr): boolean => (a.prefix <= b.prefix ? contains(a, b) : contains(b, a))

/** 4 or 16 bytes, network order. */
export function toBytes({ family, value }: Address): Uint8Array {
  if (family === 6) {
    scratch.setBigUint64(0, value >> 64n)
    scratch.setBigUint64(8, value)
    return new Uint8Array(scratch.buffer.slice(0))
  }
  const low = Number(value)
  return Uint8Array.of(low >>> 24, low >>> 16, low >>> 8, low)
}

/** The inverse of toBytes; the length says the family. */
export function fromBytes(bytes: Uint8Array): Address {
  for (const [offset, byte] of bytes.entries()) scratch.setUint8(offset, byte)
  if (bytes.length === 4) return { family: 4, value: BigInt(scratch.getUint32(0)) }
  return { family: 6, value: (scratch.getBigUint64(0) << 64n) | scratch.getBigUint64(8) }
}
