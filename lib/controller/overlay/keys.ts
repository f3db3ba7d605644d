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
  const bytes = parseMac(text)
  return bytes && ((bytes[0] ?? 1) & 1) === 0 ? macKeyAt(bytes, 0) : null
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
  const address = parseAddress(text.replace(/\/\d+$/, ''))
  if (!address) return null
  return address.family === 4 ? Number(address.value) : Buffer.from(toBytes(address)).toString('latin1')
}

/** Of a column that has 16 bytes a row. */
export function ipKeyAt(column: Buffer, row: number, family: Family): IpKey {
  return family === 4 ? column.readUInt32BE(row * 16) : column.toString('latin1', row * 16, row * 16 + 16)
}

export const familyOf = (key: IpKey): Family => (typeof key === 'number' ? 4 : 6)

export function macColumn(keys: readonly MacKey[]): Uint8Array {
  const column = Buffer.allocUnsafe(keys.length * 6)
  keys.forEach((key, row) => column.writeUIntBE(key, row * 6, 6))
  return column
}

/** All of one family. */
export function ipColumn(keys: readonly IpKey[], family: Family): Uint8Array {
  const width = family === 4 ? 4 : 16
  const column = Buffer.allocUnsafe(keys.length * width)
  keys.forEach((key, row) => {
    if (typeof key === 'number') column.writeUInt32BE(key, row * width)
    else column.write(key, row * width, 'latin1')
  })
  return column
}

export const textOfMac = (key: MacKey): string => macText(macColumn([key]))

export const textOfIp = (key: IpKey): string => formatAddress(fromBytes(ipColumn([key], familyOf(key))))
