import { parseAddress } from '../model/address.ts'
import type { Plan } from '../model/op.ts'
import type { Opening } from '../model/wall.ts'
import { type Declared, direct, portMaps } from './names.ts'
import { addElements, type Command, concat, type Element, removeElements, transaction } from './nft.ts'

/**
 * Leads what arrives at host addresses and ports into sandboxes. A wall must be up. Openings that are there already stay;
 * the kernel refuses, with EEXIST and as a whole, one whose host address and port lead elsewhere.
 */
export const publish = (openings: readonly Opening[]): Plan =>
  openings.length === 0 ? [] : [transaction(opening(openings), closing(openings))]

/** Takes openings back, where they are there. Connections that were made through them go on. */
export const unpublish = (openings: readonly Opening[]): Plan =>
  openings.length === 0 ? [] : [transaction(closing(openings), opening(openings))]

export const opening = (openings: readonly Opening[]): readonly Command[] =>
  elementsOf(openings).map(([set, elements]) => addElements(set, elements))

const closing = (openings: readonly Opening[]): readonly Command[] =>
  elementsOf(openings).flatMap(([set, elements]) => removeElements(set, elements))

/** The elements that openings are made of, by map or set; each once, for two ports of the host may lead to one of a sandbox. */
function elementsOf(openings: readonly Opening[]): readonly (readonly [set: Declared, elements: readonly Element[]])[] {
  const byName = new Map<string, readonly [Declared, Map<string, Element>]>()
  const put = (set: Declared, element: Element) => {
    const found = byName.get(set.name) ?? [set, new Map<string, Element>()]
    found[1].set(JSON.stringify(element), element)
    byName.set(set.name, found)
  }
  for (const { protocol, hostIP, hostPort, address, port, direct: inside } of openings) {
    const host = parseAddress(hostIP)
    const any = host?.value === 0n
    if (inside) put(direct(parseAddress(address)?.family ?? 4), concat(address, protocol, port))
    if (!host) continue
    const maps = portMaps(host.family, any)
    const key = concat(...(any ? [] : [hostIP]), protocol, hostPort)
    put(maps.address, [key, address])
    put(maps.port, [key, port])
  }
  return [...byName.values()].map(([set, elements]) => [set, [...elements.values()]])
}
