import type { Id } from '../model/ids.ts'
import type { Network } from '../model/network.ts'
import type { Shape } from '../model/shape.ts'
import type { Swarm, SwarmEndpoint, SwarmNode } from '../model/swarm.ts'
import type { Batch, Snapshot } from './engine.ts'
import { ALIVE, ENDPOINTS, endpointKey, FRESH, HEARINGS, NETWORKS, NODES, networkKey, nodeKey, RING, STATE, SWARM } from './keys.ts'
import { decode, SHAPES } from './records.ts'
import type { Hearing, SealedRing } from './ring.ts'

/** What has changed in a view. An endpoint that is other than it was has gone and come. */
export interface News {
  readonly gone: readonly SwarmEndpoint[]
  readonly came: readonly SwarmEndpoint[]
  /** Networks came, went or are others now. */
  readonly networks: boolean
  /** So is what networks are encrypted with, or who has heard of it. */
  readonly keys: boolean
}

type Written = Batch['written'][number]

/** What this node knows of its swarm: as of the last word of the watch, and its own writes. */
export class View {
  readonly nodes = new Map<Id, SwarmNode>()
  readonly alive = new Set<Id>()
  readonly networks = new Map<Id, Network>()
  /** By network, by id. */
  readonly endpoints = new Map<Id, Map<Id, SwarmEndpoint>>()
  /** Rows that are not what they should be, and why; they count as absent. */
  readonly problems = new Map<string, string>()
  swarm: Swarm | undefined
  ring: SealedRing | undefined
  /** Nobody need change the ring for its age. */
  isFresh = false
  /** By node. */
  readonly hearings = new Map<Id, Hearing>()
  /** The revision up to which the watch has told everything. */
  seen = 0
  /** By key, the revision of what is known; of what is gone too, as long as the watch may still speak of it. */
  readonly #revisions = new Map<string, number>()
  readonly #gone = new Map<string, number>()

  /** When a row was written; 0: it is not there. */
  revisionOf(key: string): number {
    return this.#revisions.get(key) ?? 0
  }

  endpointsOn(network: Id): ReadonlyMap<Id, SwarmEndpoint> {
    return this.endpoints.get(network) ?? NOBODY
  }

  endpointsOf(node: Id): readonly SwarmEndpoint[] {
    return [...this.endpoints.values()].flatMap((guests) => [...guests.values()].filter(({ nodeId }) => nodeId === node))
  }

  /** Everything there is, from which the watch goes on: nothing is told meanwhile. */
  begin(snapshot: Snapshot): News {
    if (snapshot.revision < this.seen) this.#restart()
    return this.replace(snapshot)
  }

  /** What was read under a prefix; what the watch has told since it was stands. */
  replace({ revision, rows }: Snapshot, prefix = STATE): News {
    const there = new Set(rows.map(({ key }) => key))
    const missing = [...this.#revisions].filter(([key, known]) => key.startsWith(prefix) && known <= revision && !there.has(key))
    const news = this.#write([...missing.map(([key]) => ({ key, revision })), ...rows])
    if (prefix === STATE) this.#see(revision)
    return news
  }

  /** What the watch tells. */
  apply({ revision, written }: Batch): News {
    const news = this.#write(written)
    this.#see(revision)
    return news
  }

  /** What this node has written itself; the watch will tell of it later. */
  learn(written: readonly Written[]): News {
    return this.#write(written)
  }

  /** The store was put back to an earlier day: what it says now is newer than all that was known. */
  #restart(): void {
    this.seen = 0
    for (const key of this.#revisions.keys()) this.#revisions.set(key, 0)
    this.#gone.clear()
  }

  #see(revision: number): void {
    this.seen = Math.max(this.seen, revision)
    for (const [key, gone] of this.#gone) if (gone <= this.seen) this.#gone.delete(key)
  }

  #write(written: readonly Written[]): News {
    const gone: SwarmEndpoint[] = []
    const came: SwarmEndpoint[] = []
    let [networks, keys] = [false, false]
    for (const { key, value, revision } of written) {
      // What is not known, and was written before what the watch has told, has gone since.
      if (revision <= (this.#revisions.get(key) ?? Math.max(this.seen, this.#gone.get(key) ?? 0))) continue
      if (value === undefined) {
        this.#revisions.delete(key)
        this.#gone.set(key, revision)
      } else this.#revisions.set(key, revision)
      this.problems.delete(key)
      networks ||= key.startsWith(NETWORKS)
      keys ||= ABOUT_KEYS.some((prefix) => key.startsWith(prefix))
      if (key.startsWith(ENDPOINTS)) this.#writeEndpoint(key, value, gone, came)
      else this.#writeOther(key, value)
    }
    return { ...withoutDetours(gone, came), networks, keys }
  }

  #writeEndpoint(key: string, value: string | undefined, gone: SwarmEndpoint[], came: SwarmEndpoint[]): void {
    const [network = '', id = ''] = key.slice(ENDPOINTS.length).split('/')
    const guests = this.endpoints.get(network) ?? new Map<Id, SwarmEndpoint>()
    const before = guests.get(id)
    if (before) gone.push(before)
    guests.delete(id)
    const endpoint = this.#read(key, SHAPES.endpoint, value, (its) => endpointKey(its.networkId, its.endpointId))
    if (endpoint) {
      guests.set(id, endpoint)
      came.push(endpoint)
    }
    if (guests.size > 0) this.endpoints.set(network, guests)
    else this.endpoints.delete(network)
  }

  #writeOther(key: string, value: string | undefined): void {
    if (key === SWARM) this.swarm = this.#read(key, SHAPES.swarm, value)
    else if (key === RING) this.ring = this.#read(key, SHAPES.ring, value)
    else if (key === FRESH) this.isFresh = value !== undefined
    else if (key.startsWith(HEARINGS)) put(this.hearings, key.slice(HEARINGS.length), this.#read(key, SHAPES.hearing, value))
    else if (key.startsWith(NODES))
      put(
        this.nodes,
        key.slice(NODES.length),
        this.#read(key, SHAPES.node, value, ({ id }) => nodeKey(id)),
      )
    else if (key.startsWith(NETWORKS))
      put(
        this.networks,
        key.slice(NETWORKS.length),
        this.#read(key, SHAPES.network, value, ({ id }) => networkKey(id)),
      )
    else if (key.startsWith(ALIVE)) {
      if (value === undefined) this.alive.delete(key.slice(ALIVE.length))
      else this.alive.add(key.slice(ALIVE.length))
    }
  }

  /** `keyOf`: where a record belongs. */
  #read<T>(key: string, shape: Shape<T>, value: string | undefined, keyOf: (record: T) => string = () => key): T | undefined {
    if (value === undefined) return undefined
    const answer = decode(shape, value)
    if ('record' in answer && keyOf(answer.record) === key) return answer.record
    this.problems.set(key, 'record' in answer ? `it belongs to ${keyOf(answer.record)}` : answer.problem)
    return undefined
  }
}

/** Nodes and who of them is there too: for whom the ring is sealed, and who is waited for. */
const ABOUT_KEYS = [RING, FRESH, HEARINGS, NODES, ALIVE, NETWORKS]

const NOBODY: ReadonlyMap<Id, SwarmEndpoint> = new Map()

function put<T>(map: Map<Id, T>, id: Id, record: T | undefined): void {
  if (record === undefined) map.delete(id)
  else map.set(id, record)
}

export const NO_NEWS: News = { gone: [], came: [], networks: false, keys: false }

/** Pieces of news as one: there may be thousands. */
export const together = (pieces: readonly News[]): News => ({
  ...withoutDetours(
    pieces.flatMap(({ gone }) => gone),
    pieces.flatMap(({ came }) => came),
  ),
  networks: pieces.some(({ networks }) => networks),
  keys: pieces.some(({ keys }) => keys),
})

/** Of an endpoint that was written several times, the first that went and the last that came. */
function withoutDetours(gone: readonly SwarmEndpoint[], came: readonly SwarmEndpoint[]): Pick<News, 'gone' | 'came'> {
  const there = new Set<SwarmEndpoint>(came)
  const passing = new Set(gone.filter((endpoint) => there.has(endpoint)))
  return { gone: gone.filter((endpoint) => !passing.has(endpoint)), came: came.filter((endpoint) => !passing.has(endpoint)) }
}
