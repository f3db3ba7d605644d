import { type Cidr, formatAddress, parseCidr, subnetOf } from '../model/address.ts'
import type { Plan } from '../model/op.ts'
import type { Opening, Wall } from '../model/wall.ts'
import { base, forget, removeBase } from './base.ts'
import { Elements } from './elements.ts'
import { declareLength, dropLength, isLengthChain, type Length, lengthOf, removeLength } from './leaving.ts'
import {
  BRIDGES,
  families,
  INTERNAL,
  MASQUERADES,
  ROUTED,
  STRANGERS,
  sources,
  subnets,
  TABLE,
  TRUSTED,
  UNPROTECTED,
  WITHIN,
} from './names.ts'
import { addTable, type Command, concat, deleteTable, flushSet, linkName, transaction } from './nft.ts'
import { owned } from './owner.ts'
import { opening } from './ports.ts'
import { lending, type Uplinks } from './uplinks.ts'

/** What is ours besides one wall: other walls; only rules of the operator's, in the chain `user`; nothing. */
export type Remains = 'walls' | 'user rules' | 'nothing'

/** Of other walls, what lengthsOf() says. */
export type Lengths = ReadonlySet<string>
const NONE: Lengths = new Set()

/**
 * Walls a network off: new connections get in only as its gateway modes say, and nothing gets out of an internal one.
 * Repeated, it changes nothing. Taken back, it leaves what there was `before`. Refused with ENOENT where that is less. The first
 * wall says whose it is, see owner.ts.
 */
export const raiseWall = (wall: Wall, before: Remains, others = NONE, owner = ''): Plan => [
  transaction(standing(wall, before, others, owner), razing(wall, before, others)),
]

/** Takes a wall away, if it is there. Where no wall `remains`, published ports and lent uplinks go with it. */
export const razeWall = (wall: Wall, remains: Remains, others = NONE): Plan => [
  transaction(razing(wall, remains, others), standing(wall, remains, others)),
]

/** All of our rules, in place of whatever became of them; the operator's stay. Not taken back: they are what should be. */
export function rebuild(walls: readonly Wall[], lent: Uplinks, openings: readonly Opening[], owner = ''): Plan {
  const lengths = differentOf(walls.flatMap(subnetsOf))
  const declared = lengths.flatMap((length) => [...declareLength(length), flushSet(subnets(length.family, length.prefix))])
  const elements = [...elementsOf(walls).add(), ...lending(lent), ...opening(openings)]
  return [transaction([...base, ...owned(owner), ...forget, ...declared, ...elements], [])]
}

/** Takes all of our rules away, `chains` that look up subnets which nobody has any more included. */
export const razeAll = (chains: readonly string[], remains: Exclude<Remains, 'walls'>): Plan => [
  transaction(remains === 'nothing' ? [addTable, deleteTable] : [...base, ...forget, ...removing(chains), ...removeBase], []),
]

/** Takes away chains that look up subnets which nobody has any more. */
export const dropChains = (chains: readonly string[]): Plan => (chains.length === 0 ? [] : [transaction(removing(chains), [])])

const removing = (chains: readonly string[]): readonly Command[] => chains.filter(isLengthChain).map(lengthOf).flatMap(dropLength)

/** Changes nothing, and is refused with ENOENT where somebody has taken our rules away. */
export const probe = (link: string): Plan => [{ op: 'nft.get', table: TABLE.name, set: BRIDGES.name, ifname: link }]

/** Which sets of subnets a wall has elements in. The first has them declared; with the last they go. */
export const lengthsOf = (wall: Wall): readonly string[] => differentOf(subnetsOf(wall)).map(nameOf)

const nameOf = ({ family, prefix }: Length): string => subnets(family, prefix).name

const differentOf = (lengths: readonly Length[]): readonly Length[] => [
  ...new Map(lengths.map(({ family, prefix }) => [nameOf({ family, prefix }), { family, prefix }])).values(),
]

/** What is behind the host's addresses, or reached through its ports. */
const subnetsOf = (wall: Wall): readonly Cidr[] => (wall.internal ? [] : wall.subnets.flatMap((subnet) => parseCidr(subnet) ?? []))

const alone = (wall: Wall, others: Lengths): readonly Length[] =>
  differentOf(subnetsOf(wall)).filter((length) => !others.has(nameOf(length)))

/** What walls share takes most of the time to be told; it is there with the first. */
const standing = (wall: Wall, before: Remains, others: Lengths, owner = ''): readonly Command[] => [
  ...(before === 'walls' ? [] : [...base, ...owned(owner)]),
  ...alone(wall, others).flatMap(declareLength),
  ...elementsOf([wall]).add(),
]

function razing(wall: Wall, remains: Remains, others: Lengths): readonly Command[] {
  if (remains === 'nothing') return [addTable, deleteTable]
  const last = alone(wall, others)
  const own = [...elementsOf([wall]).remove(new Set(last.map(nameOf))), ...last.flatMap(removeLength)]
  return remains === 'walls' ? own : [...base, ...own, ...removeBase]
}

/** All that there is of walls. */
function elementsOf(walls: readonly Wall[]): Elements {
  const elements = new Elements()
  for (const wall of walls) {
    const link = linkName(wall.link)
    elements.put(BRIDGES, link)
    elements.put(WITHIN, concat(link, link))
    if (!wall.icc) elements.put(STRANGERS, link)
    if (wall.internal) elements.put(INTERNAL, link)
    else putOpen(wall, link, elements)
  }
  return elements
}

/** What gets into a network from elsewhere besides what was published on the host, and how it leaves. */
function putOpen(wall: Wall, link: string, elements: Elements): void {
  for (const family of families) {
    const mode = wall.modes[family]
    if (mode === 'nat-unprotected') elements.put(UNPROTECTED, concat(link, `ipv${family}`))
    if (mode === 'routed') elements.put(ROUTED, concat(link, `ipv${family}`))
    for (const host of mode === 'nat' ? wall.trusted : []) elements.put(TRUSTED, concat(linkName(host), link, `ipv${family}`))
    const { [family]: leaving } = wall.masquerade
    if (leaving?.source !== undefined) elements.put(sources(family), [link, leaving.source])
    else if (leaving) elements.put(MASQUERADES, concat(link, `ipv${family}`))
  }
  for (const subnet of subnetsOf(wall)) elements.put(subnets(subnet.family, subnet.prefix), concat(link, formatAddress(subnetOf(subnet))))
}
