import type { JoinSteps, Neighbour } from '../../drivers/driver.ts'
import { type Cidr, contains, formatCidr, parseAddress, parseCidr, toBytes } from '../../model/address.ts'
import { goneName, parseMac } from '../../model/ids.ts'
import type { Endpoint, Route, SandboxKind } from '../../model/network.ts'
import { HOST, type Op, type Plan, SANDBOX } from '../../model/op.ts'
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
 * How a link gets in. The other end of a veth pair is born inside under its final name: udev on the host never sees it. A link on
 * a parent is born there too, and renamed: a name has to be free where the parent is. Any other link is moved.
 */
type Arrival = 'peer' | 'child' | 'moved'

function arrivalOf(driverPlan: Plan, { name }: NonNullable<JoinSteps['link']>): Arrival {
  for (const op of driverPlan) {
    if (op.op !== 'link.add') continue
    if (op.kind === 'veth' && op.peer?.name === name && op.peer.at === HOST) return 'peer'
    if ('link' in op && op.name === name) return 'child'
  }
  return 'moved'
}

/**
 * What is done to a link by its name inside may meet another, or miss it. In a namespace of ours a pair goes with its other end,
 * whatever it is called; one that is moved in may not bear our mark.
 */
export function isElusive(driverPlan: Plan, link: JoinSteps['link'], kind: SandboxKind | undefined): boolean {
  const arrival = link ? arrivalOf(driverPlan, link) : 'moved'
  return arrival === 'child' || (arrival === 'peer' && kind !== 'own')
}

/** A driver's steps with the link it hands over brought into the sandbox as `ifname`. */
export function bringIn(plan: Plan, link: JoinSteps['link'], ifname: string): Plan {
  if (!link) return plan
  if (arrivalOf(plan, link) === 'moved') return [...plan, move(HOST, link.name, SANDBOX, ifname)]
  return plan.flatMap((op): Plan => {
    if (op.op !== 'link.add') return [op]
    if (op.kind === 'veth' && op.peer?.name === link.name) return [{ ...op, peer: { ...op.peer, name: ifname, at: SANDBOX } }]
    return 'link' in op && op.name === link.name ? [{ ...op, into: SANDBOX }, rename(link.name, ifname)] : [op]
  })
}

/** Gives a link that was moved in back to the host, where its driver expects it. */
export const bringOut = (driverPlan: Plan, link: JoinSteps['link'], ifname: string): Plan =>
  link && arrivalOf(driverPlan, link) === 'moved' ? [move(SANDBOX, ifname, HOST, link.name)] : []

/**
 * Sets the name, the addresses and the routes of a link that was born in the sandbox free: it goes with its other end, or is
 * deleted, and that may be a moment later. Taking a link out does that too. `stays`: the sandbox does.
 */
export function setAside(driverPlan: Plan, link: JoinSteps['link'], endpoint: Endpoint, stays: boolean): Plan {
  const arrival = link ? arrivalOf(driverPlan, link) : 'moved'
  // A pair ends with the sandbox; what is on a parent holds its addresses there until the kernel has got round to it.
  if (arrival === 'moved' || (arrival === 'peer' && !stays)) return []
  const inside = { at: SANDBOX, link: endpoint.ifname } as const
  return [
    ...addressesOf(endpoint).map((cidr): Op => ({ op: 'addr.del', ...inside, address: toBytes(cidr), prefix: cidr.prefix })),
    { op: 'link.set', ...inside, up: false },
    ...(arrival === 'peer' ? [{ op: 'link.set', ...inside, name: goneName(endpoint.id) } as const] : []),
  ]
}

/**
 * A driver's last steps; what was born inside is deleted there, if it is there, unless it ends with the sandbox and nobody waits
 * for it.
 */
export function removeInside(driverPlan: Plan, last: Plan, link: JoinSteps['link'], ifname: string | undefined, stays: boolean): Plan {
  if (!link || arrivalOf(driverPlan, link) !== 'child') return last
  return last.flatMap((op): Plan => {
    if (op.op !== 'link.del' || op.link !== link.name) return [op]
    return ifname === undefined || (op.behind && !stays) ? [] : [{ ...op, at: SANDBOX, link: ifname }]
  })
}

const addressesOf = ({ address, address6, linkLocal = [] }: Endpoint): readonly Cidr[] => {
  const own = [address, address6].map((text) => parseCidr(text ?? ''))
  return [...own, ...linkLocal.map(linkLocalCidr)].filter((cidr) => cidr !== null)
}

const rename = (link: string, name: string): Op => ({
  op: 'link.set',
  at: SANDBOX,
  link,
  name,
  undo: [{ op: 'link.set', at: SANDBOX, link: name, name: link }],
})

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

/** Addresses, settings, state, neighbours and routes of an endpoint's link inside the sandbox. `ipv6`: there can be any. */
export function furnish(endpoint: Endpoint, { routes, neighbours = [], sysctls, lifetimes, mac = '' }: Furniture, ipv6: boolean): Plan {
  const { ifname } = endpoint
  const link = { at: SANDBOX, link: ifname } as const
  const addresses = addressesOf(endpoint)
  const add = (cidr: Cidr): Op => ({ op: 'addr.add', ...link, ...lasting(cidr, lifetimes) })
  // The kernel gives an address of IPv6 that is to end a route to its subnet only on a link that is up.
  const isLate = (cidr: Cidr) => cidr.family === 6 && lifetimes[formatCidr(cidr)] !== undefined
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
    ...addresses.filter((cidr) => !isLate(cidr)).map(add),
    ...sysctls.map(({ path, value }): Op => ({ op: 'sysctl', at: SANDBOX, path: path(ifname), value })),
    { op: 'link.set', ...link, up: true },
    ...addresses.filter(isLate).map(add),
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
