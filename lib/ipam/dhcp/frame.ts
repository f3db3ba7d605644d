import { type Address, fromBytes, toBytes } from '../../model/address.ts'

/** Ethernet frames around what a DHCP client says and hears. */

export const CLIENT_PORT = 68
const SERVER_PORT = 67
const EVERYBODY = new Uint8Array(6).fill(0xff)
const IPV4 = 0x0800
const ARP = 0x0806
const UDP = 17
const ETHERNET_BYTES = 14
const IP_BYTES = 20
const UDP_BYTES = 8

/** A message from a client without an address to every server of the LAN. */
export function wrap(mac: Uint8Array, message: Uint8Array): Uint8Array {
  const udp = UDP_BYTES + message.length
  const frame = new Uint8Array(ETHERNET_BYTES + IP_BYTES + udp)
  const view = new DataView(frame.buffer)
  frame.set([...EVERYBODY, ...mac])
  view.setUint16(12, IPV4)
  const ip = ETHERNET_BYTES
  view.setUint16(ip, 0x4500)
  view.setUint16(ip + 2, IP_BYTES + udp)
  view.setUint8(ip + 8, 64)
  view.setUint8(ip + 9, UDP)
  view.setUint32(ip + 16, 0xffffffff)
  view.setUint16(ip + 10, checksum(frame.subarray(ip, ip + IP_BYTES)))
  view.setUint16(ip + 20, CLIENT_PORT)
  view.setUint16(ip + 22, SERVER_PORT)
  view.setUint16(ip + 24, udp)
  frame.set(message, ip + 28)
  // Of UDP it may be left out, but some servers drop what has none.
  const pseudo = new Uint8Array([...frame.subarray(ip + 12, ip + 20), 0, UDP, udp >> 8, udp & 255])
  view.setUint16(ip + 26, checksum(Uint8Array.from([...pseudo, ...frame.subarray(ip + IP_BYTES)])) || 0xffff)
  return frame
}

/** What a frame to the client's port carries; null where it is not whole. Its checksums are the link's to check. */
export function unwrap(frame: Uint8Array): Uint8Array | null {
  const ip = ETHERNET_BYTES
  const head = ((frame[ip] ?? 0) & 15) * 4
  if (frame.length < ip + head + UDP_BYTES || frame[12] !== IPV4 >> 8 || frame[13] !== 0 || frame[ip + 9] !== UDP) return null
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const length = view.getUint16(ip + head + 4)
  const body = frame.subarray(ip + head + UDP_BYTES, ip + head + length)
  return length >= UDP_BYTES && body.length === length - UDP_BYTES ? body : null
}

/** Asks who has an address, as one who wants to use it (RFC 5227). */
export function arpProbe(mac: Uint8Array, address: Address): Uint8Array {
  const frame = new Uint8Array(60)
  const view = new DataView(frame.buffer)
  frame.set([...EVERYBODY, ...mac])
  view.setUint16(12, ARP)
  frame.set([0, 1, 8, 0, 6, 4, 0, 1, ...mac], 14)
  frame.set(toBytes(address), 38)
  return frame
}

/** Whose ARP says, or asks to say, that it has an address; null when the frame is not about that. */
export function claimant(frame: Uint8Array, address: Address): Uint8Array | null {
  if (frame.length < 42) return null
  const [sender, target] = [fromBytes(frame.slice(28, 32)), fromBytes(frame.slice(38, 42))]
  const probes = sender.value === 0n && target.value === address.value
  return sender.value === address.value || probes ? frame.slice(22, 28) : null
}

function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
