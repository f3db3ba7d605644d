import { type Finding, finding } from '../../model/findings.ts'
import { openingsOf, seatsOf } from '../endpoints/endpoints.ts'
import type { Hall } from '../hall.ts'
import { raisedNetworks } from '../networks/raised.ts'
import { standsOn } from '../networks/raising.ts'
import { barrierAt } from '../networks/vlan-filters.ts'
import { heldByProcesses } from '../ports/host-ports.ts'
import { collide } from '../ports/ports.ts'

/** Bridges of others that take what macvlan and ipvlan networks send for none of theirs. */
export async function vlanFilters(hall: Hall): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const network of raisedNetworks(hall)) {
    const [parent] = standsOn(hall, network)
    const barrier = parent === undefined ? undefined : await barrierAt(hall.host, parent)
    if (barrier) found.push(finding('VLAN_FILTERED', `network ${network.name}`, { ...barrier }))
  }
  return found
}

/** Programs of the host at ports that lead into sandboxes: what is sent there does not get to them. */
export async function shadowedPorts(hall: Hall): Promise<readonly Finding[]> {
  const openings = hall.store.sandboxes
    .list()
    .flatMap((sandbox) => openingsOf(hall, sandbox.ports, seatsOf(hall, sandbox)).map((opening) => ({ name: sandbox.name, opening })))
  if (openings.length === 0) return []
  const wanted = openings.map(({ opening }) => opening)
  const held = await heldByProcesses(hall, wanted)
  return openings.flatMap(({ name, opening }) => {
    const holder = held.find((spot) => collide(spot, opening))?.holder()
    const port = `${opening.hostPort}/${opening.protocol}`
    return holder === undefined ? [] : [finding('PORT_SHADOWED', `sandbox ${name}`, { port, holder })]
  })
}
