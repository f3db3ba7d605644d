import { parseAddress } from '../model/address.ts'
import type { PortBinding, Protocol } from '../model/network.ts'
import type { Opening } from '../model/wall.ts'
import { Misuse } from './misuse.ts'

const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp'] satisfies Protocol[]

/** `[IP:]HOST:SANDBOX[/PROTOCOL]`; an IPv6 address in brackets. Refusals in Docker's words. */
export function parsePort(text: string): PortBinding {
  const [, spec = '', protocol = 'tcp'] = /^(.*?)(?:\/([^/]*))?$/s.exec(text) ?? []
  const port = spec.slice(spec.lastIndexOf(':') + 1)
  if (port === '') throw new Misuse(`no port specified: ${spec}<empty>`)
  const front = spec.slice(0, -port.length - 1)
  const hostPort = front.slice(front.lastIndexOf(':') + 1)
  const hostIP = addressOf(front.slice(0, -hostPort.length - 1))
  if (/^\d+-\d+$/.test(port) || /^\d+-\d+$/.test(hostPort)) throw new Misuse(`a range of ports is one -p for each of them: ${text}`)
  if (!isPort(port)) throw new Misuse(`invalid containerPort: ${port}`)
  if (hostPort === '' || hostPort === '0') throw new Misuse(`no host port specified: ${text}; as in 8080:${port}`)
  if (!isPort(hostPort)) throw new Misuse(`invalid hostPort: ${hostPort}`)
  if (!isProtocol(protocol.toLowerCase())) throw new Misuse(`invalid proto: ${protocol}`)
  return { protocol: protocol.toLowerCase() as Protocol, hostIP, hostPort: Number(hostPort), port: Number(port) }
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535

const isProtocol = (text: string): text is Protocol => PROTOCOLS.includes(text)

function addressOf(text: string): string {
  const inside = /^\[(.*)\]$/.exec(text)?.[1] ?? text
  if (inside !== '' && !parseAddress(inside)) throw new Misuse(`invalid IP address: ${text}`)
  return inside
}

/** As in the PORTS of `docker ps`: '0.0.0.0:8080->80/tcp'. */
export const formatOpening = ({ hostIP, hostPort, port, protocol }: Opening): string =>
  `${hostIP.includes(':') ? `[${hostIP}]` : hostIP}:${hostPort}->${port}/${protocol}`
