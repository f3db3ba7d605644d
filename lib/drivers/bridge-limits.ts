import { fault } from '../model/errors.ts'
import { LINK_GROUP } from '../model/ids.ts'
import type { Options } from '../model/network.ts'
import type { Op, Plan } from '../model/op.ts'
import { type Reader, readOptions } from './options.ts'
import { MOST_BYTES, readRate, readSize, readTime } from './rates.ts'

/** As the sandbox sees it. */
type Direction = 'in' | 'out'

const NONE = 'none'

/** An endpoint may do without the limit of its network. */
const readRateOrNone: Reader<number | typeof NONE> = (text) => (text === NONE ? NONE : readRate(text))

/** Of a network they are what its endpoints do not say themselves. */
export const LIMIT_OPTIONS = {
  'cnm.rate.in': readRateOrNone,
  'cnm.rate.in.burst': readSize,
  'cnm.rate.in.latency': readTime,
  'cnm.rate.out': readRateOrNone,
  'cnm.rate.out.burst': readSize,
  'cnm.rate.out.latency': readTime,
} satisfies Record<string, Reader<unknown>>

/** Bits per second, bytes, and microseconds: of a tbf. */
interface Limit {
  readonly rate: number
  readonly burst: number
  readonly latency: number
}

export type Limits = { readonly [D in Direction]?: Limit }

/** The limits of an endpoint; of the network itself, where `own` has nothing to say. */
export function limitsOf(network: Options, own: Options, mtu = ETHERNET_MTU): Limits {
  const options = Object.fromEntries(Object.entries({ ...network, ...own }).filter(([name]) => name in LIMIT_OPTIONS))
  if (Object.keys(options).length === 0) return {}
  const limit = (direction: Direction) => limitOf(options, own, direction, mtu + ETHERNET_HEADER)
  const limits = { in: limit('in'), out: limit('out') }
  return { ...(limits.in ? { in: limits.in } : {}), ...(limits.out ? { out: limits.out } : {}) }
}

const ETHERNET_MTU = 1500
const ETHERNET_HEADER = 14
/** Of the rate: enough for the kernel to keep up with, and less than a program notices. */
const BURST_S = 0.01
const LATENCY_US = 100_000

function limitOf(options: Options, own: Options, direction: Direction, packet: number): Limit | undefined {
  const key = `cnm.rate.${direction}` as const
  const read = readOptions(options, LIMIT_OPTIONS)
  const refuse = (name: string, reason: string) => fault('INVALID_OPTION', { key: name, value: options[name] ?? '', reason })
  const rate = read[key]
  if (rate === undefined || rate === NONE) {
    const idle = [`${key}.burst`, `${key}.latency`].find((name) => name in own)
    if (idle) throw refuse(idle, `there is no ${key}`)
    return undefined
  }
  const burst = read[`${key}.burst`] ?? Math.min(MOST_BYTES, Math.max(2 * packet, Math.floor((rate / 8) * BURST_S)))
  if (burst < packet) throw refuse(`${key}.burst`, `a packet of ${packet} bytes would never leave`)
  return { rate, burst, latency: read[`${key}.latency`] ?? LATENCY_US }
}

/**
 * What the host sends to a sandbox waits at the host's end of its veth pair. What comes from it is led through a link that
 * only delays: there it waits as well, where a limit on arrival could but drop, and the sandbox cannot lift it.
 */
export const limiting = (veth: string, delay: string, limits: Limits): Plan => [
  ...(limits.in ? [shape(veth, limits.in)] : []),
  ...(limits.out ? detour(veth, delay, limits.out) : []),
]

const shape = (link: string, tbf: Limit): Op => ({ op: 'qdisc.add', link, kind: 'tbf', tbf })

const detour = (veth: string, delay: string, tbf: Limit): Plan => [
  { op: 'link.add', kind: 'ifb', name: delay, group: LINK_GROUP },
  shape(delay, tbf),
  { op: 'sysctl', path: `net/ipv6/conf/${delay}/disable_ipv6`, value: '1' },
  { op: 'link.set', link: delay, up: true },
  { op: 'qdisc.add', link: veth, kind: 'ingress' },
  { op: 'filter.add', link: veth, parent: 'ingress', kind: 'u32', priority: 1, redirect: delay },
]
