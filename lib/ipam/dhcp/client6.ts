import { randomInt } from 'node:crypto'
import { type Address, type Cidr, contains, formatAddress, formatCidr, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { macBytes } from '../../model/ids.ts'
import { CLIENT_PORT6, unwrap6, wrap6 } from './frame6.ts'
import {
  ATTEMPTS,
  dueAt,
  endOf,
  hear,
  type Identity,
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
import { type Answer6, decode6, encode6, type Lent6, type Question6 } from './message6.ts'
import { type Announcement, announcement, answerTo, claimant6, membership, neighbourProbe, routerSolicitation, speakingAt } from './ndp.ts'

export interface Lease6 extends Lease {
  readonly identity: Identity
  /** The DUID of the server, in hex. */
  readonly serverId: string
  /** On the clock: from then on any server may prolong it. */
  readonly rebindAt: number
}

export interface Want6 extends Want {
  readonly identity: Identity
}

/** What the routers of a LAN announce: the first of them that names a prefix. Throws DHCP_NO_ROUTER. */
export async function announced(lan: Lan, link: string): Promise<Announcement> {
  const mac = stranger()
  return lan.talk(link, ['ndp'], async (wire) => {
    for (const patience of PATIENCE) {
      await wire.send(routerSolicitation(mac))
      const heard = await hear(lan, wire.heard, patience, (frame) => {
        const said = announcement(frame)
        return said && said.prefixes.length > 0 ? said : null
      })
      if (heard) return heard
    }
    throw fault('DHCP_NO_ROUTER', { link })
  })
}

/** Who has an address already: a MAC; null when nobody says so. */
export const holderOf6 = (lan: Lan, speaker: Speaker, address: Address): Promise<string | null> =>
  probe(lan, speaker, 'ndp', neighbourProbe(macBytes(speaker.mac), address), (frame) => claimant6(frame, address))

/** An address of `subnet`, that nobody on the LAN answers for. Throws DHCP_*. */
export async function acquire6(lan: Lan, want: Want6, ledger: Ledger<Lease6>): Promise<Lease6> {
  const { link } = want
  let reason: Error | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { answer, lease } = await request(lan, want, ledger)
    const given = parseCidr(lease?.address ?? '')
    if (!lease || !given) {
      const words = { protocol: 'DHCPv6', link, server: formatAddress(answer.from), reason: answer.refusal?.text ?? 'it says no more' }
      reason = fault('DHCP_REFUSED', words)
      continue
    }
    const holder = ledger.other(lease) ?? (await holderOf6(lan, want, given))
    if (!holder) return lease
    ledger.delete(lease)
    reason = fault('DHCP_CONFLICT', { protocol: 'DHCPv6', link, address: formatAddress(given), holder })
    await tell(lan, lease, 'decline', given)
  }
  throw reason ?? fault('DHCP_SILENT', { protocol: 'DHCPv6', link })
}

/** A server's answer to the request for what it offered, and the lease, where it gives one. */
function request(lan: Lan, want: Want6, ledger: Ledger<Lease6>): Promise<{ readonly answer: Told; readonly lease: Lease6 | undefined }> {
  const { link, subnet, address } = want
  const [others, full] = [new Map<string, string>(), new Map<string, string>()]
  const fits = ({ kind, lent, refusal, from }: Told): boolean => {
    if (kind !== 'advertise') return false
    if (lent.some((each) => isWanted(want, each.address))) return true
    const server = formatAddress(from)
    for (const other of lent) others.set(server, formatAddress(other.address))
    if (lent.length === 0) full.set(server, refusal?.text ?? 'it says no more')
    return false
  }
  return converse(lan, want, async (ask) => {
    const own = selfOf(want)
    const offer = await ask(
      { ...own, ...(address ? { address } : {}), kind: 'solicit', xid: newXid() },
      fits,
      () => others.size + full.size > 0,
    )
    const lent = offer?.lent.find((each) => isWanted(want, each.address))
    if (!offer || !lent) throw silence(link, others, full, address ? formatAddress(address) : formatCidr(subnet))
    const offered = leaseOf(lan, want, offer, lent)
    ledger.put(offered)
    const question: Question6 = { ...own, kind: 'request', xid: newXid(), server: offer.server, address: lent.address }
    const answer = await ask(question, ({ kind }) => kind === 'reply')
    const given = answer?.refusal ? undefined : answer?.lent.find((each) => each.valid > 0 && isWanted(want, each.address))
    const lease = answer && given ? leaseOf(lan, want, answer, given) : undefined
    if (lease?.address !== offered.address) ledger.delete(offered)
    if (lease) ledger.put(lease)
    if (!answer) throw fault('DHCP_SILENT', { protocol: 'DHCPv6', link })
    return { answer, lease }
  })
}

const isWanted = ({ subnet, address }: Want6, other: Address): boolean =>
  address ? other.value === address.value : contains(subnet, other)

function silence(link: string, others: ReadonlyMap<string, string>, full: ReadonlyMap<string, string>, wanted: string) {
  const protocol = 'DHCPv6'
  const offered = [...others].map(([server, address]) => `${address} by ${server}`).sort()
  if (offered.length > 0) return fault('DHCP_OTHER', { protocol, link, wanted, offered: offered.join(', ') })
  const [first] = full
  return first ? fault('DHCP_FULL', { protocol, link, server: first[0], reason: first[1] }) : fault('DHCP_SILENT', { protocol, link })
}

/** The lease from now on; 'denied' by the server; null when none answers. From `rebindAt` on any server is asked. */
export async function extend6(lan: Lan, lease: Lease6): Promise<Lease6 | 'denied' | null> {
  const address = parseCidr(lease.address)
  if (!address) return 'denied'
  const rebinds = lan.clock() >= lease.rebindAt
  const question: Question6 = {
    kind: rebinds ? 'rebind' : 'renew',
    xid: newXid(),
    ...selfOf(lease),
    address,
    ...(rebinds ? {} : { server: hexBytes(lease.serverId) }),
  }
  const answer = await converse(lan, lease, (ask) => ask(question, ({ kind }) => kind === 'reply'))
  if (!answer) return null
  const lent = answer.lent.find((each) => each.address.value === address.value)
  if (answer.refusal || !lent || lent.valid === 0) return 'denied'
  return leaseOf(lan, { ...lease, subnet: address, address }, answer, lent)
}

/** A server that does not hear it waits for the end of the lease. */
export async function release6(lan: Lan, lease: Lease6): Promise<void> {
  const address = parseCidr(lease.address)
  if (address) await tell(lan, lease, 'release', address)
}

async function tell(lan: Lan, lease: Lease6, kind: 'release' | 'decline', address: Address): Promise<void> {
  const question: Question6 = { kind, xid: newXid(), ...selfOf(lease), server: hexBytes(lease.serverId), address }
  await converse(lan, lease, (ask) => ask(question, ({ kind }) => kind === 'reply'), IN_PASSING)
}

/** Nothing hangs on whether that is heard. */
const IN_PASSING = PATIENCE.slice(0, 1)

/** An answer, and the address of the server. */
interface Told extends Answer6 {
  readonly from: Address
}

/** The first answer that fits; null when none comes, or all who would answer have. */
type Ask = (question: Question6, fits: (answer: Told) => boolean, enough?: () => boolean) => Promise<Told | null>

/**
 * Servers answer to an address, and the endpoint has none, or has it in a sandbox: one is made up for the conversation, and
 * whoever asks where that is gets an answer.
 */
function converse<T>(lan: Lan, { link, mac }: Speaker, body: (ask: Ask) => Promise<T>, patiences = PATIENCE): Promise<T> {
  const own = macBytes(mac)
  const speaker = { from: speakingAt(own), mac: own }
  return lan.talk(link, ['ndp', CLIENT_PORT6], async (wire) => {
    await wire.send(membership(speaker.mac, speaker.from))
    return body(async (question, fits, enough = () => false) => {
      const began = lan.clock()
      for (const patience of patiences) {
        if (enough()) break
        await wire.send(wrap6(speaker, encode6(question, lan.clock() - began)))
        const answer = await hear(lan, wire.heard, patience, (frame) => understood(wire, frame, speaker, question, fits))
        if (answer) return answer
      }
      return null
    })
  })
}

async function understood(
  wire: Wire,
  frame: Uint8Array,
  { from, mac }: { readonly from: Address; readonly mac: Uint8Array },
  { xid, client, iaid }: Question6,
  fits: (answer: Told) => boolean,
): Promise<Told | null> {
  const here = answerTo(frame, from, mac)
  if (here) await wire.send(here)
  const letter = unwrap6(frame, from)
  const answer = letter && decode6(letter.message, iaid)
  if (!answer || answer.xid !== xid || !Buffer.from(client).equals(answer.client)) return null
  const told = { ...answer, from: letter.from }
  return fits(told) ? told : null
}

function leaseOf({ clock }: Lan, want: Want6 & { readonly subnet: Cidr }, answer: Told, { address, preferred, valid }: Lent6): Lease6 {
  const { link, mac, identity, subnet } = want
  const now = clock()
  // One that is not to be used any more, but is still held, is to be prolonged no later.
  const use = preferred || valid
  return {
    ...{ link, mac, identity },
    address: formatCidr({ ...address, prefix: subnet.prefix }),
    server: formatAddress(answer.from),
    serverId: Buffer.from(answer.server).toString('hex'),
    renewAt: dueAt(now, valid, answer.renew, use / 2),
    rebindAt: dueAt(now, valid, answer.rebind, use * 0.8),
    endsAt: endOf(now, valid),
  }
}

/** What servers know an endpoint by. */
const selfOf = ({ identity }: Pick<Want6, 'identity'>) => ({ client: hexBytes(identity.duid), iaid: identity.iaid })
const newXid = (): number => randomInt(2 ** 24)
const hexBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
