import type { LinkRef } from '../../binding.d.ts'
import { formatAddress, fromBytes } from './address.ts'

/** Words of a shell command, each of them quoted. */
export type Words = readonly string[]

export const words = (...parts: readonly (string | Words)[]): string => parts.flat().join(' ')

/** One word of a shell command. */
export const quote = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** `name value`; nothing when there is no value. */
export const option = (name: string, value: string | number | undefined): Words => (value === undefined ? [] : [name, quote(String(value))])

/** `name` when it is so. */
export const flag = (name: string, value: boolean | undefined): Words => (value ? [name] : [])

/** iproute2 reads 'if7' as the link whose index is 7. */
export const linkRef = (link: LinkRef): string => (typeof link === 'number' ? `if${link}` : quote(link))

export const macText = (mac: Uint8Array): string => Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':')

export const addressText = (address: Uint8Array): string => formatAddress(fromBytes(address))

/** `name address`; nothing when there is none. */
export const addressOption = (name: string, address: Uint8Array | undefined): Words => option(name, address && addressText(address))

/** The next hop of a route whose addresses have `length` bytes; one of the other family is said to be so. */
export const viaWords = (via: Uint8Array | undefined, length: number): Words =>
  via && via.length !== length ? ['via', 'inet6', addressText(via)] : addressOption('via', via)

export const cidrText = (address: Uint8Array, prefix: number): string => `${addressText(address)}/${prefix}`

/** Of 'fdb.addMany' it is add, as iproute2 has it. */
export const verbOf = (op: string): string => op.slice(op.indexOf('.') + 1).replace('Many', '')

export const hereDocument = (command: string, lines: readonly string[]): string => [`${command} <<'EOF'`, ...lines, 'EOF'].join('\n')
