import { bitsOf, type Family, formatAddress, lastOf, subnetOf } from '../model/address.ts'
import { ip, subnets } from './names.ts'
import {
  addBaseChain,
  addSet,
  type Command,
  concat,
  deleteSet,
  type Expression,
  inputLink,
  isIn,
  jump,
  masked,
  masquerade,
  outputLink,
  PRIORITY,
  payload,
  removeChain,
  setRules,
  tracked,
} from './nft.ts'

/** Subnets of one length: whether a packet comes from one of them is looked up by its address without the rest. */
export interface Length {
  readonly family: Family
  readonly prefix: number
}

/** What every packet goes to that leaves a network of ours and comes from its subnet. */
export const LEAVING = 'leaving'

const chainOf = ({ family, prefix }: Length): string => `${LEAVING}${family}_${prefix}`

export const isLengthChain = (name: string): boolean => /^leaving[46]_\d+$/.test(name)

/** The bits of the source address that tell the subnet. */
function subnetOfSource({ family, prefix }: Length): Expression {
  const address = payload(ip(family), 'saddr')
  const mask = subnetOf({ family, prefix, value: lastOf({ family, prefix: 0, value: 0n }) })
  return prefix === bitsOf(family) ? address : masked(address, formatAddress(mask))
}

const among = (length: Length): Command => addSet(subnets(length.family, length.prefix))
const chain = (length: Length): Command => addBaseChain(chainOf(length), { type: 'nat', hook: 'postrouting', prio: PRIORITY.srcnat })

/**
 * What looks up the subnets of one length, a chain of its own, so that nobody has to know which lengths there are. They are few,
 * and only the first packet of a connection comes here.
 */
export function declareLength(length: Length): readonly Command[] {
  const { family, prefix } = length
  const isFrom = (link: Expression) => isIn(concat(link, subnetOfSource(length)), subnets(family, prefix))
  return [
    among(length),
    chain(length),
    ...setRules(
      chainOf(length),
      [isFrom(inputLink), jump(LEAVING)],
      // To a neighbour, or oneself, through a published port: the answer has to come back this way. What br_netfilter bridges has
      // no input link here.
      [tracked('status', 'dnat'), isFrom(outputLink), masquerade],
    ),
  ]
}

/** The same away again, whatever of it is there. */
export const removeLength = (length: Length): readonly Command[] => [chain(length), ...dropLength(length)]

/** The same where the chain is there, whoever made it. */
export const dropLength = (length: Length): readonly Command[] => [
  among(length),
  ...removeChain(chainOf(length)),
  deleteSet(subnets(length.family, length.prefix)),
]

/** By the name of a chain. */
export function lengthOf(name: string): Length {
  const [family, prefix] = name.slice(LEAVING.length).split('_').map(Number)
  return { family: family === 6 ? 6 : 4, prefix: prefix ?? 0 }
}
