import { CnmError, fault } from '../model/errors.ts'
import type { Id } from '../model/ids.ts'
import type { Network } from '../model/network.ts'
import type { Swarm, SwarmEndpoint, SwarmNode } from '../model/swarm.ts'
import { type Change, type Condition, type Engine, EngineLost, EngineRefused, type Lease, type Outcome, type Row } from './engine.ts'
import {
  aliveKey,
  DEFINITIONS,
  endpointKey,
  FRESH,
  guestsPrefix,
  HELD,
  hearingKey,
  heldKey,
  heldPrefix,
  NETWORKS,
  NODES,
  networkKey,
  nodeKey,
  RING,
  STATE,
  SWARM,
} from './keys.ts'
import { encode, holderText, readHolder } from './records.ts'
import type { Hearing, SealedRing } from './ring.ts'
import type { News, View } from './view.ts'

/** An address that another endpoint holds. */
export interface Taken {
  readonly networkId: Id
  readonly ip: string
  readonly nodeId: Id
  readonly endpointId: Id
}

export type Published =
  | { readonly done: true }
  /** Nothing was published: these are in the way. */
  | { readonly done: false; readonly taken: readonly Taken[]; readonly missing: readonly Id[]; readonly removed: boolean }

/** Operations of one transaction: etcd takes 128. */
const MOST = 120
const PER_ENDPOINT = 3

/**
 * What is done to a swarm, one transaction each. Throws ENGINE_LOST where the engine cannot be reached, ENGINE_REFUSED, and
 * LeaseDead where what is published would be tied to a lease that is over.
 */
export class Cluster {
  readonly view: View
  readonly #engine: Engine
  readonly #hear: (news: News) => void

  /** `hear` is told of what changes in the view by our own writes. */
  constructor(engine: Engine, view: View, hear: (news: News) => void = () => {}) {
    this.#engine = engine
    this.view = view
    this.#hear = hear
  }

  get engine(): string {
    return this.#engine.name
  }

  /** What there is, from the engine itself. Throws ENGINE_BROKEN for a swarm that is not valid. */
  async refresh(prefix: string = STATE): Promise<void> {
    this.#hear(this.view.replace(await this.#told(this.#engine.read(prefix)), prefix))
    const problem = this.view.problems.get(SWARM)
    if (problem) throw fault('ENGINE_BROKEN', { key: SWARM, engine: this.engine, reason: problem })
  }

  /** The networks, from the engine itself. */
  refreshNetworks(): Promise<void> {
    return this.refresh(NETWORKS)
  }

  /** The endpoints on a network, from the engine itself. */
  refreshGuests(network: Id): Promise<void> {
    return this.refresh(guestsPrefix(network))
  }

  /** False: there is a swarm already. */
  found(swarm: Swarm, node: SwarmNode, networks: readonly Network[]): Promise<boolean> {
    const then = [
      put(SWARM, swarm),
      put(nodeKey(node.id), node),
      ...networks.map((network) => put(networkKey(network.id), network)),
      { put: DEFINITIONS, value: swarm.id },
    ]
    return this.#agree([{ key: SWARM, is: 'absent' }], then)
  }

  /** False: the swarm is not what the view has; somebody has renewed its token. */
  admit(node: SwarmNode): Promise<boolean> {
    return this.#agree([this.#unchanged(SWARM)], [put(nodeKey(node.id), node), { put: DEFINITIONS, value: node.id }], [SWARM])
  }

  /** The swarm in other words. False: somebody else was faster. */
  rewrite(swarm: Swarm): Promise<boolean> {
    return this.#agree([this.#unchanged(SWARM)], [put(SWARM, swarm)], [SWARM])
  }

  /** A node with all that it has. */
  async remove(node: Id): Promise<void> {
    await this.withdraw(this.view.endpointsOf(node))
    await this.#agree([], withoutNode(node))
  }

  /** The same, of one that goes by itself, as others stay. False: a node or a network came or went in the meantime. */
  async leave(node: Id): Promise<boolean> {
    await this.withdraw(this.view.endpointsOf(node))
    const then = [{ put: DEFINITIONS, value: `without ${node}` }, ...withoutNode(node)]
    return this.#agree([this.#unchanged(DEFINITIONS)], then, [NODES, NETWORKS, DEFINITIONS])
  }

  /** The whole swarm. False: a node or a network came in the meantime. */
  end(): Promise<boolean> {
    return this.#agree([this.#unchanged(DEFINITIONS)], [{ deleteAll: STATE }, { deleteAll: HELD }], [NODES, NETWORKS, DEFINITIONS])
  }

  /** Of the networks that are known; who decides upon a further one remembers it, for others may come meanwhile. */
  get definitions(): number {
    return this.view.revisionOf(DEFINITIONS)
  }

  /** False: another network came or went since `definitions`, upon which this one was decided; the view knows it by now. */
  define(network: Network, definitions: number): Promise<boolean> {
    return this.#agree(
      [{ key: DEFINITIONS, revision: definitions }],
      [put(networkKey(network.id), network), { put: DEFINITIONS, value: network.id }],
      [NETWORKS, DEFINITIONS],
    )
  }

  /** False: somebody is on it, or it is gone; the view knows by now. */
  undefine(network: Id): Promise<boolean> {
    return this.#agree(
      [
        { key: networkKey(network), is: 'present' },
        { prefix: guestsPrefix(network), is: 'empty' },
      ],
      [{ put: DEFINITIONS, value: `without ${network} ${Date.now()}` }, { delete: networkKey(network) }],
      [guestsPrefix(network), NETWORKS],
    )
  }

  /** A network with all that is on it: who gave out its addresses has said that it is no more. */
  async abolish(network: Id): Promise<void> {
    await this.#agree(
      [{ key: networkKey(network), is: 'present' }],
      [
        { put: DEFINITIONS, value: `without ${network} ${Date.now()}` },
        { delete: networkKey(network) },
        { deleteAll: guestsPrefix(network) },
        { deleteAll: heldPrefix(network) },
      ],
      [NETWORKS],
    )
  }

  /** Says that a node is there, as long as its lease lives. False: it was removed. */
  announce(node: Id, lease: Lease): Promise<boolean> {
    return this.#agree([{ key: nodeKey(node), is: 'present' }], [{ put: aliveKey(node), value: lease, lease }])
  }

  /** A node in other words. False: it was removed. */
  redescribe(node: SwarmNode): Promise<boolean> {
    return this.#agree([{ key: nodeKey(node.id), is: 'present' }], [put(nodeKey(node.id), node)])
  }

  /** What a node has heard of the ring. False: it was removed. */
  hear(node: Id, hearing: Hearing): Promise<boolean> {
    return this.#agree([{ key: nodeKey(node), is: 'present' }], [put(hearingKey(node), hearing)])
  }

  /**
   * The ring is another one. `seconds`: it has a new key, and so long that one is not old. False: the ring is not what the view had
   * any more; the view knows it by now.
   */
  async turnRing(ring: SealedRing, seconds?: number): Promise<boolean> {
    const fresh: Change[] =
      seconds === undefined ? [] : [{ put: FRESH, value: String(ring.step), lease: await this.#told(this.#engine.grant(seconds)) }]
    return this.#agree([this.#unchanged(RING)], [put(RING, ring), ...fresh], [RING, FRESH])
  }

  /** Endpoints of one node with their addresses: all of them, or none. At most 40. */
  async publish(endpoints: readonly SwarmEndpoint[], lease: Lease): Promise<Published> {
    const [first] = endpoints
    if (!first) return { done: true }
    const networks = [...new Set(endpoints.map(({ networkId }) => networkId))]
    const holdings = endpoints.flatMap((endpoint) =>
      addressesOf(endpoint).map((ip) => ({ endpoint, key: heldKey(endpoint.networkId, ip) })),
    )
    const there: Condition[] = [...networks.map(networkKey), nodeKey(first.nodeId)].map((key) => ({ key, is: 'present' }))
    const then: Change[] = [
      ...endpoints.map((endpoint) => ({ ...put(endpointKey(endpoint.networkId, endpoint.endpointId), endpoint), lease })),
      ...holdings.map(({ endpoint, key }) => ({ put: key, value: holderText(endpoint), lease })),
    ]
    // Of what this node published under an earlier lease nothing has to be awaited.
    const own = new Map(holdings.map(({ endpoint, key }) => [key, holderText(endpoint)]))
    let known = new Set<string>()
    for (;;) {
      const free: Condition[] = [...own].map(([key, value]) => (known.has(key) ? { key, value } : { key, is: 'absent' }))
      const otherwise = [...own.keys(), ...networks.map(networkKey), nodeKey(first.nodeId)]
      const outcome = await this.#transact([...there, ...free], then, otherwise)
      if (outcome.done) return { done: true }
      const rows = new Map(outcome.rows.map((row) => [row.key, row]))
      const taken = [...own].flatMap(([key, value]) => takenBy(rows.get(key), value))
      const missing = networks.filter((id) => !rows.has(networkKey(id)))
      const removed = !rows.has(nodeKey(first.nodeId))
      if (taken.length > 0 || missing.length > 0 || removed) return { done: false, taken, missing, removed }
      known = new Set([...own.keys()].filter((key) => rows.has(key)))
    }
  }

  /** Endpoints and their addresses; an address that another one has by now stays. */
  async withdraw(endpoints: readonly SwarmEndpoint[]): Promise<void> {
    for (const some of chunks(endpoints)) {
      let holdings = some.flatMap((endpoint) =>
        addressesOf(endpoint).map((ip) => ({ key: heldKey(endpoint.networkId, ip), value: holderText(endpoint) })),
      )
      const gone = some.map(({ networkId, endpointId }) => ({ delete: endpointKey(networkId, endpointId) }))
      for (;;) {
        const keys = holdings.map(({ key }) => key)
        const outcome = await this.#transact(holdings, [...gone, ...keys.map((key) => ({ delete: key }))], keys)
        if (outcome.done) break
        // One of them at least is another's by now, so this comes to an end.
        const rows = new Map(outcome.rows.map(({ key, value }) => [key, value]))
        holdings = holdings.filter(({ key, value }) => rows.get(key) === value)
      }
    }
  }

  /**
   * Makes the swarm know of a node's endpoints what is true: publishes what is missing, withdraws what is not there. Answers with
   * those whose addresses others got while the node was away, or whose networks are gone.
   */
  async reconcile(
    node: Id,
    mine: readonly SwarmEndpoint[],
    lease: Lease,
  ): Promise<readonly { endpoint: SwarmEndpoint; taken: Taken | undefined }[]> {
    const wanted = new Map(mine.map((endpoint) => [endpoint.endpointId, endpoint]))
    const known = this.view.endpointsOf(node)
    await this.withdraw(known.filter(({ endpointId }) => !wanted.has(endpointId)))
    const there = new Map(known.map((endpoint) => [endpoint.endpointId, encode(endpoint)]))
    const missing = mine.filter((endpoint) => there.get(endpoint.endpointId) !== encode(endpoint))
    const lost: { endpoint: SwarmEndpoint; taken: Taken | undefined }[] = []
    for (const some of chunks(missing)) {
      if ((await this.publish(some, lease)).done) continue
      for (const endpoint of some) {
        const alone = await this.publish([endpoint], lease)
        if (alone.done) continue
        if (alone.removed) throw fault('NODE_REMOVED', {})
        lost.push({ endpoint, taken: alone.taken[0] })
      }
    }
    return lost
  }

  #unchanged(key: string): Condition {
    return { key, revision: this.view.revisionOf(key) }
  }

  async #agree(when: readonly Condition[], then: readonly Change[], otherwise: readonly string[] = []): Promise<boolean> {
    const outcome = await this.#transact(when, then, otherwise)
    if (!outcome.done) this.#hear(this.view.learn(outcome.rows))
    return outcome.done
  }

  async #transact(when: readonly Condition[], then: readonly Change[], otherwise: readonly string[] = []): Promise<Outcome> {
    const outcome = await this.#told(this.#engine.transact({ when, then, otherwise }))
    if (outcome.done) this.#hear(this.view.learn(then.flatMap((change) => written(change, outcome.revision))))
    return outcome
  }

  async #told<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      throw this.complaint(error)
    }
  }

  /** What an engine says, as an error of ours; any other comes back as it is. */
  complaint(error: unknown): unknown {
    if (error instanceof CnmError) return error
    if (error instanceof EngineLost) return fault('ENGINE_LOST', { engine: this.engine, reason: error.message }, error)
    if (error instanceof EngineRefused) return fault('ENGINE_REFUSED', { engine: this.engine, reason: error.message }, error)
    return error
  }
}

const put = (key: string, record: object): { readonly put: string; readonly value: string } => ({ put: key, value: encode(record) })

const withoutNode = (node: Id): readonly Change[] => [nodeKey, aliveKey, hearingKey].map((keyOf) => ({ delete: keyOf(node) }))

export const addressesOf = ({ address, address6 }: Pick<SwarmEndpoint, 'address' | 'address6'>): readonly string[] =>
  [address, address6].flatMap((cidr) => (cidr === undefined ? [] : [cidr.replace(/\/\d+$/, '')]))

function takenBy(row: Row | undefined, own: string): readonly Taken[] {
  if (row === undefined || row.value === own) return []
  const [networkId = '', ip = ''] = row.key.slice(HELD.length).split('/')
  return [{ networkId, ip, ...readHolder(row.value) }]
}

/** The rows of the view that a change of ours has written; the watch tells the same later. */
function written(change: Change, revision: number): readonly (Row | { readonly key: string; readonly revision: number })[] {
  if ('put' in change) return [{ key: change.put, value: change.value, revision }]
  return 'delete' in change ? [{ key: change.delete, revision }] : []
}

function chunks(endpoints: readonly SwarmEndpoint[]): readonly (readonly SwarmEndpoint[])[] {
  const size = Math.floor(MOST / PER_ENDPOINT)
  return Array.from({ length: Math.ceil(endpoints.length / size) }, (_, i) => endpoints.slice(i * size, (i + 1) * size))
}
