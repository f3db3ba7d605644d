import type { Packet } from '../../firewall/firewall.ts'
import type { Family } from '../../model/address.ts'
import type { Network } from '../../model/network.ts'
import { openingsOf, seatsOf } from '../endpoints/endpoints.ts'
import type { Seat } from '../endpoints/gateway.ts'
import { isIsolated } from '../endpoints/isolation.ts'
import { addressIn, FAR } from '../explain/places.ts'
import { isBridgeFiltered, type View } from '../explain/view.ts'
import type { Hall } from '../hall.ts'
import { raisedNetworks, walledLink } from '../networks/raised.ts'
import { hasDriver } from '../remote/drivers.ts'

/** A packet that our own rules let through. */
export interface Sample {
  readonly packet: Packet
  /** 'what leaves network front over IPv4' */
  readonly words: string
  /** Of the network. */
  readonly link: string
  /** By that link it comes to the host; else it goes there. */
  readonly leaves: boolean
}

/** What leaves each network and comes back, what arrives at each published port, and what neighbours send where that is filtered. */
export async function samplesOf(hall: Hall, view: View): Promise<readonly Sample[]> {
  const samples: Sample[] = hall.store.sandboxes.list().flatMap((sandbox) => {
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
  for (const family of [4, 6] as const) {
    if (!(await isBridgeFiltered(hall.host, family))) continue
    for (const network of raisedNetworks(hall)) samples.push(...(await betweenNeighbours(hall, network, family)))
  }
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
  const [own, link, uplink] = [addressIn(endpoint, family), walledLink(hall, network), view.uplink(family)?.name]
  if (own === '' || link === undefined || uplink === undefined) return []
  const out = { ...blank(family), source: own, input: link, output: uplink }
  const back = { ...blank(family), target: own, input: uplink, output: link, answers: true }
  return [
    { packet: out, words: `what leaves network ${network.name} over IPv${family}`, link, leaves: true },
    { packet: back, words: `what comes back to network ${network.name} over IPv${family}`, link, leaves: false },
  ]
}

function arriving(hall: Hall, view: View, { network }: Seat, packet: Packet, words: string): readonly Sample[] {
  const [input, link] = [view.uplink(packet.family)?.name, walledLink(hall, network)]
  if (input === undefined || link === undefined) return []
  return [{ packet: { ...packet, input, output: link }, words, link, leaves: false }]
}

async function betweenNeighbours(hall: Hall, network: Network, family: Family): Promise<readonly Sample[]> {
  const link = walledLink(hall, network)
  const [one, other] = hall.store.endpoints.with('networkId', network.id).filter((endpoint) => addressIn(endpoint, family) !== '')
  if (link === undefined || !one || !other || !hasDriver(hall, network) || (await isIsolated(hall, one))) return []
  const packet = { ...blank(family), source: addressIn(one, family), target: addressIn(other, family), input: link, output: link }
  return [{ packet, words: `what neighbours on network ${network.name} say over IPv${family}`, link, leaves: true }]
}
