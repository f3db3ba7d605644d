import { type Family, formatAddress, fromBytes, parseAddress, toBytes } from '../../model/address.ts'
import { parseMac } from '../../model/ids.ts'
import { macText } from '../../model/words.ts'

// A hundred thousand peers are compared with the kernel's tables: by numbers, and strings that are bytes.

/** A MAC address: 48 bits. */
export type MacKey = number

/** An address: of IPv4 32 bits, of IPv6 16 characters with the value of a byte each. */
export type IpKey = number | string

/** null when it is not one of a single station. */
export function macKey(text: string): MacKey | null {
  const key = hexPairs(text) ?? readMac(text)
  return key === null || Math.floor(key / 0x10000000000) % 2 === 1 ? null : key
}

/** 'aa:bb:cc:dd:ee:ff' as a number; null of any other form. */
function hexPairs(text: string): number | null {
  if (text.length !== 17) return null
  let [high, low] = [0, 0]
  for (let at = 0; at < 17; at++) {
    const code = text.charCodeAt(at)
    if (at % 3 === 2) {
      if (code !== COLON) return null
      continue
    }
    const digit = code >= 97 && code <= 102 ? code - 87 : code >= ZERO && code <= NINE ? code - ZERO : -1
    if (digit < 0) return null
    if (at < 8) high = (high << 4) | digit
    else low = (low << 4) | digit
  }
  return high * 0x1000000 + low
}

const [ZERO, NINE, DOT, SLASH, COLON] = [48, 57, 46, 47, 58]

function readMac(text: string): number | null {
  const bytes = parseMac(text)
  return bytes && macKeyAt(bytes, 0)
}

/** Of row `row` of a column. */
export const macKeyAt = (column: Uint8Array, row: number): MacKey => {
  const at = row * 6
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = [
    column[at],
    column[at + 1],
    column[at + 2],
    column[at + 3],
    column[at + 4],
    column[at + 5],
  ]
  return ((a << 16) | (b << 8) | c) * 0x1000000 + ((d << 16) | (e << 8) | f)
}

/** 'IP' or 'IP/PREFIX'; null when it is neither. */
export function ipKey(text: string): IpKey | null {
  const dotted = fourBytes(text)
  if (dotted !== null) return dotted
  const address = parseAddress(text.replace(/\/\d+$/, ''))
  if (!address) return null
  return address.family === 4 ? Number(address.value) : Buffer.from(toBytes(address)).toString('latin1')
}

/** '10.0.1.5' or '10.0.1.5/24' as a number; null of any other form. */
function fourBytes(text: string): number | null {
  let [value, byte, digits, dots] = [0, 0, 0, 0]
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : SLASH
    if (code >= ZERO && code <= NINE) {
      if (digits > 0 && byte === 0) return null
      byte = byte * 10 + code - ZERO
      digits++
      if (byte > 255) return null
    } else {
      if (digits === 0 || (code !== DOT && code !== SLASH)) return null
      value = value * 256 + byte
      if (code === SLASH) return dots === 3 && (at === text.length || isPrefix(text, at + 1)) ? value : null
      dots++
      byte = digits = 0
    }
  }
  return null
}

/** The rest of an address is nothing, or the length of its prefix. */
function isPrefix(text: string, from: number): boolean {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < ZERO || code > NINE) return false
  }
  return text.length !== from
}

/** Of a column that has 16 bytes a row. */
export function ipKeyAt(column: Buffer, row: number, family: Family): IpKey {
  return family === 4 ? column.readUInt32BE(row * 16) : column.toString('latin1', row * 16, row * 16 + 16)
}

export const familyOf = (key: IpKey): Family => (typeof key === 'number' ? 4 : 6)

export function macColumn(keys: readonly MacKey[]): Uint8Array {
  const column = new Uint8Array(keys.length * 6)
  let at = 0
  for (const key of keys) {
    const high = Math.floor(key / 0x1000000)
    at = put24(column, at, high)
    at = put24(column, at, key - high * 0x1000000)
  }
  return column
}

function put24(column: Uint8Array, at: number, value: number): number {
  column[at] = value >> 16
  column[at + 1] = value >> 8
  column[at + 2] = value
  return at + 3
}

/** All of one family. */
export function ipColumn(keys: readonly IpKey[], family: Family): Uint8Array {
  const width = family === 4 ? 4 : 16
  const column = Buffer.allocUnsafe(keys.length * width)
  let at = 0
  for (const key of keys) {
    if (typeof key === 'number') {
      column[at] = key >>> 24
      column[at + 1] = key >>> 16
      column[at + 2] = key >>> 8
      column[at + 3] = key
    } else column.write(key, at, 'latin1')
    at += width
  }
  return column
}

export const textOfMac = (key: MacKey): string => macText(macColumn([key]))

export const textOfIp = (key: IpKey): string => formatAddress(fromBytes(ipColumn([key], familyOf(key))))
