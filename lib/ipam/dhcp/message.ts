import { type Address, fromBytes, toBytes } from '../../model/address.ts'

/** Of a DHCP message, option 53; the numbers are the protocol's. */
export const KINDS = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7 } as const
export type Kind = keyof typeof KINDS

/** What a client says. */
export interface Question {
  readonly kind: 'discover' | 'request' | 'decline' | 'release'
  /** Answers have the same. */
  readonly xid: number
  /** Of the client, 6 bytes. */
  readonly mac: Uint8Array
  /** What the server is to know it by; absent: the MAC address. */
  readonly client?: Uint8Array
  /** What the client has (ciaddr); what it would like. */
  readonly own?: Address
  readonly wanted?: Address
  /** The server that is meant. */
  readonly server?: Address
  readonly hostname?: string
}

/** What a server answers. */
export interface Answer {
  readonly kind: 'offer' | 'ack' | 'nak'
  readonly xid: number
  readonly mac: Uint8Array
  /** Whom it gives or confirms. */
  readonly yours: Address
  readonly server: Address | null
  /** Length of the prefix. */
  readonly prefix: number | null
  readonly router: Address | null
  /** Seconds; all of them from now on. `renew` is T1. */
  readonly lease: number | null
  readonly renew: number | null
  /** Why not. */
  readonly message: string
}

const COOKIE = [0x63, 0x82, 0x53, 0x63]
const FIXED = 236
const BOOTREQUEST = 1
const BOOTREPLY = 2
const ETHERNET = 1
const BROADCAST = 0x8000
const OPTION = {
  mask: 1,
  router: 3,
  hostname: 12,
  wanted: 50,
  lease: 51,
  overload: 52,
  kind: 53,
  server: 54,
  ask: 55,
  message: 56,
  renew: 58,
  client: 61,
  end: 255,
}
/** Relays of old drop what is shorter. */
const SHORTEST = 300

/** RFC 2131. Answers are asked for as broadcasts: nobody is at the address yet, or it is not for us to hear. */
export function encode({ kind, xid, mac, client, own, wanted, server, hostname }: Question): Uint8Array {
  const options = [
    [OPTION.kind, KINDS[kind]],
    // By default the MAC, so that a server tells endpoints apart by what it also sees.
    [OPTION.client, ...(client ?? [ETHERNET, ...mac])],
    ...(wanted ? [[OPTION.wanted, ...toBytes(wanted)]] : []),
    ...(server ? [[OPTION.server, ...toBytes(server)]] : []),
    ...(hostname ? [[OPTION.hostname, ...Buffer.from(hostname).subarray(0, 63)]] : []),
    ...(kind === 'discover' || kind === 'request' ? [[OPTION.ask, OPTION.mask, OPTION.router, OPTION.lease, OPTION.renew]] : []),
  ].flatMap(([code = 0, ...value]) => [code, value.length, ...value])
  const bytes = new Uint8Array(Math.max(SHORTEST, FIXED + COOKIE.length + options.length + 1))
  const view = new DataView(bytes.buffer)
  bytes.set([BOOTREQUEST, ETHERNET, mac.length, 0])
  view.setUint32(4, xid)
  view.setUint16(10, BROADCAST)
  if (own) bytes.set(toBytes(own), 12)
  bytes.set(mac, 28)
  bytes.set([...COOKIE, ...options, OPTION.end], FIXED)
  return bytes
}

/** null for what is no answer of a server, or not whole. */
export function decode(bytes: Uint8Array): Answer | null {
  if (bytes.length < FIXED + COOKIE.length || bytes[0] !== BOOTREPLY || bytes[1] !== ETHERNET || bytes[2] !== 6) return null
  if (COOKIE.some((byte, at) => bytes[FIXED + at] !== byte)) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const options = optionsOf(bytes.subarray(FIXED + COOKIE.length))
  const overload = options.get(OPTION.overload)?.[0] ?? 0
  // Where the options were too many, they go on in fields that nobody needs.
  if (overload & 1) for (const [code, value] of optionsOf(bytes.subarray(108, FIXED))) options.set(code, value)
  if (overload & 2) for (const [code, value] of optionsOf(bytes.subarray(44, 108))) options.set(code, value)
  const kind = (['offer', 'ack', 'nak'] as const).find((name) => KINDS[name] === options.get(OPTION.kind)?.[0])
  if (!kind) return null
  const address = (code: number): Address | null => {
    const value = options.get(code)
    return value && value.length >= 4 ? fromBytes(value.slice(0, 4)) : null
  }
  const seconds = (code: number): number | null => {
    const value = options.get(code)
    return value?.length === 4 ? new DataView(value.buffer, value.byteOffset).getUint32(0) : null
  }
  return {
    kind,
    xid: view.getUint32(4),
    mac: bytes.slice(28, 34),
    yours: fromBytes(bytes.slice(16, 20)),
    server: address(OPTION.server),
    prefix: prefixOf(address(OPTION.mask)),
    router: address(OPTION.router),
    lease: seconds(OPTION.lease),
    renew: seconds(OPTION.renew),
    message: Buffer.from(options.get(OPTION.message) ?? [])
      .toString('utf8')
      .replace(/\0+$/, ''),
  }
}

/** An option that is said twice is one that was too long (RFC 3396). */
function optionsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>()
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at++] ?? OPTION.end
    if (code === OPTION.end) break
    if (code === 0) continue
    const length = bytes[at++] ?? 0
    if (at + length > bytes.length) break
    const value = bytes.slice(at, at + length)
    options.set(code, Uint8Array.from([...(options.get(code) ?? []), ...value]))
    at += length
  }
  return options
}

function prefixOf(mask: Address | null): number | null {
  if (!mask) return null
  const prefix = [...mask.value.toString(2)].filter((bit) => bit === '1').length
  const whole = (0xffffffffn << BigInt(32 - prefix)) & 0xffffffffn
  return mask.value === whole ? prefix : null
}
