import { parseAddress } from '../model/address.ts'
import type { Plan } from '../model/op.ts'
import type { Opening } from '../model/wall.ts'
import { Elements } from './elements.ts'
import { direct, portMaps } from './names.ts'
import { type Command, concat, transaction } from './nft.ts'

/**
 * Leads what arrives at host addresses and ports into sandboxes. A wall must be up. Openings that are there already stay;
 * the kernel refuses, with EEXIST and as a whole, one whose host address and port lead elsewhere.
 */
export const publish = (openings: readonly Opening[]): Plan =>
  openings.length === 0 ? [] : [transaction(opening(openings), closing(openings))]

/** Takes openings back, where they are there. Connections that were made through them go on. */
export const unpublish = (openings: readonly Opening[]): Plan =>
  openings.length === 0 ? [] : [transaction(closing(openings), opening(openings))]

export const opening = (openings: readonly Opening[]): readonly Command[] => elementsOf(openings).add()

const closing = (openings: readonly Opening[]): readonly Command[] => elementsOf(openings).remove()

function elementsOf(openings: readonly Opening[]): Elements {
  const elements = new Elements()
  for (const { protocol, hostIP, hostPort, address, port, direct: inside } of openings) {
    const host = parseAddress(hostIP)
    const any = host?.value === 0n
    if (inside) elements.put(direct(parseAddress(address)?.family ?? 4), concat(address, protocol, port))
    if (!host) continue
    const maps = portMaps(host.family, any)
    const key = concat(...(any ? [] : [hostIP]), protocol, hostPort)
    elements.put(maps.address, [key, address])
    elements.put(maps.port, [key, port])
  }
  return elements
}
