import type { JoinSteps, Neighbour } from '../drivers/driver.ts'
import { type Cidr, contains, formatCidr, parseAddress, parseCidr, toBytes } from '../model/address.ts'
import { goneName, parseMac } from '../model/ids.ts'
import type { Endpoint, Route } from '../model/network.ts'
import { HOST, type Op, type Plan, SANDBOX } from '../model/op.ts'
import type { LinkSysctl } from './sysctls.ts'

/** The lowest free name: eth0, eth1, … */
export function nextName(prefix: string, taken: ReadonlySet<string>): string {
  for (let n = 0; ; n++) if (!taken.has(`${prefix}${n}`)) return `${prefix}${n}`
}

/** Loopback is down in a namespace that was just made. */
export const newNamespace: Plan = [
  { op: 'netns.add', at: SANDBOX },
  { op: 'link.set', at: SANDBOX, link: 'lo', up: true },
]

/**
 * A driver's steps with the link it hands over brought into the sandbox as `ifname`. The other end of a veth pair is born
 * there under its final name: no rename, no move, and udev on the host never sees it. Any other link is moved.
 */
export function bringIn(plan: Plan, link: JoinSteps['link'], ifname: string): Plan {
  if (!link) return plan
  let born = false
  const placed = plan.map((op): Op => {
    if (op.op !== 'link.add' || op.kind !== 'veth' || op.peer?.name !== link.name || op.peer.at !== HOST) return op
    born = true
    return { ...op, peer: { ...op.peer, name: ifname, at: SANDBOX } }
  })
  return born ? placed : [...plan, move(HOST, link.name, SANDBOX, ifname)]
}

/** Gives a link that was moved in back to the host, where its driver expects it. */
export function bringOut(driverPlan: Plan, link: JoinSteps['link'], ifname: string): Plan {
  const moved = bringIn(driverPlan, link, ifname).length > driverPlan.length
  return link && moved ? [move(SANDBOX, ifname, HOST, link.name)] : []
}

/**
 * Sets the name, the addresses and the routes of a link that was born in the sandbox free: it goes with its other end, and
 * that may be deleted a moment later. Taking a link out does that too.
 */
export function setAside(driverPlan: Plan, link: JoinSteps['link'], endpoint: Endpoint): Plan {
  const { ifname } = endpoint
  if (!link || bringOut(driverPlan, link, ifname).length > 0) return []
  const inside = { at: SANDBOX, link: ifname } as const
  return [
    ...addressesOf(endpoint).map((cidr): Op => ({ op: 'addr.del', ...inside, address: toBytes(cidr), prefix: cidr.prefix })),
    { op: 'link.set', ...inside, up: false },
    { op: 'link.set', ...inside, name: goneName(endpoint.id) },
  ]
}

const addressesOf = ({ address, address6, linkLocal = [] }: Endpoint): readonly Cidr[] => {
  const own = [address, address6].map((text) => parseCidr(text ?? ''))
  return [...own, ...linkLocal.map(linkLocalCidr)].filter((cidr) => cidr !== null)
}

const move = (from: number, link: string, to: number, name: string): Op => ({
  op: 'link.set',
  at: from,
  link,
  name,
  moveTo: to,
  undo: [{ op: 'link.set', at: to, link: name, name: link, moveTo: from }],
})

const LINK_LOCAL: readonly Cidr[] = [
  { family: 4, value: 0xa9fe0000n, prefix: 16 },
  { family: 6, value: 0xfe80n << 112n, prefix: 64 },
]

/** 'IP' as an address of a link; null when it is not a link-local one. */
export function linkLocalCidr(text: string): Cidr | null {
  const address = parseAddress(text)
  const subnet = LINK_LOCAL.find((candidate) => address && contains(candidate, address))
  return address && subnet ? { ...address, prefix: subnet.prefix } : null
}

/** 'IP/PREFIX' → how long the kernel is to keep it, in seconds. */
export type Lifetimes = Readonly<Record<string, number>>

/** What a link gets inside the sandbox besides its addresses. */
export interface Furniture extends Pick<JoinSteps, 'routes' | 'neighbours'> {
  readonly lifetimes: Lifetimes
  readonly sysctls: readonly LinkSysctl[]
  /** Absent: the link has its MAC already. */
  readonly mac?: string
}

/** Addresses, settings, state, neighbours and routes of an endpoint's link inside the sandbox. `ipv6`: the kernel has it. */
export function furnish(
  endpoint: Endpoint,
  { routes, neighbours = [], sysctls, lifetimes, mac = '' }: Furniture,
  ipv6: boolean,
): Plan {
  const { ifname } = endpoint
  const link = { at: SANDBOX, link: ifname } as const
  const addresses = addressesOf(endpoint)
  const disabled: Op = {
    op: 'sysctl',
    at: SANDBOX,
    path: `net/ipv6/conf/${ifname}/disable_ipv6`,
    value: addresses.some(({ family }) => family === 6) ? '0' : '1',
  }
  const bytes = parseMac(mac)
  return [
    ...(bytes ? [{ op: 'link.set', ...link, mac: bytes } as const] : []),
    ...(ipv6 ? [disabled] : []),
    ...addresses.map((cidr): Op => ({ op: 'addr.add', ...link, ...lasting(cidr, lifetimes) })),
    ...sysctls.map(({ path, value }): Op => ({ op: 'sysctl', at: SANDBOX, path: path(ifname), value })),
    { op: 'link.set', ...link, up: true },
    ...neighbours.flatMap((neighbour) => knownNeighbour(neighbour, ifname)),
    ...routes.flatMap((route) => staticRoute(route, ifname)),
  ]
}

/** The kernel takes an address away that nobody prolongs. */
export function lasting(cidr: Cidr, lifetimes: Lifetimes) {
  const seconds = lifetimes[formatCidr(cidr)]
  return { address: toBytes(cidr), prefix: cidr.prefix, ...(seconds ? { validLifetime: seconds } : {}) }
}

function knownNeighbour({ address, mac }: Neighbour, ifname: string): Plan {
  const [ip, bytes] = [parseAddress(address), parseMac(mac)]
  return ip && bytes ? [{ op: 'neigh.replace', at: SANDBOX, link: ifname, address: toBytes(ip), mac: bytes }] : []
}

function staticRoute({ to, via }: Route, ifname: string): Plan {
  const subnet = parseCidr(to)
  const next = parseAddress(via ?? '')
  if (!subnet) return []
  const base = { at: SANDBOX, to: toBytes(subnet), prefix: subnet.prefix, link: ifname } as const
  return [{ op: 'route.add', ...base, ...(next ? { via: toBytes(next) } : {}) }]
}
