import type { Family } from '../model/address.ts'
import type { Plan } from '../model/op.ts'
import { uplinks } from './names.ts'
import { addElements, linkName, transaction } from './nft.ts'

/**
 * Says that forwarding was switched on for these links of the host, for our networks only: what arrives there and is not
 * for them stays out. A wall must be up. Uplinks are given back with the last wall, and not by undo: another network may
 * have borrowed the same link before.
 */
export function lendUplinks(links: readonly string[], families: readonly Family[]): Plan {
  if (links.length === 0) return []
  const names = links.map(linkName)
  return [
    transaction(
      families.map((family) => addElements(uplinks(family), names)),
      [],
    ),
  ]
}
