import { randomInt } from 'node:crypto'
import { type Address, contains, formatAddress, formatCidr, parseAddress, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { macBytes } from '../../model/ids.ts'
import { macText } from '../../model/words.ts'
import { arpProbe, CLIENT_PORT, claimant, unwrap, wrap } from './frame.ts'
import {
  ATTEMPTS,
  dueAt,
  endOf,
  hear,
  type Lan,
  type Lease,
  type Ledger,
  PATIENCE,
  probe,
  type Speaker,
  stranger,
  type Want,
  type Wire,
} from './lan.ts'
import { type Answer, decode, encode, type Question } from './message.ts'

/** What a server would give to somebody new; it is not taken. Throws DHCP_SILENT. */
export async function inquire(lan: Lan, link: string): Promise<Answer> {
  const mac = stranger()
  return lan.talk(link, [CLIENT_PORT], async (wire) => {
    const question: Question = { kind: 'discover', xid: newXid(), mac }
    const offer = await ask(lan, wire, question, ({ kind, prefix }) => kind === 'offer' && prefix !== null)
    if (!offer) throw fault('DHCP_SILENT', { protocol: 'DHCP', link })
    return offer
  })
}

/** An address of `subnet`, that nobody on the LAN answers for. Throws DHCP_*. */
export async function acquire(lan: Lan, want: Want, ledger: Ledger): Promise<Lease> {
  let reason: Error | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await request(lan, want, ledger)
    if (!isGrant(answer)) {
      const reasons = answer.message || (answer.kind === 'ack' ? 'it lends for no time' : 'it says no more')
      const words = { protocol: 'DHCP', link: want.link, server: nameOf(answer.server), reason: reasons }
      reason = fault('DHCP_REFUSED', words)
      continue
    }
    const lease = leaseOf(lan, want, answer)
    ledger.put(lease)
    const holder = ledger.other(lease) ?? (await holderOf(lan, want, answer.yours))
    if (!holder) return lease
    ledger.delete(lease)
    reason = fault('DHCP_CONFLICT', { protocol: 'DHCP', link: want.link, address: formatAddress(answer.yours), holder })
    await say(lan, want, { kind: 'decline', wanted: answer.yours, ...(answer.server ? { server: answer.server } : {}) })
  }
  throw reason ?? fault('DHCP_SILENT', { protocol: 'DHCP', link: want.link })
}

/** The acknowledgement or the refusal. */
function request(lan: Lan, want: Want, ledger: Ledger): Promise<Answer> {
  const { link, subnet, address } = want
  const others = new Set<string>()
  const fits = ({ kind, yours, server, lease }: Answer): boolean => {
    if (kind !== 'offer' || !server || lease === 0) return false
    const fit = address ? yours.value === address.value : contains(subnet, yours)
    if (!fit) others.add(`${formatAddress(yours)} by ${formatAddress(server)}`)
    return fit
  }
  return lan.talk(link, [CLIENT_PORT], async (wire) => {
    const own = { xid: newXid(), ...selfOf(want) }
    const wanted = address ? { wanted: address } : {}
    const offer = await ask(lan, wire, { ...own, ...wanted, kind: 'discover' }, fits, () => others.size > 0)
    if (!offer?.server) throw silence(link, others, address ? formatAddress(address) : formatCidr(subnet))
    const offered = leaseOf(lan, want, offer)
    ledger.put(offered)
    const question: Question = { ...own, kind: 'request', wanted: offer.yours, server: offer.server }
    const answer = await ask(lan, wire, question, ({ kind, server }) => kind !== 'offer' && server?.value === offer.server?.value)
    if (!answer || !isGrant(answer)) ledger.delete(offered)
    if (!answer) throw fault('DHCP_SILENT', { protocol: 'DHCP', link })
    return answer
  })
}

const silence = (link: string, others: ReadonlySet<string>, wanted: string) =>
  others.size > 0
    ? fault('DHCP_OTHER', { protocol: 'DHCP', link, wanted, offered: [...others].sort().join(', ') })
    : fault('DHCP_SILENT', { protocol: 'DHCP', link })

/** Who has an address already: a MAC; null when nobody says so. */
const holderOf = (lan: Lan, speaker: Speaker, address: Address): Promise<string | null> =>
  probe(lan, speaker, 'arp', arpProbe(macBytes(speaker.mac), address), (frame) => claimant(frame, address))

/** The lease from now on; 'denied' by the server; null when none answers. */
export async function extend(lan: Lan, lease: Lease): Promise<Lease | 'denied' | null> {
  const wanted = parseCidr(lease.address)
  if (!wanted) return 'denied'
  const answer = await lan.talk(lease.link, [CLIENT_PORT], (wire) =>
    ask(lan, wire, { kind: 'request', xid: newXid(), ...selfOf(lease), wanted }, ({ kind }) => kind !== 'offer'),
  )
  if (!answer) return null
  if (!isGrant(answer) || answer.yours.value !== wanted.value) return 'denied'
  return leaseOf(lan, { ...lease, subnet: wanted, address: wanted }, answer)
}

/** Nobody answers that; a server that does not hear it waits for the end of the lease. */
export function release(lan: Lan, lease: Lease): Promise<void> {
  const [own, server] = [parseCidr(lease.address), parseAddress(lease.server)]
  return say(lan, lease, { kind: 'release', ...(own ? { own } : {}), ...(server ? { server } : {}) })
}

function say(lan: Lan, speaker: Speaker, words: Omit<Question, 'xid' | 'mac' | 'client'>): Promise<void> {
  const self = selfOf(speaker)
  return lan.talk(speaker.link, [CLIENT_PORT], (wire) => wire.send(wrap(self.mac, encode({ ...words, ...self, xid: newXid() }))))
}

/** What servers know a speaker by. */
function selfOf({ mac, identity }: Speaker): Pick<Question, 'mac' | 'client'> {
  if (!identity) return { mac: macBytes(mac) }
  const number = identity.iaid.toString(16).padStart(8, '0')
  return { mac: macBytes(mac), client: Uint8Array.from(Buffer.from(`ff${number}${identity.duid}`, 'hex')) }
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
    const answer = await hear(lan, wire.heard, patience, (frame) => {
      const message = unwrap(frame)
      const said = message && decode(message)
      return said && said.xid === question.xid && macText(said.mac) === macText(question.mac) && fits(said) ? said : null
    })
    if (answer) return answer
  }
  return null
}

const DAY = 86_400

function leaseOf({ clock }: Lan, { link, mac, identity, subnet }: Want, { yours, prefix, server, lease, renew }: Answer): Lease {
  // One that says nothing lasts for a day.
  const seconds = lease ?? DAY
  const now = clock()
  return {
    ...{ link, mac },
    ...(identity ? { identity } : {}),
    address: formatCidr({ ...yours, prefix: prefix ?? subnet.prefix }),
    server: server ? formatAddress(server) : '',
    renewAt: dueAt(now, seconds, renew, seconds / 2),
    endsAt: endOf(now, seconds),
  }
}

/** What is lent for no time is not. */
const isGrant = ({ kind, lease }: Answer): boolean => kind === 'ack' && lease !== 0

const newXid = (): number => randomInt(2 ** 32)
const nameOf = (server: Address | null): string => (server ? formatAddress(server) : 'a DHCP server')
