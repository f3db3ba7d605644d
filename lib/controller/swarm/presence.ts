import { fault } from '../../model/errors.ts'
import type { Id } from '../../model/ids.ts'
import { isShared, type Network } from '../../model/network.ts'
import type { Membership, Swarm } from '../../model/swarm.ts'
import type { Store } from '../../store/store.ts'
import type { Turns } from '../execution/turns.ts'
import type { Hall } from '../hall.ts'
import type { DataPath } from '../overlay/underlay.ts'
import { engineOf } from './engines.ts'
import type { PeerSink } from './feed.ts'
import { Session } from './session.ts'

/** Ids of the swarm's pools. */
const GLOBAL = 'GlobalDefault/'

/** This host's place in a swarm, if it has one; verbs ask here. */
export class Presence {
  readonly #store: Store
  readonly #sink: PeerSink
  /** The same, of a swarm that is about to be. */
  founding: Swarm['pools'] = []
  #turns: Turns | undefined
  #session: Session | undefined

  constructor(store: Store, sink: PeerSink) {
    this.#store = store
    this.#sink = sink
  }

  get membership(): Membership | undefined {
    return this.#store.memberships.list()[0]
  }

  /** undefined: this host is in no swarm. */
  get session(): Session | undefined {
    return this.#session
  }

  /** Throws NETWORK_NOT_SWARM. */
  get present(): Session {
    if (!this.#session) throw fault('NETWORK_NOT_SWARM', {})
    return this.#session
  }

  /** How this host takes part in what is between the nodes. */
  get dataPath(): DataPath | undefined {
    const { membership } = this
    return membership && { address: membership.node.dataPath, port: membership.dataPathPort }
  }

  /** It is one that all nodes have to agree on. */
  has(network: Network): boolean {
    return isShared(network) && this.#session !== undefined
  }

  /** Subnets that networks of the swarm get; none where the usual ones are meant. */
  get pools(): Swarm['pools'] {
    return this.#session?.view.swarm?.pools ?? this.founding
  }

  /** Where in a pool of the swarm this node begins to give addresses: far from those who came before it, 1/2, 1/4, 3/4, 1/8, … */
  beginAt(poolId: string): number {
    if (!poolId.startsWith(GLOBAL)) return 0
    let share = 0
    for (let [rest, part] = [this.membership?.place ?? 0, 0.5]; rest > 0; rest >>= 1, part /= 2) share += (rest & 1) * part
    return share
  }

  /** Who on another node holds an address; '' when nobody is known. */
  holderOf(network: Id, ip: string): string {
    const guests = this.#session?.view.endpointsOn(network).values() ?? []
    const holder = [...guests].find(({ address, address6 }) => [address, address6].some((cidr) => cidr?.replace(/\/\d+$/, '') === ip))
    return holder && this.#session ? this.#session.holderOf({ ...holder, ip }) : ''
  }

  /** When the controller is opened: takes the place that is recorded. Within a turn. */
  async begin(hall: Hall, turns: Turns): Promise<void> {
    this.#turns = turns
    const { membership } = this
    if (membership) await this.enter(hall, membership)
  }

  /** Takes a place in a swarm. Within a turn. */
  async enter(hall: Hall, membership: Membership): Promise<Session> {
    const turns = this.#turns
    if (!turns) throw fault('NETWORK_NOT_SWARM', {})
    const engine = engineOf(this.#store, membership)
    this.#session = new Session({ hall, turns, membership, engine, sink: this.#sink })
    await this.#session.start()
    return this.#session
  }

  /** Gives the place up. Within a turn. */
  async leave(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    await session?.close({ outside: false })
  }

  /** When the controller is closed: the place stays, for the next one. */
  async close(): Promise<void> {
    await this.#session?.close({ outside: true })
  }
}
