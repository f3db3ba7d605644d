import { type Address, type Cidr, contains, type Family, formatAddress, parseAddress, parseCidr } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { isLinkName } from '../model/ids.ts'
import type { Options } from '../model/network.ts'

/** Reads one option's text; throws a plain Error whose message is the reason. */
export type Reader<T> = (text: string) => T

export const readText: Reader<string> = (text) => text

/** Go's strconv.ParseBool, which Docker uses. */
export const readBool: Reader<boolean> = (text) => {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false
  throw new Error('expected true or false')
}

/** As the kernel counts. */
const LARGEST = 2 ** 31 - 1

export const readMtu: Reader<number> = (text) => {
  if (!/^-?\d+$/.test(text)) throw new Error('expected a number of bytes')
  const mtu = Number(text)
  if (mtu < 0 || mtu > LARGEST) throw new Error(`invalid MTU number: ${mtu}`)
  return mtu
}

export const readLinkName: Reader<string> = (text) => {
  if (!isLinkName(text)) throw new Error('not a link name: 1 to 15 letters, digits, or one of _.+-')
  return text
}

/** A number comes behind it. */
export const readPrefix: Reader<string> = (text) => {
  if (!isLinkName(`${text}0`) || text === '') throw new Error('no link name begins so: 1 to 14 letters, digits, or one of _.+-')
  return text
}

/** 'eth0:eth1' */
export const readLinkNames: Reader<readonly string[]> = (text) => text.split(':').map(readLinkName)

/** An IP address, of `family` where one is wanted. Docker's reason for a bad one. */
export const readAddress =
  (family?: Family): Reader<string> =>
  (text) => {
    const address = parseAddress(text)
    if (!address) throw new Error('nil ip')
    if (family !== undefined && address.family !== family) throw new Error(`not an IPv${family} address`)
    return formatAddress(address)
  }

const CROWDS: readonly Cidr[] = ['224.0.0.0/3', 'ff00::/8'].flatMap((text) => parseCidr(text) ?? [])

/** Nobody is called so alone: multicast, and what is reserved or for all. */
export const isOfMany = (address: Address): boolean => CROWDS.some((subnet) => contains(subnet, address))

/** Why nobody would reach a port that is published on an address; undefined when somebody may. */
export function unreachable({ family, value }: Address): string | undefined {
  const text = formatAddress({ family, value })
  if (family === 6 && value >> 32n === 0xffffn) return `${text} is an IPv4 address: write it as one`
  if (isOfMany({ family, value })) return `${text} is nobody's own address`
  return family === 6 && value === 1n ? 'no kernel lets an answer come back to ::1; publish on 127.0.0.1' : undefined
}

/** One of `words`; `what` they are. */
export const readWord =
  <W extends string>(what: string, words: readonly W[]): Reader<W> =>
  (text) => {
    const word = words.find((known) => known === text)
    if (word === undefined) throw new Error(`unknown ${what} ${text}`)
    return word
  }

/**
 * The options that `readers` know, read; keys absent from `options` are absent from the answer. A key that no reader knows
 * is refused with the nearest known one: Docker ignores it in silence, and the user finds out in production.
 */
export function readOptions<R extends Readonly<Record<string, Reader<unknown>>>>(
  options: Options,
  readers: R,
): { readonly [K in keyof R]?: ReturnType<R[K]> } {
  const read: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(options)) {
    const reader = Object.hasOwn(readers, key) ? readers[key] : undefined
    if (!reader)
      throw fault('INVALID_OPTION', { key, value, reason: `unknown option; did you mean ${nearest(key, Object.keys(readers))}?` })
    try {
      read[key] = reader(value)
    } catch (error) {
      throw fault('INVALID_OPTION', { key, value, reason: (error as Error).message }, error)
    }
  }
  return read as { readonly [K in keyof R]?: ReturnType<R[K]> }
}

const nearest = (key: string, known: readonly string[]): string =>
  known.map((name) => ({ name, far: editDistance(key, name) })).sort((a, b) => a.far - b.far)[0]?.name ?? ''

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
