import type { Family } from '../model/address.ts'
import { parseAddress } from '../model/address.ts'
import type { Plan } from '../model/op.ts'
import type { Opening } from '../model/wall.ts'
import { portMaps } from './names.ts'
import { addElements, type Command, concat, type Element, removeElements, transaction } from './nft.ts'

/**
 * Leads what arrives at host addresses and ports into sandboxes. A wall must be up. Openings that are there already stay;
 * the kernel refuses, with EEXIST and as a whole, one whose host address and port lead elsewhere.
 */
export const publish = (openings: readonly Opening[]): Plan =>
  openings.length === 0 ? [] : [transaction(adding(openings), removing(openings))]

/** Takes openings back, where they are there. Connections that were made through them go on. */
export const unpublish = (openings: readonly Opening[]): Plan =>
  openings.length === 0 ? [] : [transaction(removing(openings), adding(openings))]

const adding = (openings: readonly Opening[]): readonly Command[] =>
  elementsOf(openings).map(([map, elements]) => addElements(map, elements))

const removing = (openings: readonly Opening[]): readonly Command[] =>
  elementsOf(openings).flatMap(([map, elements]) => removeElements(map, elements))

/** The elements that openings are made of, by map. */
function elementsOf(openings: readonly Opening[]): readonly (readonly [map: string, elements: readonly Element[]])[] {
  const byMap = new Map<string, Element[]>()
  const put = (map: string, element: Element) => byMap.set(map, [...(byMap.get(map) ?? []), element])
  for (const { protocol, hostIP, hostPort, address, port } of openings) {
    const host = parseAddress(hostIP)
    const family: Family = host?.family ?? 4
    const any = host?.value === 0n
    const maps = portMaps(family, any)
    const key = concat(...(any ? [] : [hostIP]), protocol, hostPort)
    put(maps.address, [key, address])
    put(maps.port, [key, port])
  }
  return [...byMap]
}
