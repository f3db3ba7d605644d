import { parseAddress } from '../model/address.ts'
import type { Protocol } from '../model/network.ts'
import type { PublishPort } from '../model/request.ts'
import type { Opening } from '../model/wall.ts'
import { Misuse } from './misuse.ts'

const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp'] satisfies Protocol[]

/**
 * `[[IP:][HOST]:]SANDBOX[/PROTOCOL]`; an IPv6 address in brackets. HOST and SANDBOX are ports, or ranges of as many; a
 * range for one port of the sandbox is a choice. Refusals in Docker's words.
 */
export function parsePorts(text: string): readonly PublishPort[] {
  const [, spec = '', proto = 'tcp'] = /^(.*?)(?:\/([^/]*))?$/s.exec(text) ?? []
  const inside = spec.slice(spec.lastIndexOf(':') + 1)
  if (inside === '') throw new Misuse(`no port specified: ${spec}<empty>`)
  const front = spec.slice(0, -inside.length - 1)
  const outside = front.slice(front.lastIndexOf(':') + 1)
  const hostIP = addressOf(front.slice(0, -outside.length - 1))
  const ports = rangeOf(inside)
  if (!ports) throw new Misuse(`invalid containerPort: ${inside}`)
  const hosts = outside === '' || outside === '0' ? ANY : rangeOf(outside)
  if (!hosts) throw new Misuse(`invalid hostPort: ${outside}`)
  const protocol = proto.toLowerCase()
  if (!isProtocol(protocol)) throw new Misuse(`invalid proto: ${proto}`)
  const publish = (port: number, hostPort: number): PublishPort => ({ protocol, hostIP, hostPort, port })
  if (hosts === ANY) return ports.map((port) => publish(port, 0))
  const [first = 0, last = first] = [hosts[0], hosts.at(-1)]
  if (hosts.length === ports.length) return ports.map((port, index) => publish(port, first + index))
  if (ports.length > 1) throw new Misuse(`invalid ranges specified for container and host Ports: ${inside} and ${outside}`)
  return ports.map((port) => ({ ...publish(port, first), hostPortEnd: last }))
}

const ANY: readonly number[] = []

/** '80' or '8000-8010'; null for what is neither. */
function rangeOf(text: string): readonly number[] | null {
  const [first = '', last = first, ...rest] = text.split('-')
  if (rest.length > 0 || !isPort(first) || !isPort(last) || Number(last) < Number(first)) return null
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index)
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535

const isProtocol = (text: string): text is Protocol => PROTOCOLS.includes(text)

function addressOf(text: string): string {
  const inside = /^\[(.*)\]$/.exec(text)?.[1] ?? text
  if (inside !== '' && !parseAddress(inside)) throw new Misuse(`invalid IP address: ${text}`)
  return inside
}

/** As in the PORTS of `docker ps`: '0.0.0.0:8080->80/tcp'; '80/tcp' where no port of the host leads there. */
export function formatOpening({ hostIP, hostPort, port, protocol }: Opening): string {
  if (hostPort === 0) return `${port}/${protocol}`
  return `${hostIP.includes(':') ? `[${hostIP}]` : hostIP}:${hostPort}->${port}/${protocol}`
}
