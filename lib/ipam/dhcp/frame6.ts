import { type Address, fromBytes, toBytes } from '../../model/address.ts'

/** Ethernet frames around what is said over IPv6 by one who has no address on the LAN yet. */

export const CLIENT_PORT6 = 546
const SERVER_PORT6 = 547
export const IPV6 = 0x86dd
export const UDP = 17
export const ICMPV6 = 58
const ETHERNET_BYTES = 14
const IP_BYTES = 40
/** Where what IPv6 carries begins. */
export const BODY = ETHERNET_BYTES + IP_BYTES
const UDP_BYTES = 8

const group = (bytes: readonly number[]): Address => fromBytes(Uint8Array.from(bytes))
export const NOBODY: Address = { family: 6, value: 0n }
export const ALL_NODES = group([0xff, 2, ...Array<number>(13).fill(0), 1])
export const ALL_ROUTERS = group([0xff, 2, ...Array<number>(13).fill(0), 2])
const ALL_SERVERS = group([0xff, 2, ...Array<number>(11).fill(0), 1, 0, 2])

export interface Letter {
  readonly from: Address
  readonly to: Address
  /** Of the sender; of who is meant, absent for a group. */
  readonly mac: Uint8Array
  readonly toMac?: Uint8Array
}

/** `body` has its checksum, which is 0 there, at `sum`. */
export function envelope({ from, to, mac, toMac = groupMac(to) }: Letter, next: number, body: Uint8Array, sum: number): Uint8Array {
  const frame = new Uint8Array(BODY + body.length)
  const view = new DataView(frame.buffer)
  frame.set([...toMac, ...mac])
  view.setUint16(12, IPV6)
  view.setUint8(14, 0x60)
  view.setUint16(18, body.length)
  view.setUint8(20, next)
  // Neighbours take nothing that a router could have passed on.
  view.setUint8(21, 255)
  frame.set(toBytes(from), 22)
  frame.set(toBytes(to), 38)
  frame.set(body, BODY)
  const pseudo = new Uint8Array(8)
  new DataView(pseudo.buffer).setUint32(0, body.length)
  pseudo[7] = next
  view.setUint16(BODY + sum, checksum(frame.subarray(22), pseudo) || 0xffff)
  return frame
}

/** A message of DHCPv6 to every server of the LAN. */
export function wrap6(speaker: Pick<Letter, 'from' | 'mac'>, message: Uint8Array): Uint8Array {
  const body = new Uint8Array(UDP_BYTES + message.length)
  const view = new DataView(body.buffer)
  view.setUint16(0, CLIENT_PORT6)
  view.setUint16(2, SERVER_PORT6)
  view.setUint16(4, body.length)
  body.set(message, UDP_BYTES)
  return envelope({ ...speaker, to: ALL_SERVERS }, UDP, body, 6)
}

/** What IPv6 carries in a frame, and between whom; null where it is not whole, or something else. */
export function opened(
  frame: Uint8Array,
  next: number,
): { readonly from: Address; readonly to: Address; readonly body: Uint8Array } | null {
  if (frame.length < BODY || frame[12] !== IPV6 >> 8 || frame[13] !== (IPV6 & 255) || frame[20] !== next) return null
  const length = ((frame[18] ?? 0) << 8) | (frame[19] ?? 0)
  const body = frame.subarray(BODY, BODY + length)
  return body.length === length ? { from: fromBytes(frame.slice(22, 38)), to: fromBytes(frame.slice(38, 54)), body } : null
}

/** What a server says to `own`, and which server. */
export function unwrap6(frame: Uint8Array, own: Address): { readonly from: Address; readonly message: Uint8Array } | null {
  const letter = opened(frame, UDP)
  if (!letter || letter.to.value !== own.value || letter.body.length < UDP_BYTES) return null
  const port = ((letter.body[2] ?? 0) << 8) | (letter.body[3] ?? 0)
  return port === CLIENT_PORT6 ? { from: letter.from, message: letter.body.subarray(UDP_BYTES) } : null
}

/** The MAC address of a group (RFC 2464). */
const groupMac = (address: Address): Uint8Array => Uint8Array.from([0x33, 0x33, ...toBytes(address).subarray(12)])

function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0
  for (const bytes of parts) for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
