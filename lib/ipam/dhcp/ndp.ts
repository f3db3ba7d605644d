import { createHash } from 'node:crypto'
import { type Address, type Cidr, fromBytes, subnetOf, toBytes } from '../../model/address.ts'
import { ALL_NODES, ALL_ROUTERS, envelope, ICMPV6, type Letter, NOBODY, opened } from './frame6.ts'

/** Neighbour discovery (RFC 4861), as far as a client of a LAN has to speak it. */

const TYPE = { routerSolicit: 133, router: 134, solicit: 135, advertise: 136 }
const SOURCE_MAC = 1
const TARGET_MAC = 2
const PREFIX = 3
const REPORT = 131

export interface Prefix {
  readonly subnet: Cidr
  /** Its addresses are neighbours; may be made of it by oneself. */
  readonly onLink: boolean
  readonly autonomous: boolean
}

/** What a router announces. */
export interface Announcement {
  readonly from: Address
  /** Addresses are to be asked for of DHCPv6 (the flag M); everything else is (O). */
  readonly managed: boolean
  readonly otherwise: boolean
  readonly prefixes: readonly Prefix[]
}

const icmp = (letter: Letter, type: number, rest: readonly number[]): Uint8Array =>
  envelope(letter, ICMPV6, Uint8Array.from([type, 0, 0, 0, ...rest]), 2)

const NO_FLAGS = [0, 0, 0, 0]

/** Asks all routers who they are, as one who has no address. */
export const routerSolicitation = (mac: Uint8Array): Uint8Array =>
  icmp({ from: NOBODY, to: ALL_ROUTERS, mac }, TYPE.routerSolicit, NO_FLAGS)

/** Asks who has an address, as one who wants to use it. */
export const neighbourProbe = (mac: Uint8Array, address: Address): Uint8Array =>
  icmp({ from: NOBODY, to: solicited(address), mac }, TYPE.solicit, [...NO_FLAGS, ...toBytes(address)])

/** Tells switches that keep groups apart where what is asked about `own` is to go (RFC 2710). */
export function membership(mac: Uint8Array, own: Address): Uint8Array {
  const to = solicited(own)
  const report = icmp({ from: own, to, mac }, REPORT, [...NO_FLAGS, ...toBytes(to)])
  // Routers look into it where there is a hop-by-hop option that says so; the checksum does not cover that.
  const frame = Uint8Array.from([...report.subarray(0, 54), ICMPV6, 0, 5, 2, 0, 0, 1, 0, ...report.subarray(54)])
  frame.set([(report.length - 54 + 8) >> 8, (report.length - 54 + 8) & 255, 0, 1], 18)
  return frame
}

/** An answer to who asked where `own` is; null when a frame does not ask that. */
export function answerTo(frame: Uint8Array, own: Address, mac: Uint8Array): Uint8Array | null {
  const asked = read(frame, TYPE.solicit)
  if (!asked || asked.target.value !== own.value) return null
  const nobody = asked.from.value === 0n
  const to = nobody ? { to: ALL_NODES } : { to: asked.from, toMac: asked.options.get(SOURCE_MAC)?.[0] ?? asked.mac }
  // It is solicited, and overrides what was known.
  return icmp({ from: own, ...to, mac }, TYPE.advertise, [nobody ? 0x20 : 0x60, 0, 0, 0, ...toBytes(own), TARGET_MAC, 1, ...mac])
}

/** Whose frame says that it has an address, or is about to; null when it is not about that. */
export function claimant6(frame: Uint8Array, address: Address): Uint8Array | null {
  const told = read(frame, TYPE.advertise)
  if (told?.target.value === address.value) return told.options.get(TARGET_MAC)?.[0] ?? told.mac
  const asked = read(frame, TYPE.solicit)
  return asked?.target.value === address.value && asked.from.value === 0n ? asked.mac : null
}

/** null where a frame is no announcement of a router. */
export function announcement(frame: Uint8Array): Announcement | null {
  const letter = opened(frame, ICMPV6)
  const { body = new Uint8Array() } = letter ?? {}
  if (!letter || frame[21] !== 255 || body[0] !== TYPE.router || body.length < 16) return null
  const flags = body[5] ?? 0
  const prefixes = (optionsOf(body.subarray(16)).get(PREFIX) ?? []).filter(({ length }) => length === 30).flatMap(prefixOf)
  return { from: letter.from, managed: (flags & 0x80) !== 0, otherwise: (flags & 0x40) !== 0, prefixes }
}

function prefixOf(option: Uint8Array): readonly Prefix[] {
  const [length = 0, flags = 0] = option
  const valid = option.subarray(2, 6).some((byte) => byte !== 0)
  const subnet = subnetOf({ ...fromBytes(option.slice(14, 30)), prefix: Math.min(length, 128) })
  return valid && length <= 128 ? [{ subnet, onLink: (flags & 0x80) !== 0, autonomous: (flags & 0x40) !== 0 }] : []
}

/** What is about a neighbour: a target, and who speaks. */
function read(frame: Uint8Array, type: number) {
  const letter = opened(frame, ICMPV6)
  if (!letter || frame[21] !== 255 || letter.body[0] !== type || letter.body.length < 24) return null
  const target = fromBytes(letter.body.slice(8, 24))
  return { from: letter.from, target, mac: frame.slice(6, 12), options: optionsOf(letter.body.subarray(24)) }
}

/** By their type, without their heads. */
function optionsOf(bytes: Uint8Array): Map<number, readonly Uint8Array[]> {
  const options = new Map<number, readonly Uint8Array[]>()
  for (let at = 0; at + 8 <= bytes.length; ) {
    const [type = 0, units = 0] = bytes.subarray(at)
    const end = at + units * 8
    if (units === 0 || end > bytes.length) break
    options.set(type, [...(options.get(type) ?? []), bytes.slice(at + 2, end)])
    at = end
  }
  return options
}

/** The group in which who has an address is asked about it. */
const solicited = ({ value }: Address): Address => ({
  family: 6,
  value: (0xff02n << 112n) | (1n << 32n) | (0xffn << 24n) | (value & 0xffffffn),
})

/** The one of a MAC address for these conversations: nobody else will think of it, and servers know where it is from the last one. */
export const speakingAt = (mac: Uint8Array): Address => ({
  family: 6,
  value: (0xfe80n << 112n) | createHash('sha256').update('dhcp').update(mac).digest().readBigUInt64BE(),
})
