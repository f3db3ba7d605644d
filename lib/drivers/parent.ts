import { LEAST_MTU } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { LINK_GROUP, macBytes, macOf, shortId } from '../model/ids.ts'
import type { LinkAdd, Plan } from '../model/op.ts'
import type { NetworkConfig } from './driver.ts'
import { type Reader, readLinkName } from './options.ts'

export const PARENT = 'parent'

/** 'eth0'; 'eth0.100', whose VLAN is made where it is not there; 'eth0.100.200', a VLAN in a VLAN. */
export const readParent: Reader<string> = readLinkName

/** The link that the endpoints' links are on. */
export interface Parent {
  readonly name: string
  /** Nobody named it: it leads nowhere. */
  readonly isolated: boolean
}

/** A parent that is made for the network alone is called after it: 'dm-0f3ac1d2e4b5'. */
export const parentOf = (initial: string, { id }: Pick<NetworkConfig, 'id'>, name: string | undefined): Parent =>
  name === undefined ? { name: `d${initial}-${shortId(id)}`, isolated: true } : { name, isolated: false }

/** What a parent may be built on, itself first: 'eth0.100.200', 'eth0.100', 'eth0'. */
export function levelsOf({ name, isolated }: Parent): readonly string[] {
  const parts = name.split('.')
  return isolated ? [] : parts.map((_, cut) => parts.slice(0, parts.length - cut).join('.'))
}

/** Refuses what nobody can be on, in Docker's sentences where it has some. */
export function checkParent(driver: string, parent: Parent, { found }: NetworkConfig): void {
  if (parent.name === 'lo') throw fault('PARENT_LOOPBACK', { driver })
  if (parent.isolated) return
  if (!found) throw fault('PARENT_NOT_FOUND', { parent: baseOf(parent) })
  for (const level of missing(parent, found.name)) vlanOf(level)
  if (found.name === parent.name && found.master !== undefined)
    throw fault('PARENT_ENSLAVED', { parent: parent.name, master: found.master })
}

const baseOf = (parent: Parent): string => levelsOf(parent).at(-1) ?? parent.name

/** The links between a parent and one that is there, the lowest first. */
const missing = (parent: Parent, there: string): readonly string[] => {
  const levels = levelsOf(parent)
  return levels.slice(0, Math.max(levels.indexOf(there), 0)).reverse()
}

/** 'eth0.100' in its two halves. */
function vlanOf(level: string): { readonly link: string; readonly id: number } {
  const [, link = '', text = ''] = /^(.+)\.(\d+)$/.exec(level) ?? []
  if (link === '') throw fault('PARENT_NAME', { parent: level })
  const id = Number(text)
  if (id < 1 || id > 4094) throw fault('PARENT_VLAN', { id: text })
  return { link, id }
}

export interface Making {
  readonly mtu?: number
  /** What endpoints send goes by the routes of the host. */
  readonly routed: boolean
}

/** What is made on a parent that is too small for IPv6 is so too, and that is to be known. */
export const smallMtu = ({ found }: NetworkConfig): { readonly mtu?: number } =>
  found && found.mtu < LEAST_MTU[6] ? { mtu: found.mtu } : {}

/** The parent, or as much of it as nobody else has made. */
export function makeParent(network: NetworkConfig, parent: Parent, { routed, ...mtu }: Making): Plan {
  const mac = macBytes(macOf(network.id))
  if (parent.isolated) return settle({ op: 'link.add', kind: 'dummy', name: parent.name, mac, group: LINK_GROUP, ...mtu }, routed)
  return missing(parent, network.found?.name ?? '').flatMap((name) => {
    const { link, id } = vlanOf(name)
    return settle({ op: 'link.add', kind: 'vlan', name, link, group: LINK_GROUP, vlan: { id }, ...smallMtu(network) }, routed)
  })
}

/** The host is not to have an address there that nobody gave it, by a router or of its own making. */
const settle = (add: LinkAdd, routed: boolean): Plan => [
  add,
  ...(routed ? [] : [{ op: 'sysctl', path: `net/ipv6/conf/${add.name}/disable_ipv6`, value: '1' } as const]),
  { op: 'link.set', link: add.name, up: true },
]

/** One VLAN at a time: a number that is about to be free is not. */
export const removeParent = (network: NetworkConfig, parent: Parent): Plan =>
  parent.isolated
    ? [{ op: 'link.del', link: parent.name, behind: true }]
    : missing(parent, network.found?.name ?? '')
        .toReversed()
        .map((link) => ({ op: 'link.del', link }))
