import type { News } from '../../cluster/view.ts'
import type { Id } from '../../model/ids.ts'
import type { Peer } from '../../model/peer.ts'
import type { SwarmEndpoint } from '../../model/swarm.ts'
import type { Hall } from '../hall.ts'

/** The data path of networks that are on more than one host. */
export interface PeerSink {
  /** All of them, in place of whatever was told before. */
  set(hall: Hall, network: Id, peers: readonly Peer[]): Promise<void>
  change(hall: Hall, network: Id, gone: readonly Peer[], came: readonly Peer[]): Promise<void>
}

type Endpoints = Pick<News, 'gone' | 'came'>

/** Tells the data path who is on other nodes: of those networks only that somebody of this node is on. */
export class Feed {
  readonly #sink: PeerSink
  readonly #node: Id
  readonly #fed = new Set<Id>()

  constructor(sink: PeerSink, node: Id) {
    this.#sink = sink
    this.#node = node
  }

  /**
   * `wanted`: networks with endpoints of this node. `guests`: everybody on one of them. `news`: what has changed since the last
   * time. What is told twice does no harm.
   */
  async tell(hall: Hall, wanted: ReadonlySet<Id>, guests: (network: Id) => Iterable<SwarmEndpoint>, news: Endpoints): Promise<void> {
    for (const id of this.#fed) if (!wanted.has(id)) this.#fed.delete(id)
    for (const id of wanted) {
      if (this.#fed.has(id)) await this.#change(hall, id, news)
      else await this.#sink.set(hall, id, this.#others(guests(id)))
      this.#fed.add(id)
    }
  }

  async #change(hall: Hall, network: Id, news: Endpoints): Promise<void> {
    const [gone, came] = [news.gone, news.came].map((endpoints) => this.#others(endpoints.filter(({ networkId }) => networkId === network)))
    if (gone && came && gone.length + came.length > 0) await this.#sink.change(hall, network, gone, came)
  }

  #others(endpoints: Iterable<SwarmEndpoint>): readonly Peer[] {
    return [...endpoints].filter(({ nodeId }) => nodeId !== this.#node).map(({ sandbox: _, services: _services, ...peer }) => peer)
  }
}
