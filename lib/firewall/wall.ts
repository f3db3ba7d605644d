import type { Family } from '../model/address.ts'
import { shortId } from '../model/ids.ts'
import type { Plan } from '../model/op.ts'
import type { Masquerade, Opening, Wall } from '../model/wall.ts'
import { base, families, forget, ip, isDirect, ofFamily, removeBase } from './base.ts'
import { BRIDGES, type Declared, FROM_NETWORK, MASQUERADES, TABLE, TO_NETWORK } from './names.ts'
import {
  accept,
  addChain,
  addElements,
  addTable,
  type Command,
  deleteTable,
  drop,
  inputLink,
  is,
  isNot,
  jump,
  linkName,
  masquerade,
  meta,
  outputLink,
  payload,
  prefix,
  type Rule,
  removeChain,
  removeElements,
  setRules,
  snat,
  tracked,
  transaction,
} from './nft.ts'
import { opening } from './ports.ts'
import { lending, type Uplinks } from './uplinks.ts'

/** What is ours besides one wall: other walls; only rules of the operator's, in the chain `user`; nothing. */
export type Remains = 'walls' | 'user rules' | 'nothing'

/**
 * Walls a network off: new connections get in only as its gateway modes say, and nothing gets out of an internal one.
 * Repeated, it changes nothing. Taken back, it leaves what there was `before`. Refused with ENOENT where that is less.
 */
export const raiseWall = (wall: Wall, before: Remains): Plan => [transaction(standing(wall, before), razing(wall, before))]

/** Takes a wall away, if it is there. Where no wall `remains`, published ports and lent uplinks go with it. */
export const razeWall = (wall: Wall, remains: Remains): Plan => [transaction(razing(wall, remains), standing(wall, remains))]

/** All of our rules, in place of whatever became of them; the operator's stay. Not taken back: they are what should be. */
export const rebuild = (walls: readonly Wall[], uplinks: Uplinks, openings: readonly Opening[]): Plan => [
  transaction([...base, ...forget, ...walls.flatMap(raising), ...lending(uplinks), ...opening(openings)], []),
]

/** Takes all of our rules away, `chains` of networks that nobody knows any more included. */
export const razeAll = (chains: readonly string[], remains: Exclude<Remains, 'walls'>): Plan => [
  transaction(remains === 'nothing' ? [addTable, deleteTable] : [...base, ...forget, ...chains.flatMap(removeChain), ...removeBase], []),
]

/** Takes chains of networks away that no map leads to any more. */
export const dropChains = (chains: readonly string[]): Plan => (chains.length === 0 ? [] : [transaction(chains.flatMap(removeChain), [])])

/** A chain that gatesOf() names. */
export const isNetworkChain = (name: string): boolean => /^(to|from|masquerade)_[0-9a-f]{12}$/.test(name)

/** Changes nothing, and is refused with ENOENT where somebody has taken our rules away. */
export const probe = (link: string): Plan => [{ op: 'nft.get', table: TABLE.name, set: BRIDGES.name, ifname: link }]

/** A chain of one network, and the map that leads its traffic there. */
interface Gate {
  readonly map: Declared
  readonly chain: string
  readonly rules: readonly Rule[]
}

function gatesOf(wall: Wall): readonly Gate[] {
  const gate = (map: Declared, kind: string, rules: readonly Rule[]): Gate => ({ map, chain: `${kind}_${shortId(wall.id)}`, rules })
  const neighbours = [is(inputLink, linkName(wall.link)), wall.icc ? accept : drop]
  const elsewhere = isNot(outputLink, linkName(wall.link))
  if (wall.internal) return [gate(TO_NETWORK, 'to', [neighbours, [drop]]), gate(FROM_NETWORK, 'from', [[elsewhere, drop]])]
  return [
    gate(TO_NETWORK, 'to', [[published, accept], neighbours, ...families.flatMap((family) => entriesOf(wall, family)), [drop]]),
    gate(MASQUERADES, 'masquerade', leavingOf(wall)),
  ]
}

const published = tracked('status', 'dnat')
const PING = { 4: 'icmp', 6: 'ipv6-icmp' } as const

/** What gets into a network from elsewhere besides what was published on the host. */
function entriesOf({ modes, trusted }: Wall, family: Family): readonly Rule[] {
  switch (modes[family]) {
    case 'nat':
      return trusted.map((link) => [is(inputLink, linkName(link)), isDirect(family), accept])
    case 'nat-unprotected':
      return [[ofFamily(family), accept]]
    case 'routed':
      return [
        [ofFamily(family), is(meta('l4proto'), PING[family]), accept],
        [isDirect(family), accept],
      ]
    case 'isolated':
      return []
  }
}

/** What takes another source address on its way out of a network. */
function leavingOf(wall: Wall): readonly Rule[] {
  const [toLink, fromLink] = [is(outputLink, linkName(wall.link)), is(inputLink, linkName(wall.link))]
  const elsewhere = isNot(outputLink, linkName(wall.link))
  return [
    ...wall.masquerade.map((leaving) => [from(leaving.subnet), elsewhere, translated(leaving)]),
    // To a neighbour, or oneself, through a published port: the answer has to come back this way.
    [fromLink, toLink, published, masquerade],
    // The same of what br_netfilter bridges: it has no input link here.
    ...wall.subnets.map((subnet) => [from(subnet), toLink, published, masquerade]),
  ]
}

const familyOf = (text: string): Family => (text.includes(':') ? 6 : 4)
const from = (subnet: string) => is(payload(ip(familyOf(subnet)), 'saddr'), prefix(subnet))
const translated = ({ subnet, source }: Masquerade) => (source === undefined ? masquerade : snat(ip(familyOf(subnet)), source))

/** What walls share takes most of the time to be told; it is there with the first. */
const standing = (wall: Wall, before: Remains): readonly Command[] => [...(before === 'walls' ? [] : base), ...raising(wall)]

const raising = (wall: Wall): readonly Command[] => [
  ...gatesOf(wall).flatMap(({ map, chain, rules }) => [
    addChain(chain),
    ...setRules(chain, ...rules),
    addElements(map, [[linkName(wall.link), jump(chain)]]),
  ]),
  addElements(BRIDGES, [linkName(wall.link)]),
]

function razing(wall: Wall, remains: Remains): readonly Command[] {
  if (remains === 'nothing') return [addTable, deleteTable]
  const gates = [
    ...removeElements(BRIDGES, [linkName(wall.link)]),
    ...gatesOf(wall).flatMap(({ map, chain }) => [
      addChain(chain),
      ...removeElements(map, [[linkName(wall.link), jump(chain)]]),
      ...removeChain(chain),
    ]),
  ]
  return remains === 'walls' ? gates : [...base, ...gates, ...removeBase]
}
