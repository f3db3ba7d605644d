import type { Op } from '../../binding.d.ts'
import { parseAddress, parseCidr, toBytes } from '../../lib/model/address.ts'

const bytes = (text: string): Uint8Array => toBytes(parseCidr(text) ?? parseAddress(text) ?? { family: 4, value: 0n })

/** What a random plan begins with, in namespace number 0; `eth0` is in number 1. */
export const GROUND: readonly Op[] = [
  ...[0, 1].flatMap((at) =>
    ['default', 'all'].map((link): Op => ({ op: 'sysctl', at, path: `net/ipv6/conf/${link}/accept_dad`, value: '0' })),
  ),
  { op: 'link.add', kind: 'bridge', name: 'br0', mac: new Uint8Array([2, 0, 0, 0, 0, 1]), up: true },
  { op: 'link.add', kind: 'veth', name: 'v0', up: true, peer: { name: 'eth0', at: 1 } },
  { op: 'link.set', at: 1, link: 'eth0', up: true },
  // A bridge without carrier is half awake: the kernel makes up for that with the first address that comes.
  { op: 'link.add', kind: 'veth', name: 'v1', up: true, peer: { name: 'eth1', at: 1 } },
  { op: 'link.set', at: 1, link: 'eth1', up: true },
  { op: 'link.set', link: 'v1', master: 'br0' },
  { op: 'link.add', kind: 'vxlan', name: 'x0', vxlan: { id: 5, dstPort: 4789 }, up: true },
  { op: 'link.add', kind: 'ifb', name: 'ifb0', up: true },
  { op: 'addr.add', link: 'v0', address: bytes('10.0.1.1'), prefix: 24 },
  { op: 'addr.add', link: 'v0', address: bytes('fd00:1::1'), prefix: 64 },
]

/** Settings of the ground that do not depend on one another, and what they are in a new namespace. */
const KNOBS: readonly (readonly [path: string, was: string, value: string])[] = [
  ['net/ipv4/conf/v0/arp_ignore', '0', '1'],
  ['net/ipv4/conf/br0/route_localnet', '0', '1'],
  ['net/ipv6/conf/v0/hop_limit', '64', '33'],
  ['net/ipv6/conf/x0/accept_ra', '1', '0'],
  ['net/ipv4/conf/ifb0/arp_announce', '0', '2'],
  ['net/ipv4/conf/x0/log_martians', '0', '1'],
]
const NONSENSE = ['net/nonsense', '', '1'] as const

/**
 * A plan of `length` steps: most can be carried out, and sooner or later one cannot, since the link it names is not there, or
 * what it adds is. `random` gives numbers below another.
 */
export function randomPlan(random: (below: number) => number, length: number): readonly Op[] {
  const links = ['br0', 'v0', 'x0', 'ifb0']
  /** Settings that were made, qdiscs, and the first next hop. */
  const turned = new Set<string>()
  const pick = <T>(list: readonly [T, ...T[]] | readonly T[]): T => list[random(list.length)] as T
  const maker = (): Op => {
    const name = `n${random(60)}`
    const up = random(2) === 0
    const kinds: readonly Op[] = [
      { op: 'link.add', kind: 'bridge', name, up },
      { op: 'link.add', kind: 'ifb', name, up },
      { op: 'link.add', kind: 'veth', name, up, peer: { name: `p${random(60)}`, at: random(2) } },
      { op: 'link.add', kind: 'vxlan', name, up, vxlan: { id: 100 + random(100), dstPort: 4789 } },
      { op: 'link.add', kind: 'macvlan', name, up, link: 'v0' },
    ]
    links.push(name)
    return pick(kinds)
  }
  const knob = (): Op => {
    const [path, was, value] = random(6) === 0 ? NONSENSE : pick(KNOBS.filter(([name]) => !turned.has(name)).concat([NONSENSE]))
    turned.add(path)
    return { op: 'sysctl', path, value, undo: [{ op: 'sysctl', path, value: was }] }
  }
  const family = () => pick([4, 6] as const)
  const via = { 4: bytes('10.0.1.9'), 6: bytes('fd00:1::9') }
  const far = (which: 4 | 6) => ({
    to: bytes(which === 4 ? `10.20.${random(200)}.0` : `fd00:20:${random(200).toString(16)}::`),
    prefix: which === 4 ? 24 : 64,
  })
  const mac = () => new Uint8Array([2, 0, 0, 0, 1, random(200)])
  const route = (): Op => {
    const which = family()
    const ways = [{ via: via[which] }, { link: 'v0' }, { type: 'blackhole' as const }, ...(turned.has('nexthop') ? [{ nexthopId: 1 }] : [])]
    return { op: 'route.add', ...far(which), ...pick(ways), ...(random(3) === 0 ? { table: 100 } : {}) }
  }
  const nexthop = (): Op => {
    const first = !turned.has('nexthop')
    turned.add('nexthop')
    return { op: 'nexthop.add', id: first ? 1 : 2 + random(60), link: 'v0', family: 4 }
  }
  const shaping = (): Op => {
    const on = pick<'htb' | 'ingress' | 'tbf'>(['htb', 'ingress', 'tbf'])
    const first = !turned.has(on)
    turned.add(on)
    if (on === 'tbf') return { op: 'qdisc.add', link: pick(links), kind: 'tbf', tbf: { rate: 1e6, burst: 5000, latency: 50_000 } }
    if (on === 'htb')
      return first
        ? { op: 'qdisc.add', link: 'v0', kind: 'htb', handle: '1:', htb: { default: 1 } }
        : { op: 'class.add', link: 'v0', parent: '1:', classId: `1:${1 + random(9)}`, rate: 1e6 }
    return first
      ? { op: 'qdisc.add', link: 'v0', kind: 'ingress' }
      : { op: 'filter.add', link: 'v0', parent: 'ingress', kind: 'u32', priority: 1 + random(9), redirect: 'ifb0' }
  }
  const makers: readonly (() => Op)[] = [
    maker,
    maker,
    knob,
    route,
    route,
    shaping,
    shaping,
    () => ({ op: 'addr.add', link: pick(links), address: bytes(`10.9.${random(200)}.1`), prefix: 24 }),
    () => ({ op: 'addr.add', link: pick(links), address: bytes(`fd00:9:${random(200).toString(16)}::1`), prefix: 64 }),
    () => ({ op: 'neigh.add', link: pick(links), address: bytes(`10.0.1.${10 + random(200)}`), mac: mac() }),
    () => ({ op: 'fdb.add', link: 'x0', mac: mac(), dst: bytes(`192.0.2.${1 + random(200)}`) }),
    () => ({ op: 'rule.add', family: family(), priority: 1000 + random(200), table: 100 }),
    nexthop,
  ]
  return Array.from({ length }, () => pick(makers)())
}
