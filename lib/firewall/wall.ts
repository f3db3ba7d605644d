import { shortId } from '../model/ids.ts'
import type { Plan } from '../model/op.ts'
import type { Wall } from '../model/wall.ts'
import { base } from './base.ts'
import { BRIDGES, FROM_NETWORK, MASQUERADES, TO_NETWORK } from './names.ts'
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
  outputLink,
  payload,
  prefix,
  type Rule,
  removeChain,
  removeElements,
  setRules,
  tracked,
  transaction,
} from './nft.ts'

/**
 * Walls a network off: new connections get in only within it or through a published port, and nothing gets out of an
 * internal one. Repeated, it changes nothing. `first`: no wall is up yet, so taking it back leaves no trace.
 */
export const raiseWall = (wall: Wall, first: boolean): Plan => [transaction(raising(wall), razing(wall, first))]

/** Takes a wall away, if it is there; `last`: and everything else that is ours, published ports and lent uplinks included. */
export const razeWall = (wall: Wall, last: boolean): Plan => [transaction(razing(wall, last), raising(wall))]

/** A chain of one network, and the map that leads its traffic there. */
interface Gate {
  readonly map: string
  readonly chain: string
  readonly rules: readonly Rule[]
}

function gatesOf({ id, link, internal, masquerade: subnets }: Wall): readonly Gate[] {
  const [toLink, fromLink] = [is(outputLink, linkName(link)), is(inputLink, linkName(link))]
  const elsewhere = isNot(outputLink, linkName(link))
  const published = tracked('status', 'dnat')
  const gate = (map: string, kind: string, ...rules: readonly Rule[]): Gate => ({ map, chain: `${kind}_${shortId(id)}`, rules })
  if (internal) return [gate(TO_NETWORK, 'to', [fromLink, accept], [drop]), gate(FROM_NETWORK, 'from', [elsewhere, drop])]
  return [
    gate(TO_NETWORK, 'to', [fromLink, accept], [published, accept], [drop]),
    // To a neighbour, or oneself, through a published port: the answer has to come back this way.
    gate(
      MASQUERADES,
      'masquerade',
      ...subnets.flatMap((subnet) => [
        [from(subnet), elsewhere, masquerade],
        [from(subnet), published, masquerade],
      ]),
      [fromLink, toLink, published, masquerade],
    ),
  ]
}

const from = (subnet: string) => is(payload(subnet.includes(':') ? 'ip6' : 'ip', 'saddr'), prefix(subnet))

const raising = (wall: Wall): readonly Command[] => [
  ...base,
  ...gatesOf(wall).flatMap(({ map, chain, rules }) => [
    addChain(chain),
    ...setRules(chain, ...rules),
    addElements(map, [[linkName(wall.link), jump(chain)]]),
  ]),
  addElements(BRIDGES, [linkName(wall.link)]),
]

function razing(wall: Wall, last: boolean): readonly Command[] {
  if (last) return [addTable, deleteTable]
  return [
    ...removeElements(BRIDGES, [linkName(wall.link)]),
    ...gatesOf(wall).flatMap(({ map, chain }) => [
      addChain(chain),
      ...removeElements(map, [[linkName(wall.link), jump(chain)]]),
      ...removeChain(chain),
    ]),
  ]
}
