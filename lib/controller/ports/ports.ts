import type { Publishing } from '../../drivers/driver.ts'
import { unreachable } from '../../drivers/options.ts'
import { type Family, formatAddress, parseAddress, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import type { Network, PortBinding, Protocol } from '../../model/network.ts'
import type { PublishPort } from '../../model/request.ts'
import type { Opening } from '../../model/wall.ts'
import { chooseGateway, type Seat } from '../endpoints/gateway.ts'

/** How a network publishes. */
export type PublishingOf = (network: Network) => Publishing

/** As most drivers do it. */
export const PUBLISHING: Publishing = { modes: { 4: 'nat', 6: 'nat' }, hostIP: { 4: '0.0.0.0', 6: '::' }, trusted: false }

/**
 * Ports follow the gateways: each family's lead from the host to the endpoint that is the way out in that family. An
 * endpoint of a routed network is reached at its own address, way out or not.
 */
export const openingsOf = (ports: readonly PortBinding[], seats: readonly Seat[], publishingOf: PublishingOf): readonly Opening[] =>
  ([4, 6] as const).flatMap((family) => {
    const gateway = chooseGateway(seats, family)
    return seats.flatMap((seat) => {
      const publishing = publishingOf(seat.network)
      const routed = publishing.modes[family] === 'routed'
      const address = parseCidr((family === 4 ? seat.endpoint.address : seat.endpoint.address6) ?? '')
      // A plugin was told what is published, and sees to it.
      if (!address || seat.network.internal || seat.network.plugin || !(routed || seat === gateway)) return []
      return ports.flatMap((port) => open(port, family, formatAddress(address), publishing))
    })
  })

function open({ protocol, hostIP, hostPort, port }: PortBinding, family: Family, address: string, publishing: Publishing): Opening[] {
  const bound = hostIP === '' ? publishing.hostIP[family] : hostIP
  if (bound === undefined || parseAddress(bound)?.family !== family) return []
  if (publishing.modes[family] === 'isolated') return []
  if (publishing.modes[family] === 'routed') return [{ protocol, hostIP: '', hostPort: 0, address, port, direct: true }]
  return [{ protocol, hostIP: bound, hostPort, address, port, direct: publishing.trusted }]
}

const isWildcard = (ip: string): boolean => parseAddress(ip)?.value === 0n

/** An address and a port of the host. */
export interface Spot {
  readonly protocol: Protocol
  readonly hostIP: string
  readonly hostPort: number
}

/** One packet could be for both. */
export const collide = (a: Spot, b: Spot): boolean =>
  a.hostPort === b.hostPort &&
  a.hostPort !== 0 &&
  a.protocol === b.protocol &&
  parseAddress(a.hostIP)?.family === parseAddress(b.hostIP)?.family &&
  (parseAddress(a.hostIP)?.value === parseAddress(b.hostIP)?.value || isWildcard(a.hostIP) || isWildcard(b.hostIP))

/** A spot, and who has it, in words. */
export interface Held extends Spot {
  readonly holder: () => string
}

/** Spots that differ in this never collide. */
export const spotKey = ({ protocol, hostPort }: Pick<Spot, 'protocol' | 'hostPort'>): string => `${protocol} ${hostPort}`

/** Refuses a way in that somebody, or the same sandbox twice, already has. */
export function checkSpots(wanted: readonly Spot[], held: readonly Held[], self: string): void {
  const taken = new Map<string, Held[]>()
  for (const spot of held) taken.set(spotKey(spot), [...(taken.get(spotKey(spot)) ?? []), spot])
  for (const spot of wanted) {
    const near = taken.get(spotKey(spot)) ?? []
    const holder = near.find((other) => collide(spot, other))?.holder()
    if (holder !== undefined) throw fault('PORT_ALLOCATED', { host: bracket(spot.hostIP), port: spot.hostPort, holder })
    taken.set(spotKey(spot), [...near, { ...spot, holder: () => `sandbox ${self}` }])
  }
}

const bracket = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip)

/** Refuses a binding that cannot be meant. */
export function checkPort({ hostIP, hostPort, hostPortEnd, port, protocol }: PublishPort): void {
  const bad = (reason: string) => fault('INVALID_PORT', { reason })
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw bad(`unknown protocol ${protocol}: tcp, udp or sctp`)
  const numbers = [port, ...(hostPort === 0 ? [] : [hostPort]), ...(hostPortEnd === undefined ? [] : [hostPortEnd])]
  for (const number of numbers)
    if (!Number.isInteger(number) || number < 1 || number > 65535) throw bad(`${number} is not a port: 1 to 65535`)
  if (hostPortEnd !== undefined && hostPortEnd < hostPort) throw bad(`${hostPort}-${hostPortEnd} is not a range of ports`)
  const host = parseAddress(hostIP)
  if (hostIP !== '' && !host) throw bad(`${hostIP} is not an IP address`)
  const reason = host ? unreachable(host) : undefined
  if (reason) throw bad(reason)
}
