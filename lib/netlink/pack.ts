import { parseAddress, toBytes } from '../model/address.ts'
import { parseMac } from '../model/ids.ts'

/** '10.0.0.1' as 4 bytes, 'fd00::1' as 16: the form that ops take. Throws TypeError. */
export function ip(text: string): Uint8Array {
  const address = parseAddress(text)
  if (!address) throw new TypeError(`not an IP address: '${text}'`)
  return toBytes(address)
}

/** '02:42:ac:11:00:02' as 6 bytes. Throws TypeError. */
export function mac(text: string): Uint8Array {
  const bytes = parseMac(text)
  if (!bytes) throw new TypeError(`not a MAC address: '${text}'`)
  return bytes
}

/** A column of addresses, all of one family. Throws TypeError. */
export const ips = (texts: readonly string[]): Uint8Array => column(texts, ip)

/** A column of MAC addresses. Throws TypeError. */
export const macs = (texts: readonly string[]): Uint8Array => column(texts, mac)

function column(texts: readonly string[], read: (text: string) => Uint8Array): Uint8Array {
  const rows = texts.map(read)
  const width = rows[0]?.length ?? 0
  const packed = new Uint8Array(rows.length * width)
  rows.forEach((row, i) => {
    if (row.length !== width) throw new TypeError(`row ${i} is of another family than row 0: '${texts[i]}'`)
    packed.set(row, i * width)
  })
  return packed
}
