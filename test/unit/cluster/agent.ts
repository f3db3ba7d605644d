import { addressesOf, Cluster } from '../../../lib/cluster/cluster.ts'
import type { Lease } from '../../../lib/cluster/engine.ts'
import { Member } from '../../../lib/cluster/member.ts'
import { type News, NO_NEWS, View } from '../../../lib/cluster/view.ts'
import type { Hall } from '../../../lib/controller/hall.ts'
import { Feed } from '../../../lib/controller/swarm/feed.ts'
import { Tidings } from '../../../lib/controller/swarm/tidings.ts'
import { CnmError } from '../../../lib/model/errors.ts'
import type { Network } from '../../../lib/model/network.ts'
import type { Peer } from '../../../lib/model/peer.ts'
import type { SwarmEndpoint, SwarmNode } from '../../../lib/model/swarm.ts'
import { calm, SimulatedEngine, type SimulatedStore } from '../../support/simulated.ts'

const HEARTBEAT = 5
export const NETWORK = 'net'
export const NETWORK_RECORD: Network = {
  ...{ id: NETWORK, name: 'app', driver: 'overlay', scope: 'swarm', created: '', internal: false, attachable: true },
  ...{ enableIPv4: true, enableIPv6: false, labels: {}, options: {}, ipam: { driver: 'default', options: {} }, pools: [] },
}
/** Few, so that nodes get into one another's way. */
const ADDRESSES = ['10.0.1.2', '10.0.1.3', '10.0.1.4', '10.0.1.5', '10.0.1.6']

let count = 0

/** A node that does what a controller does, without a kernel: verbs in turn, and what the swarm tells in between. */
export class Agent {
  readonly node: SwarmNode
  /** What is true on this node. */
  readonly mine = new Map<string, SwarmEndpoint>()
  /** What its data path was told. */
  readonly peers = new Map<string, Peer>()
  engine: SimulatedEngine
  member: Member | undefined
  readonly #store: SimulatedStore
  #lease: Lease | undefined
  /** It is no node of the swarm. */
  #outside = false
  #feed: Feed
  readonly #tidings = new Tidings(NO_NEWS)
  #turn: Promise<void> = Promise.resolve()

  constructor(store: SimulatedStore, index: number) {
    this.#store = store
    this.engine = new SimulatedEngine(store)
    this.node = {
      id: `n${index}`,
      name: `n${index}`,
      address: `10.99.0.${index}`,
      dataPath: `10.99.0.${index}`,
      joined: '',
      publicKey: `k${index}`,
      wireguardKey: '',
    }
    this.#feed = this.#newFeed()
  }

  /** The process begins; the swarm has the node already. */
  start(): void {
    if (this.member || this.#outside) return
    this.engine = new SimulatedEngine(this.#store)
    this.#feed = this.#newFeed()
    const member = new Member({
      engine: this.engine,
      node: this.node.id,
      heartbeat: HEARTBEAT,
      lease: this.#lease,
      sleep: this.#store.clock.sleep,
      ears: {
        hear: (news) => this.#hear(news),
        leased: (lease) => (this.#lease = lease),
        estranged: () => this.#reconcile(),
        contact: () => {},
        removed: () => {},
      },
    })
    this.member = member
    void member.start()
  }

  /** The process is killed; what it has made goes on. */
  async kill(): Promise<void> {
    const { member } = this
    this.member = undefined
    await member?.close()
    await this.#turn
  }

  /** The host is gone, and all that was on it. */
  async die(): Promise<void> {
    await this.kill()
    this.mine.clear()
    this.#lease = undefined
  }

  /** The node goes from the swarm, with all that it has; while the engine is away, it does not. */
  leave(): Promise<void> {
    return this.#take(async (member) => {
      await member.cluster.remove(this.node.id)
      this.#depart(member)
    })
  }

  /** And comes back as a new one; one that was removed has to leave first. */
  join(): Promise<void> {
    const { member } = this
    if (member?.isRemoved) this.#depart(member)
    if (!this.#outside) return Promise.resolve()
    this.#outside = false
    const engine = new SimulatedEngine(this.#store)
    const cluster = new Cluster(engine, new View())
    const admit = async () => {
      do await cluster.refresh()
      while (!(await cluster.admit(this.node)))
      engine.close()
      this.start()
    }
    return admit()
  }

  #depart(member: Member): void {
    this.member = undefined
    this.mine.clear()
    this.#lease = undefined
    this.#outside = true
    void member.close()
  }

  /** Somebody comes to the network. `address`: and insists on this one. */
  attach(address?: number): Promise<void> {
    return this.#take(async (member) => {
      const id = `e${count++}`
      const tried = new Set<string>()
      for (;;) {
        const known = [...member.view.endpointsOn(NETWORK).values(), ...this.mine.values()].flatMap(addressesOf)
        const ip = address === undefined ? ADDRESSES.find((each) => !known.includes(each) && !tried.has(each)) : ADDRESSES[address]
        if (ip === undefined || tried.has(ip)) return
        const endpoint = this.#endpoint(id, ip)
        const published = await member.leased((lease) => member.cluster.publish([endpoint], lease))
        if (published.done) this.mine.set(id, endpoint)
        if (published.done || published.taken.length === 0) return
        tried.add(ip)
      }
    })
  }

  /** A network comes, with the lowest number that no other has; in between, the swarm may tell of others. */
  define(): Promise<void> {
    return this.#take(async ({ cluster, view }) => {
      for (;;) {
        const { definitions } = cluster
        const taken = [...view.networks.values()].map(({ options }) => options['vni'])
        const vni = String([1, 2, 3, 4, 5, 6].find((each) => !taken.includes(String(each))) ?? 7)
        if (vni === '7') return
        await calm()
        const id = `net${count++}`
        if (await cluster.define({ ...NETWORK_RECORD, id, name: id, options: { vni } }, definitions)) return
      }
    })
  }

  /** The last one that came goes. */
  undefine(): Promise<void> {
    return this.#take(async ({ cluster, view }) => {
      const last = [...view.networks.keys()].filter((id) => id !== NETWORK).at(-1)
      if (last !== undefined) await cluster.undefine(last)
    })
  }

  /** What there is, from the engine itself. */
  refresh(): Promise<void> {
    return this.#take((member) => member.cluster.refresh())
  }

  /** Somebody leaves. */
  detach(): Promise<void> {
    return this.#take(async (member) => {
      const [endpoint] = this.mine.values()
      if (!endpoint) return
      this.mine.delete(endpoint.endpointId)
      await member.cluster.withdraw([endpoint])
    })
  }

  #endpoint(endpointId: string, ip: string): SwarmEndpoint {
    const { id, dataPath } = this.node
    // The MAC goes with the address: the same pair turns up elsewhere, as it does where users choose both.
    const mac = `02:42:0a:00:01:0${ip.at(-1)}`
    return { endpointId, networkId: NETWORK, nodeId: id, vtep: dataPath, mac, address: `${ip}/24`, sandbox: endpointId }
  }

  #hear(news: News): void {
    this.#tidings.hear(news)
    void this.#take(async () => {})
  }

  #reconcile(): void {
    const { member } = this
    void this.#take(async () => {
      if (!member || member.view.seen === 0) return
      const lost = await member.leased((lease) => member.cluster.reconcile(this.node.id, [...this.mine.values()], lease))
      for (const { endpoint } of lost) this.mine.delete(endpoint.endpointId)
    })
  }

  async #tell(member: Member): Promise<void> {
    const wanted = new Set(this.mine.size > 0 ? [NETWORK] : [])
    if (wanted.size === 0) this.peers.clear()
    await this.#tidings.settle((news) => this.#feed.tell({} as Hall, wanted, (id) => member.view.endpointsOn(id).values(), news))
  }

  /** One after the other; what cannot be known to be done is looked after a second later. */
  #take(work: (member: Member) => Promise<void>): Promise<void> {
    const { member } = this
    this.#turn = this.#turn.then(async () => {
      if (!member || this.member !== member) return
      try {
        await work(member)
      } catch (error) {
        if (!(error instanceof CnmError)) throw error
        const { signal } = new AbortController()
        void this.#store.clock.sleep(1000, signal).then(() => this.#reconcile())
      }
      await this.#tell(member)
    })
    return this.#turn
  }

  #newFeed(): Feed {
    this.peers.clear()
    const change = (gone: readonly Peer[], came: readonly Peer[]) => {
      for (const { endpointId } of gone) this.peers.delete(endpointId)
      for (const peer of came) this.peers.set(peer.endpointId, peer)
    }
    const sink = {
      set: async (_: Hall, __: string, peers: readonly Peer[]) => {
        this.peers.clear()
        change([], peers)
      },
      change: async (_: Hall, __: string, gone: readonly Peer[], came: readonly Peer[]) => change(gone, came),
    }
    return new Feed(sink, this.node.id)
  }
}
