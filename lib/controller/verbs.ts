import type { PeerNode } from '../model/engine.ts'
import type { Peer } from '../model/peer.ts'
import type { Service } from '../model/swarm.ts'
import type { Controller } from './controller.ts'
import type { DryRun } from './dry-run.ts'
import type { NodeStatus } from './swarm/nodes.ts'

/** Behind a socket it takes a while. */
type Answer<T> = T | Promise<T>

/** What its users ask of a controller, be it in this process or behind a socket. */
export interface Verbs
  extends Pick<
    Controller,
    | 'createNetwork'
    | 'removeNetwork'
    | 'pruneNetworks'
    | 'unusedNetworks'
    | 'network'
    | 'networks'
    | 'usage'
    | 'reserve'
    | 'unreserve'
    | 'createSandbox'
    | 'removeSandbox'
    | 'removeSandboxes'
    | 'sandbox'
    | 'sandboxes'
    | 'connect'
    | 'disconnect'
    | 'seats'
    | 'openings'
    | 'guests'
    | 'events'
    | 'explain'
    | 'spawn'
    | 'reloadFirewall'
    | 'repair'
    | 'examine'
    | 'mtu'
    | 'addPeer'
    | 'removePeer'
    | 'verify'
    | 'initSwarm'
    | 'joinSwarm'
    | 'leaveSwarm'
    | 'joinToken'
    | 'rotateKeys'
    | 'removeNode'
    | 'exported'
    | 'close'
  > {
  peers(network: string): Answer<readonly Peer[]>
  nodesOn(network: string): Answer<readonly PeerNode[]>
  services(network: string): Answer<readonly Service[]>
  nodes(): Answer<readonly NodeStatus[]>
  node(node: string): Answer<NodeStatus>
  swarm(): Answer<ReturnType<Controller['swarm']>>
  plan(verb: (dry: Verbs) => Promise<unknown>): Promise<Pick<DryRun, 'text'>>
}
