import type { PeerNode } from '../../model/engine.ts'
import { fault } from '../../model/errors.ts'
import type { Network } from '../../model/network.ts'
import type { SwarmNode } from '../../model/swarm.ts'
import type { Hall } from '../hall.ts'
import { decided } from './membership.ts'

/** A node, and how it is. */
export interface NodeStatus extends SwarmNode {
  readonly status: 'ready' | 'down'
  /** It is this host. */
  readonly self: boolean
  /** How many endpoints of it the swarm knows. */
  readonly endpoints: number
}

/** As this node knows them; those that joined first come first. */
export function nodesOf({ swarm }: Hall): readonly NodeStatus[] {
  const { view, member, membership } = swarm.present
  if (view.seen === 0) throw fault('ENGINE_LOST', { engine: member.cluster.engine, reason: member.lost ?? '' })
  return [...view.nodes.values()]
    .map(
      (node): NodeStatus => ({
        ...node,
        status: view.alive.has(node.id) ? 'ready' : 'down',
        self: node.id === membership.node.id,
        endpoints: view.endpointsOf(node.id).length,
      }),
    )
    .sort((a, b) => (a.joined < b.joined ? -1 : 1))
}

/** Nodes with endpoints on a network, each by the address of its tunnels. */
export function nodesOn({ swarm }: Hall, { id }: Network): readonly PeerNode[] {
  const { view } = swarm.session ?? {}
  const there = new Map(Array.from(view?.endpointsOn(id).values() ?? [], ({ nodeId, vtep }) => [nodeId, vtep]))
  return Array.from(there, ([node, ip]) => ({ name: view?.nodes.get(node)?.name ?? node, ip })).sort((a, b) => (a.ip < b.ip ? -1 : 1))
}

/** By id, name, or unique beginning of the id; 'self' is this host. Throws NODE_NOT_FOUND, NODE_AMBIGUOUS. */
export function findNode(hall: Hall, ref: string): NodeStatus {
  const nodes = nodesOf(hall)
  const ways: readonly ((node: NodeStatus) => boolean)[] = [
    ({ id }) => id === ref,
    ({ self }) => self && ref === 'self',
    ({ name }) => name === ref,
    ({ id }) => ref !== '' && id.startsWith(ref),
  ]
  for (const fits of ways) {
    const [first, ...others] = nodes.filter(fits)
    if (others.length > 0) throw fault('NODE_AMBIGUOUS', { name: ref, count: others.length + 1 })
    if (first) return first
  }
  throw fault('NODE_NOT_FOUND', { name: ref })
}

/** Takes a node that is down from the swarm, and its endpoints; with `force` one that is not. It cannot come back by itself. */
export async function removeNode(hall: Hall, ref: string, force: boolean): Promise<NodeStatus> {
  const { cluster } = hall.swarm.present.member
  await cluster.refresh()
  const node = findNode(hall, ref)
  if (node.status === 'ready' && !force) throw fault('NODE_NOT_DOWN', { name: node.name })
  await decided(hall)
  await cluster.remove(node.id)
  return node
}
