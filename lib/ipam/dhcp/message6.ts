import { type Address, fromBytes, toBytes } from '../../model/address.ts'

/** Of a DHCPv6 message; the numbers are the protocol's (RFC 8415). */
const KINDS = { solicit: 1, advertise: 2, request: 3, renew: 5, rebind: 6, reply: 7, release: 8, decline: 9 } as const

/** What a client says. */
export interface Question6 {
  readonly kind: 'solicit' | 'request' | 'renew' | 'rebind' | 'release' | 'decline'
  /** 24 bits; answers have the same. */
  readonly xid: number
  /** The DUID of the client, and the number of the endpoint (IAID). */
  readonly client: Uint8Array
  readonly iaid: number
  /** The DUID of the server that is meant. */
  readonly server?: Uint8Array
  /** What the client has, or would like. */
  readonly address?: Address
}

export interface Lent6 {
  readonly address: Address
  /** Seconds; 0: no longer. */
  readonly preferred: number
  readonly valid: number
}

/** What a server answers. */
export interface Answer6 {
  readonly kind: 'advertise' | 'reply'
  readonly xid: number
  readonly client: Uint8Array
  readonly server: Uint8Array
  readonly lent: readonly Lent6[]
  /** Seconds, 0: as the client likes. When to renew, and from when on with any server (T1, T2). */
  readonly renew: number
  readonly rebind: number
  /** Why not; null when all is well. */
  readonly refusal: Status | null
}

export interface Status {
  readonly code: number
  /** 'NoAddrsAvail: all of them are lent' */
  readonly text: string
}

const STATUS = ['Success', 'UnspecFail', 'NoAddrsAvail', 'NoBinding', 'NotOnLink', 'UseMulticast']

const OPTION = { client: 1, server: 2, association: 3, address: 5, ask: 6, elapsed: 8, status: 13, solMaxRt: 82 }
const HEAD = 4
/** Of an IA_NA before its options, and of an address. */
const ASSOCIATION = 12
const ADDRESS = 24

/** `elapsed`: since the first of these questions, in ms. */
export function encode6({ kind, xid, client, iaid, server, address }: Question6, elapsed: number): Uint8Array {
  const tenths = Math.min(0xffff, Math.round(elapsed / 10))
  const addresses = address ? optionOf(OPTION.address, [...toBytes(address), ...Array<number>(8).fill(0)]) : []
  return Uint8Array.from([
    KINDS[kind],
    ...wordOf(xid, 3),
    ...optionOf(OPTION.client, client),
    ...(server ? optionOf(OPTION.server, server) : []),
    ...optionOf(OPTION.elapsed, wordOf(tenths, 2)),
    ...optionOf(OPTION.association, [...wordOf(iaid, 4), ...Array<number>(8).fill(0), ...addresses]),
    ...(kind === 'release' || kind === 'decline' ? [] : optionOf(OPTION.ask, wordOf(OPTION.solMaxRt, 2))),
  ])
}

/** What concerns the association `iaid`; null for what is no answer of a server, or not whole. */
export function decode6(bytes: Uint8Array, iaid: number): Answer6 | null {
  const kind = (['advertise', 'reply'] as const).find((name) => KINDS[name] === bytes[0])
  if (!kind || bytes.length < HEAD) return null
  const options = optionsIn(bytes.subarray(HEAD))
  const [client] = options.get(OPTION.client) ?? []
  const [server] = options.get(OPTION.server) ?? []
  if (!client || !server) return null
  const own = (options.get(OPTION.association) ?? []).find((each) => each.length >= ASSOCIATION && numberAt(each, 0) === iaid)
  const inside = own ? optionsIn(own.subarray(ASSOCIATION)) : new Map<number, readonly Uint8Array[]>()
  const offered = (inside.get(OPTION.address) ?? []).filter((each) => each.length >= ADDRESS)
  const [renew, rebind] = own ? [numberAt(own, 4), numberAt(own, 8)] : [0, 0]
  const refusals = [options, inside, ...offered.map((each) => optionsIn(each.subarray(ADDRESS)))].flatMap(refusalsIn)
  return {
    kind,
    xid: numberAt(bytes, 0) & 0xffffff,
    client,
    server,
    lent: offered.map(lentOf).filter(({ preferred, valid }) => preferred <= valid),
    // What contradicts itself is as good as nothing.
    ...(rebind !== 0 && renew > rebind ? { renew: 0, rebind: 0 } : { renew, rebind }),
    refusal: refusals[0] ?? null,
  }
}

const lentOf = (option: Uint8Array): Lent6 => ({
  address: fromBytes(option.slice(0, 16)),
  preferred: numberAt(option, 16),
  valid: numberAt(option, 20),
})

function refusalsIn(options: ReadonlyMap<number, readonly Uint8Array[]>): readonly Status[] {
  return (options.get(OPTION.status) ?? []).flatMap((option) => {
    const code = ((option[0] ?? 0) << 8) | (option[1] ?? 0)
    const said = Buffer.from(option.subarray(2)).toString('utf8')
    return code === 0 ? [] : [{ code, text: [STATUS[code] ?? `status ${code}`, said].filter(Boolean).join(': ') }]
  })
}

const wordOf = (value: number, bytes: number): readonly number[] =>
  Array.from({ length: bytes }, (_, at) => Math.floor(value / 2 ** (8 * (bytes - 1 - at))) & 255)

const optionOf = (code: number, value: ArrayLike<number>): readonly number[] => [
  ...wordOf(code, 2),
  ...wordOf(value.length, 2),
  ...Array.from(value),
]

const numberAt = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0)

/** By their code; one may be there more than once. */
function optionsIn(bytes: Uint8Array): Map<number, readonly Uint8Array[]> {
  const options = new Map<number, readonly Uint8Array[]>()
  for (let at = 0; at + 4 <= bytes.length; ) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at)
    const end = at + 4 + ((c << 8) | d)
    if (end > bytes.length) break
    options.set((a << 8) | b, [...(options.get((a << 8) | b) ?? []), bytes.slice(at + 4, end)])
    at = end
  }
  return options
}
