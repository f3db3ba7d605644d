import { fault } from '../../model/errors.ts'
import { shortId } from '../../model/ids.ts'
import type { Network } from '../../model/network.ts'
import type { Agreement } from '../execution/commit.ts'
import type { Hall } from '../hall.ts'
import { Overtaken } from './overtaken.ts'

/** That the swarm has a network. */
export const definition = ({ swarm }: Hall, network: Network): Agreement => ({
  async reach() {
    const { member, definitions } = swarm.present
    if (await member.cluster.define(network, definitions)) return
    throw new Overtaken(fault('NETWORK_EXISTS', { name: network.name }))
  },
  async retract() {
    await swarm.present.member.cluster.undefine(network.id)
  },
})

/** Takes a network from the swarm. Throws NETWORK_IN_USE with whoever is on it, on whichever node. */
export async function undefine({ swarm }: Hall, { id, name }: Network): Promise<void> {
  const session = swarm.present
  if (await session.member.cluster.undefine(id)) return
  if (!session.view.networks.has(id)) throw fault('NETWORK_NOT_FOUND', { name })
  const guests = [...session.view.endpointsOn(id).values()]
  const named = guests.map(
    ({ sandbox, endpointId, nodeId }) => `name:"${sandbox}" id:"${shortId(endpointId)}" node:"${session.nameOf(nodeId)}"`,
  )
  throw fault('NETWORK_IN_USE', { name, endpoints: named.join(', ') })
}
