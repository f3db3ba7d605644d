import { formatAddress, parseAddress, parseCidr } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import type { PortBinding } from '../model/network.ts'
import type { Opening } from '../model/wall.ts'
import { chooseGateway, type Seat } from './gateway.ts'

/** Ports follow the gateways: each family's mappings lead to the endpoint that is the way out in that family. */
export const openingsOf = (ports: readonly PortBinding[], seats: readonly Seat[]): readonly Opening[] =>
  ([4, 6] as const).flatMap((family) => {
    const endpoint = chooseGateway(seats, family)?.endpoint
    const address = parseCidr((family === 4 ? endpoint?.address : endpoint?.address6) ?? '')
    if (!address) return []
    return ports.flatMap(({ protocol, hostIP, hostPort, port }) => {
      const bound = hostIP === '' ? (family === 4 ? '0.0.0.0' : '::') : hostIP
      return parseAddress(bound)?.family === family ? [{ protocol, hostIP: bound, hostPort, address: formatAddress(address), port }] : []
    })
  })

const isWildcard = (ip: string): boolean => parseAddress(ip)?.value === 0n

/** Two ways in that one packet could take. */
const collide = (a: Opening, b: Opening): boolean =>
  a.protocol === b.protocol &&
  a.hostPort === b.hostPort &&
  parseAddress(a.hostIP)?.family === parseAddress(b.hostIP)?.family &&
  (parseAddress(a.hostIP)?.value === parseAddress(b.hostIP)?.value || isWildcard(a.hostIP) || isWildcard(b.hostIP))

/** Refuses a way in that another sandbox, or the same one twice, already has. `held` names who has what. */
export function checkOpenings(
  wanted: readonly Opening[],
  held: readonly { readonly holder: string; readonly opening: Opening }[],
  self: string,
): void {
  wanted.forEach((opening, index) => {
    const twice = wanted.slice(0, index).some((other) => collide(opening, other))
    const holder = twice ? self : held.find((other) => collide(opening, other.opening))?.holder
    if (holder !== undefined) throw fault('PORT_ALLOCATED', { host: bracket(opening.hostIP), port: opening.hostPort, holder })
  })
}

const bracket = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip)

/** Refuses a binding that cannot be meant. */
export function checkPort({ hostIP, hostPort, port, protocol }: PortBinding): void {
  const bad = (reason: string) => fault('INVALID_PORT', { reason })
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw bad(`unknown protocol ${protocol}: tcp, udp or sctp`)
  for (const number of [hostPort, port])
    if (!Number.isInteger(number) || number < 1 || number > 65535) throw bad(`${number} is not a port: 1 to 65535`)
  const host = parseAddress(hostIP)
  if (hostIP !== '' && !host) throw bad(`${hostIP} is not an IP address`)
  if (host?.family === 6 && host.value >> 32n === 0xffffn) throw bad(`${hostIP} is an IPv4 address: write it as one`)
  if (host?.family === 6 && host.value === 1n) throw bad('no kernel lets an answer come back to ::1; publish on 127.0.0.1')
}
