import { type Packet, Tracer } from '../../firewall/firewall.ts'
import type { Family } from '../../model/address.ts'
import { type Finding, finding } from '../../model/findings.ts'
import { quote } from '../../model/words.ts'
import { listNftTable } from '../../netlink/kernel.ts'
import { openingsOf, seatsOf } from '../endpoints/endpoints.ts'
import type { Seat } from '../endpoints/gateway.ts'
import { addressIn, FAR } from '../explain/places.ts'
import { View } from '../explain/view.ts'
import type { Hall } from '../hall.ts'
import { raisedNetworks, walledLink } from '../networks/raised.ts'
import { standsOn } from '../networks/raising.ts'
import { barrierAt } from '../networks/vlan-filters.ts'
import { heldByProcesses } from '../ports/host-ports.ts'
import { collide } from '../ports/ports.ts'
import { hasDriver } from '../remote/drivers.ts'

/** Where dockerd, ufw and others that speak iptables, Debian's nftables.conf and firewalld keep what they filter. */
const TABLES = [
  { family: 'ip', name: 'filter' },
  { family: 'ip6', name: 'filter' },
  { family: 'inet', name: 'filter' },
  { family: 'inet', name: 'firewalld' },
] as const

/** The first packet of something that our own rules let through. */
interface Sample {
  readonly packet: Packet
  /** 'what leaves network front' */
  readonly words: string
  /** What an nft rule knows it by. */
  readonly link: string
}

/** Rules of others that drop what ours let through. */
export async function foreignDrops(hall: Hall): Promise<readonly Finding[]> {
  const view = await View.of(hall.host)
  const samples = samplesOf(hall, view)
  const found = new Map<string, Finding>()
  for (const { family, name } of samples.length > 0 ? TABLES : []) {
    const listing = await listNftTable(hall.host, { family, name })
    if (listing === null) continue
    const tracer = new Tracer(understood(listing), (address) => view.holds(address))
    for (const { packet, words, link } of samples.filter(({ packet }) => hears(family, packet.family))) {
      const { dropped, steps } = tracer.pass('forward', packet)
      const { chain = '', rule = '' } = steps.at(-1) ?? {}
      if (!dropped || found.has(`${chain} ${rule} ${link}`)) continue
      const place = `${family} ${name} ${chain}`
      found.set(`${chain} ${rule} ${link}`, finding('FOREIGN_DROP', `chain ${place}`, { packet: words, rule, chain: place, link }))
    }
  }
  return [...found.values()]
}

const hears = (table: string, family: Family): boolean => table === 'inet' || table === (family === 4 ? 'ip' : 'ip6')

/** What leaves each network, and what arrives at each published port. */
function samplesOf(hall: Hall, view: View): readonly Sample[] {
  const samples = hall.store.sandboxes.list().flatMap((sandbox) => {
    const seats = seatsOf(hall, sandbox).filter(({ network }) => !network.internal && hasDriver(hall, network))
    return ([4, 6] as const).flatMap((family) => [
      ...seats.flatMap((seat) => leaving(hall, view, seat, family)),
      ...openingsOf(hall, sandbox.ports, seats).flatMap(({ address, port, protocol }) => {
        const seat = seats.find(({ endpoint }) => addressIn(endpoint, family) === address)
        const words = `what comes to port ${port} of sandbox ${sandbox.name}`
        return seat ? arriving(hall, view, seat, { ...blank(family), target: address, port, protocol, redirected: true }, words) : []
      }),
    ])
  })
  return [...new Map(samples.map((sample) => [sample.words + sample.packet.family, sample])).values()]
}

const blank = (family: Family): Packet => ({
  family,
  protocol: 'tcp',
  source: FAR[family],
  target: FAR[family],
  port: 443,
  input: '',
  output: '',
  redirected: false,
  masqueraded: false,
})

function leaving(hall: Hall, view: View, { endpoint, network }: Seat, family: Family): readonly Sample[] {
  const [source, input, output] = [addressIn(endpoint, family), walledLink(hall, network), view.uplink(family)?.name]
  if (source === '' || input === undefined || output === undefined) return []
  const words = `what leaves network ${network.name} over IPv${family}`
  return [{ packet: { ...blank(family), source, input, output }, words, link: `iifname ${quote(input)}` }]
}

function arriving(hall: Hall, view: View, { network }: Seat, packet: Packet, words: string): readonly Sample[] {
  const [input, output] = [view.uplink(packet.family)?.name, walledLink(hall, network)]
  if (input === undefined || output === undefined) return []
  return [{ packet: { ...packet, input, output }, words, link: `oifname ${quote(output)}` }]
}

/** Without rules that ask what only iptables understands: nobody can say here whether they fit. */
function understood(listing: string): string {
  const { nftables } = JSON.parse(listing) as { readonly nftables: readonly { readonly rule?: { readonly expr: readonly object[] } }[] }
  return JSON.stringify({ nftables: nftables.filter(({ rule }) => !rule?.expr.some((statement) => 'xt' in statement)) })
}

/** Bridges of others that take what macvlan and ipvlan networks send for none of theirs. */
export async function vlanFilters(hall: Hall): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const network of raisedNetworks(hall)) {
    const [parent] = standsOn(hall, network)
    const barrier = parent === undefined ? undefined : await barrierAt(hall.host, parent)
    if (barrier) found.push(finding('VLAN_FILTERED', `network ${network.name}`, { ...barrier }))
  }
  return found
}

/** Programs of the host at ports that lead into sandboxes: what is sent there does not get to them. */
export async function shadowedPorts(hall: Hall): Promise<readonly Finding[]> {
  const openings = hall.store.sandboxes
    .list()
    .flatMap((sandbox) => openingsOf(hall, sandbox.ports, seatsOf(hall, sandbox)).map((opening) => ({ name: sandbox.name, opening })))
  if (openings.length === 0) return []
  const wanted = openings.map(({ opening }) => opening)
  const held = await heldByProcesses(hall, wanted)
  return openings.flatMap(({ name, opening }) => {
    const holder = held.find((spot) => collide(spot, opening))?.holder()
    const port = `${opening.hostPort}/${opening.protocol}`
    return holder === undefined ? [] : [finding('PORT_SHADOWED', `sandbox ${name}`, { port, holder })]
  })
}
