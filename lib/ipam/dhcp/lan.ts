import { randomInt } from 'node:crypto'
import type { Address, Cidr } from '../../model/address.ts'
import { macText } from '../../model/words.ts'
import type { Clock } from '../quarantine.ts'

/** What may be heard on a link: ARP, IPv6's neighbour discovery, UDP to a port. */
export type Heard = 'arp' | 'ndp' | number

/** A link for the time of a conversation. */
export interface Wire {
  send(frame: Uint8Array): Promise<void>
  /** The next frame that arrives; null when none has for `ms`. */
  heard(ms: number): Promise<Uint8Array | null>
}

/** What a client needs of the world. */
export interface Lan {
  /** Listens on a link of the host as long as `body` goes on. */
  talk<T>(link: string, heard: readonly Heard[], body: (wire: Wire) => Promise<T>): Promise<T>
  /** The MAC address of a link of the host. */
  macOf(link: string): Promise<string>
  /** In ms, and never back. */
  readonly clock: Clock
}

/** What servers know an endpoint by that speaks IPv6, or has no MAC address of its own (RFC 4361). */
export interface Identity {
  /** Of the host, in hex. */
  readonly duid: string
  /** The number of the endpoint among those of the host. */
  readonly iaid: number
  /** Whose number that is: 'LINK MAC'. */
  readonly of: string
}

/** Who speaks, and by which link. */
export interface Speaker {
  readonly link: string
  /** That of its frames. */
  readonly mac: string
  /** Absent: servers know it by its MAC address. */
  readonly identity?: Identity
}

export interface Lease extends Speaker {
  /** 'IP/PREFIX' */
  readonly address: string
  /** 'IP' */
  readonly server: string
  /** On the clock; when to renew it, when it ends. */
  readonly renewAt: number
  readonly endsAt: number
}

export interface Want extends Speaker {
  readonly subnet: Cidr
  /** No other will do. */
  readonly address?: Address
}

/** Where leases are written down before they are asked for, since they may be granted unheard, and crossed out when of no use. */
export interface Ledger<L = Lease> {
  put(lease: L): void
  delete(lease: L): void
  /** Who else has its address by these notes: a server may have forgotten whom it gave it. */
  other(lease: L): string | undefined
}

/** How long an answer is waited for each time, in ms; then the question is asked again. */
export const PATIENCE = [500, 1000, 2000, 4000]
/** How often an address is asked for that turns out to be of no use. */
export const ATTEMPTS = 3
/** Of a lease that is for ever, as servers have it, in seconds. */
export const FOREVER = 0xffffffff
/** The same on the clock. */
const NEVER = Number.MAX_SAFE_INTEGER

/** When something ends that lasts so many seconds. */
export const endOf = (now: number, seconds: number): number => (seconds === FOREVER ? NEVER : now + seconds * 1000)

/**
 * When a lease of `seconds` is to be prolonged: when its server says so, or after `own` seconds where it says nothing, or what cannot
 * be (RFC 2131, 4.4.5; RFC 8415, 14.2). Never where it is for ever, and never at once: it would be asked again and again.
 */
export function dueAt(now: number, seconds: number, said: number | null, own: number): number {
  if (seconds === FOREVER) return NEVER
  const after = said !== null && said > 0 && said < seconds ? said : own
  return now + Math.max(1, after) * 1000
}

/** How long the holder of an address has to say that it is taken, twice, in ms. */
const DOUBT = 50

/** Asks twice who has an address; `claimant` is the holder that a frame names. A MAC; null when nobody says that it does, or the speaker. */
export const probe = (
  lan: Lan,
  { link, mac }: Speaker,
  tongue: Heard,
  question: Uint8Array,
  claimant: (frame: Uint8Array) => Uint8Array | null,
): Promise<string | null> =>
  lan.talk(link, [tongue], async (wire) => {
    for (let asked = 0; asked < 2; asked++) {
      await wire.send(question)
      const holder = await hear(lan, wire.heard, DOUBT, (frame) => {
        const claims = claimant(frame)
        return claims && macText(claims) !== mac ? macText(claims) : null
      })
      if (holder) return holder
    }
    return null
  })

/** A MAC address that is nobody's, to ask by. */
export const stranger = (): Uint8Array => Uint8Array.from([2, 0, 0, randomInt(256), randomInt(256), randomInt(256)])

/** What `read` makes of the first frame that it makes something of, of those that arrive in `ms`. */
export async function hear<T>(
  { clock }: Lan,
  heard: Wire['heard'],
  ms: number,
  read: (frame: Uint8Array) => T | null | Promise<T | null>,
): Promise<T | null> {
  const end = clock() + ms
  for (let left = ms; left > 0; left = end - clock()) {
    const frame = await heard(left)
    const answer = frame && (await read(frame))
    if (answer) return answer
  }
  return null
}
