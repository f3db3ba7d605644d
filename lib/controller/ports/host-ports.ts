import { parseAddress, toBytes } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import type { PortBinding, Sandbox } from '../../model/network.ts'
import type { PublishPort } from '../../model/request.ts'
import { isBindable, type Netns, readSysctl } from '../../netlink/namespace.ts'
import type { Hall } from '../hall.ts'
import { collide, type Held, type Spot, spotKey } from './ports.ts'
import { type Listener, listeners, ownerOfSocket } from './sockets.ts'

/** Of so many it is found out one by one; to read who listens, the kernel walks some ms through all connections there could be. */
const FEW = 32

/** Which of the spots that are wanted the host's processes have. */
export async function heldByProcesses({ host }: Hall, wanted: readonly Spot[]): Promise<readonly Held[]> {
  const free = wanted.length > FEW ? [] : await Promise.all(wanted.map((spot) => isFree(host, spot)))
  const doubtful = wanted.filter((_, index) => !free[index])
  if (doubtful.length === 0) return []
  const near = new Set(doubtful.map(spotKey))
  const found = await listening(host, doubtful)
  const held = found.map(async (listener) => {
    const asked = near.has(spotKey({ protocol: listener.protocol, hostPort: listener.port }))
    return asked && (await leavesIPv4(host, listener)) ? [listener] : everywhere(listener)
  })
  return (await Promise.all(held)).flat().map(toHeld)
}

const listening = ({ path }: Netns, spots: readonly Pick<Spot, 'protocol'>[]): Promise<readonly Listener[]> =>
  listeners(
    path,
    spots.map(({ protocol }) => protocol),
  )

/** A program could listen there. Who cannot be asked, or is not allowed to, has to look. */
async function isFree(host: Netns, { protocol, hostIP, hostPort }: Spot): Promise<boolean> {
  const address = parseAddress(hostIP)
  if (!address || hostPort === 0) return true
  return protocol !== 'sctp' && isBindable(host, protocol, toBytes(address), hostPort).catch(() => false)
}

/** Who listens on '::' hears IPv4 too, unless the socket was told otherwise, which /proc does not say: the kernel is asked. */
const leavesIPv4 = async (host: Netns, { protocol, address, port }: Listener): Promise<boolean> =>
  address === '::' && protocol !== 'sctp' && (await isBindable(host, protocol, new Uint8Array(4), port))

const everywhere = (listener: Listener): readonly Listener[] =>
  listener.address === '::' ? [listener, { ...listener, address: '0.0.0.0' }] : [listener]

const toHeld = ({ protocol, address, port, inode }: Listener): Held => ({
  protocol,
  hostIP: address,
  hostPort: port,
  holder: () => ownerOfSocket(inode),
})

const LAST = 'port/last'

export interface Settled {
  readonly ports: readonly PortBinding[]
  readonly record: () => void
}

/** Ports as they were asked for, with a free one chosen where the host port was left open or may be one of a range. */
export async function settlePorts(hall: Hall, requests: readonly PublishPort[]): Promise<Settled> {
  const open = requests.some((request) => !isExact(request))
  if (!open) return { ports: requests.map((request) => binding(request, request.hostPort)), record: () => {} }
  const ephemeral = await ephemeralPorts(hall)
  const few = requests.length <= FEW
  const taken: Spot[] = hall.store.sandboxes.list().flatMap(spotsOf)
  if (!few) taken.push(...(await listening(hall.host, requests)).flatMap(everywhere).map(toHeld))
  const isTaken = async (wanted: readonly Spot[]) =>
    collideIn(wanted, taken) || (few && collideIn(wanted, await heldByProcesses(hall, wanted)))
  const ports: PortBinding[] = []
  // What must have one port goes before what may choose.
  for (const request of [...requests].sort((a, b) => Number(isExact(b)) - Number(isExact(a)))) {
    const hostPort = isExact(request) ? request.hostPort : await choose(request, ephemeral, isTaken)
    ports.push(binding(request, hostPort))
    taken.push(...spots({ ...request, hostPort }))
    if (request.hostPort === 0) ephemeral.last = hostPort
  }
  return { ports, record: () => hall.store.marks.put(LAST, ephemeral.last) }
}

/** Ports that somebody has, where they are what is asked for: who asks once more is not given others. */
export function alreadySettled(requests: readonly PublishPort[], has: readonly PortBinding[]): readonly PortBinding[] | undefined {
  const left = [...has]
  const isHad = ({ protocol, hostIP, hostPort: first, hostPortEnd: last = first, port }: PublishPort): boolean => {
    const fits = (one: PortBinding) => first === 0 || (first <= one.hostPort && one.hostPort <= last)
    const at = left.findIndex((one) => one.protocol === protocol && one.hostIP === hostIP && one.port === port && fits(one))
    return at >= 0 && left.splice(at, 1).length > 0
  }
  return requests.length === has.length && requests.every(isHad) ? has : undefined
}

const isExact = ({ hostPort, hostPortEnd }: PublishPort): boolean => hostPort !== 0 && (hostPortEnd ?? hostPort) === hostPort

const binding = ({ protocol, hostIP, port }: PublishPort, hostPort: number): PortBinding => ({ protocol, hostIP, hostPort, port })

const spots = ({ protocol, hostIP, hostPort }: PublishPort): readonly Spot[] =>
  (hostIP === '' ? ['0.0.0.0', '::'] : [hostIP]).map((ip) => ({ protocol, hostIP: ip, hostPort }))

const spotsOf = ({ ports }: Sandbox): readonly Spot[] => ports.flatMap(spots)

const collideIn = (wanted: readonly Spot[], taken: readonly Spot[]): boolean =>
  wanted.some((spot) => taken.some((other) => collide(spot, other)))

async function choose(request: PublishPort, ephemeral: Ephemeral, isTaken: (wanted: readonly Spot[]) => Promise<boolean>): Promise<number> {
  const { hostPort: first, hostPortEnd: last = first } = request
  const candidates = first === 0 ? inTurn(ephemeral) : range(first, last)
  for (const hostPort of candidates) {
    if (!(await isTaken(spots({ ...request, hostPort })))) return hostPort
  }
  throw fault('PORTS_EXHAUSTED', { range: first === 0 ? 'net.ipv4.ip_local_port_range' : `${first}-${last}` })
}

const range = (first: number, last: number): readonly number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)

interface Ephemeral {
  readonly ports: readonly number[]
  /** The last that was given: who knew the former owner of a port finds nobody for a while. */
  last: number
}

/** What Docker does where the kernel does not say. */
const FALLBACK = [49153, 65535] as const

async function ephemeralPorts({ host, store }: Hall): Promise<Ephemeral> {
  const [limits, reserved] = await Promise.all(
    ['ip_local_port_range', 'ip_local_reserved_ports'].map((name) => readSysctl(host, `net/ipv4/${name}`)),
  )
  const [first = FALLBACK[0], end = FALLBACK[1]] = limits?.split(/\s+/).map(Number) ?? []
  const kept = new Set((reserved ?? '').split(',').flatMap(readRange))
  return { ports: range(first, end).filter((port) => !kept.has(port)), last: Number(store.marks.get(LAST) ?? 0) }
}

const inTurn = ({ ports, last }: Ephemeral): readonly number[] => [
  ...ports.filter((port) => port > last),
  ...ports.filter((port) => port <= last),
]

function readRange(text: string): readonly number[] {
  const [first = 0, last = first] = text.split('-').filter(Boolean).map(Number)
  return first === 0 ? [] : range(first, last)
}
