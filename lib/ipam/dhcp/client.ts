import { randomInt } from 'node:crypto'
import { type Address, type Cidr, contains, formatAddress, formatCidr, parseAddress, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { parseMac } from '../../model/ids.ts'
import { macText } from '../../model/words.ts'
import type { Clock } from '../quarantine.ts'
import { arpProbe, CLIENT_PORT, claimant, unwrap, wrap } from './frame.ts'
import { type Answer, decode, encode, type Question } from './message.ts'

/** A link for the time of a conversation. */
export interface Wire {
  send(frame: Uint8Array): Promise<void>
  /** The next frame that arrives; null when none has for `ms`. */
  heard(ms: number): Promise<Uint8Array | null>
}

/** What a client needs of the world. */
export interface Lan {
  /** Listens on a link of the host, for ARP or for UDP to a port, as long as `body` goes on. */
  talk<T>(link: string, heard: 'arp' | number, body: (wire: Wire) => Promise<T>): Promise<T>
  /** In ms, and never back. */
  readonly clock: Clock
}

export interface Lease {
  readonly link: string
  readonly mac: string
  /** 'IP/PREFIX' */
  readonly address: string
  /** 'IP' */
  readonly server: string
  /** On the clock; when to renew it, when it ends. */
  readonly renewAt: number
  readonly endsAt: number
}

/** How long an answer is waited for each time, in ms; then the question is asked again. */
const PATIENCE = [500, 1000, 2000, 4000]
/** How long the holder of an address has to say that it is taken, twice, in ms. */
const DOUBT = 50
const ATTEMPTS = 3

/** What a server would give to somebody new; it is not taken. Throws DHCP_SILENT. */
export async function inquire(lan: Lan, link: string): Promise<Answer> {
  const mac = Uint8Array.from([2, 0, 0, randomInt(256), randomInt(256), randomInt(256)])
  return lan.talk(link, CLIENT_PORT, async (wire) => {
    const question: Question = { kind: 'discover', xid: newXid(), mac }
    const offer = await ask(lan, wire, question, ({ kind, prefix }) => kind === 'offer' && prefix !== null)
    if (!offer) throw fault('DHCP_SILENT', { link })
    return offer
  })
}

export interface Want {
  readonly link: string
  readonly mac: string
  readonly subnet: Cidr
  /** No other will do. */
  readonly address?: Address
}

/** Where leases are written down before they are asked for, since they may be granted unheard, and crossed out when of no use. */
export interface Ledger {
  put(lease: Lease): void
  delete(lease: Lease): void
}

/** An address of `subnet`, that nobody on the LAN answers for. Throws DHCP_*. */
export async function acquire(lan: Lan, want: Want, ledger: Ledger): Promise<Lease> {
  let reason: Error | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await request(lan, want, ledger)
    if (answer.kind === 'nak') {
      reason = fault('DHCP_REFUSED', { link: want.link, server: nameOf(answer.server), reason: answer.message || 'it says no more' })
      continue
    }
    const lease = leaseOf(lan, want, answer)
    ledger.put(lease)
    const holder = await holderOf(lan, want, answer.yours)
    if (!holder) return lease
    ledger.delete(lease)
    reason = fault('DHCP_CONFLICT', { link: want.link, address: formatAddress(answer.yours), holder: macText(holder) })
    await say(lan, want, { kind: 'decline', wanted: answer.yours, ...(answer.server ? { server: answer.server } : {}) })
  }
  throw reason ?? fault('DHCP_SILENT', { link: want.link })
}

/** The acknowledgement or the refusal. */
function request(lan: Lan, want: Want, ledger: Ledger): Promise<Answer> {
  const { link, mac, subnet, address } = want
  const others = new Set<string>()
  const fits = ({ kind, yours, server }: Answer): boolean => {
    if (kind !== 'offer' || !server) return false
    const fit = address ? yours.value === address.value : contains(subnet, yours)
    if (!fit) others.add(`${formatAddress(yours)} by ${formatAddress(server)}`)
    return fit
  }
  return lan.talk(link, CLIENT_PORT, async (wire) => {
    const own = { xid: newXid(), mac: parseMac(mac) ?? new Uint8Array(6) }
    const wanted = address ? { wanted: address } : {}
    const offer = await ask(lan, wire, { ...own, ...wanted, kind: 'discover' }, fits, () => others.size > 0)
    if (!offer?.server) throw silence(link, others, address ? formatAddress(address) : formatCidr(subnet))
    const offered = leaseOf(lan, want, offer)
    ledger.put(offered)
    const question: Question = { ...own, kind: 'request', wanted: offer.yours, server: offer.server }
    const answer = await ask(lan, wire, question, ({ kind, server }) => kind !== 'offer' && server?.value === offer.server?.value)
    if (answer?.kind !== 'ack') ledger.delete(offered)
    if (!answer) throw fault('DHCP_SILENT', { link })
    return answer
  })
}

const silence = (link: string, others: ReadonlySet<string>, wanted: string) =>
  others.size > 0 ? fault('DHCP_OTHER', { link, wanted, offered: [...others].sort().join(', ') }) : fault('DHCP_SILENT', { link })

/** Who has an address already: a MAC; null when nobody says so. */
function holderOf(lan: Lan, { link, mac }: Want, address: Address): Promise<Uint8Array | null> {
  const own = parseMac(mac) ?? new Uint8Array(6)
  return lan.talk(link, 'arp', async (wire) => {
    for (let asked = 0; asked < 2; asked++) {
      await wire.send(arpProbe(own, address))
      const end = lan.clock() + DOUBT
      for (let left = DOUBT; left > 0; left = end - lan.clock()) {
        const frame = await wire.heard(left)
        const holder = frame && claimant(frame, address)
        if (holder && macText(holder) !== mac) return holder
      }
    }
    return null
  })
}

/** The lease from now on; 'denied' by the server; null when none answers. */
export async function extend(lan: Lan, lease: Lease): Promise<Lease | 'denied' | null> {
  const wanted = parseCidr(lease.address)
  const mac = parseMac(lease.mac)
  if (!wanted || !mac) return 'denied'
  const answer = await lan.talk(lease.link, CLIENT_PORT, (wire) =>
    ask(lan, wire, { kind: 'request', xid: newXid(), mac, wanted }, ({ kind }) => kind !== 'offer'),
  )
  if (!answer) return null
  if (answer.kind === 'nak' || answer.yours.value !== wanted.value) return 'denied'
  return leaseOf(lan, { link: lease.link, mac: lease.mac, subnet: wanted }, answer)
}

/** Nobody answers that; a server that does not hear it waits for the end of the lease. */
export function release(lan: Lan, { link, mac, address, server }: Lease): Promise<void> {
  const [own, at] = [parseCidr(address), parseAddress(server)]
  return say(lan, { link, mac }, { kind: 'release', ...(own ? { own } : {}), ...(at ? { server: at } : {}) })
}

function say(lan: Lan, { link, mac }: Pick<Want, 'link' | 'mac'>, words: Omit<Question, 'xid' | 'mac'>): Promise<void> {
  const own = parseMac(mac) ?? new Uint8Array(6)
  return lan.talk(link, CLIENT_PORT, (wire) => wire.send(wrap(own, encode({ ...words, xid: newXid(), mac: own }))))
}

/** The first answer that fits; null when none comes, or all who would answer have. */
async function ask(
  lan: Lan,
  wire: Wire,
  question: Question,
  fits: (answer: Answer) => boolean,
  enough: () => boolean = () => false,
): Promise<Answer | null> {
  for (const patience of PATIENCE) {
    if (enough()) break
    await wire.send(wrap(question.mac, encode(question)))
    const end = lan.clock() + patience
    for (let left = patience; left > 0; left = end - lan.clock()) {
      const frame = await wire.heard(left)
      const message = frame && unwrap(frame)
      const answer = message && decode(message)
      if (answer && answer.xid === question.xid && macText(answer.mac) === macText(question.mac) && fits(answer)) return answer
    }
  }
  return null
}

/** One that says nothing lasts for a day; one that is for ever is asked about once a day. */
const DAY = 86_400

function leaseOf({ clock }: Lan, { link, mac, subnet }: Want, { yours, prefix, server, lease, renew }: Answer): Lease {
  const seconds = lease ?? DAY
  const now = clock()
  return {
    link,
    mac,
    address: formatCidr({ ...yours, prefix: prefix ?? subnet.prefix }),
    server: server ? formatAddress(server) : '',
    renewAt: now + Math.min(renew ?? seconds / 2, DAY) * 1000,
    endsAt: now + seconds * 1000,
  }
}

const newXid = (): number => randomInt(2 ** 32)
const nameOf = (server: Address | null): string => (server ? formatAddress(server) : 'a DHCP server')
