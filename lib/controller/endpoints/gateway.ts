import { type Family, parseAddress, toBytes } from '../../model/address.ts'
import type { Endpoint, Network } from '../../model/network.ts'
import { type Op, type Plan, SANDBOX } from '../../model/op.ts'

/** An endpoint and the network it is on. */
export interface Seat {
  readonly endpoint: Endpoint
  readonly network: Network
}

const gatewayOf = ({ endpoint }: Seat, family: Family): string => (family === 4 ? endpoint.gateway : endpoint.gateway6)

/** Docker's order: larger gwPriority, not the gateway network that nobody asked for, not internal, more families, network name. */
function compare(a: Seat, b: Seat): number {
  const families = (seat: Seat) => Number(seat.endpoint.gateway !== '') + Number(seat.endpoint.gateway6 !== '')
  return (
    b.endpoint.gwPriority - a.endpoint.gwPriority ||
    Number(a.endpoint.wayOut ?? false) - Number(b.endpoint.wayOut ?? false) ||
    Number(a.network.internal) - Number(b.network.internal) ||
    families(b) - families(a) ||
    (a.network.name < b.network.name ? -1 : 1)
  )
}

/** The seat through which a sandbox leaves in one family. Each family chooses for itself. */
export const chooseGateway = (seats: readonly Seat[], family: Family): Seat | undefined =>
  seats.filter((seat) => gatewayOf(seat, family) !== '').sort(compare)[0]

/** Moves the default routes of a sandbox from what `before` chooses to what `after` chooses. */
export const rerouting = (before: readonly Seat[], after: readonly Seat[]): Plan =>
  ([4, 6] as const).flatMap((family) => reroute(family, chooseGateway(before, family), chooseGateway(after, family)))

function reroute(family: Family, from: Seat | undefined, to: Seat | undefined): Plan {
  const old = from && defaultRoute(family, from)
  if (!to) return old ? [{ ...old, op: 'route.del', undo: [{ ...old, op: 'route.add' }] }] : []
  const wanted = defaultRoute(family, to)
  if (!old) return [{ ...wanted, op: 'route.add' }]
  if (from.endpoint.id === to.endpoint.id) return []
  return [{ ...wanted, op: 'route.replace', undo: [{ ...old, op: 'route.replace' }] }]
}

type DefaultRoute = Omit<Extract<Op, { op: 'route.add' | 'route.replace' | 'route.del' }>, 'op'>

function defaultRoute(family: Family, seat: Seat): DefaultRoute {
  const via = parseAddress(gatewayOf(seat, family))
  return {
    at: SANDBOX,
    to: new Uint8Array(family === 4 ? 4 : 16),
    prefix: 0,
    link: seat.endpoint.ifname,
    // The link itself: '0.0.0.0', '::'.
    ...(via && via.value !== 0n ? { via: toBytes(via) } : {}),
  }
}
