import type { Family } from '../model/address.ts'
import type { Plan } from '../model/op.ts'
import { uplinks } from './names.ts'
import { addElements, type Command, linkName, transaction } from './nft.ts'

/** Names of links of the host, by the family that they forward for us. */
export type Uplinks = readonly { readonly family: Family; readonly names: readonly string[] }[]

/**
 * Says that forwarding was switched on for these links of the host, for our networks only: what arrives there and is not
 * for them stays out. A wall must be up. Uplinks are given back with the last wall, and not by undo: another network may
 * have borrowed the same link before.
 */
export function lendUplinks(lent: Uplinks): Plan {
  const commands = lending(lent)
  return commands.length === 0 ? [] : [transaction(commands, [])]
}

export const lending = (lent: Uplinks): readonly Command[] =>
  lent.filter(({ names }) => names.length > 0).map(({ family, names }) => addElements(uplinks(family), names.map(linkName)))
