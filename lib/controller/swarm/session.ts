import { setTimeout as pause } from 'node:timers/promises'
import type { Taken } from '../../cluster/cluster.ts'
import type { Engine, Lease } from '../../cluster/engine.ts'
import { Member, type MemberOptions } from '../../cluster/member.ts'
import { type News, NO_NEWS, type View } from '../../cluster/view.ts'
import { CnmError, fault } from '../../model/errors.ts'
import { type Id, shortId } from '../../model/ids.ts'
import { type Endpoint, isShared, type Network, type Sandbox } from '../../model/network.ts'
import type { Membership, SwarmEndpoint } from '../../model/swarm.ts'
import type { Agreement } from '../execution/commit.ts'
import type { Turns } from '../execution/turns.ts'
import type { Hall } from '../hall.ts'
import { disconnect } from '../sandboxes/sandboxes.ts'
import { Alarm } from './alarm.ts'
import { Feed, type PeerSink } from './feed.ts'
import { Keyring } from './keyring.ts'
import { Mirror } from './mirror.ts'
import { Overtaken } from './overtaken.ts'
import { shareOf, sharesOf } from './shares.ts'
import { Tidings } from './tidings.ts'

const LEASE = 'swarm/lease'
/** Networks that are no more, which the swarm is still to be told. */
const FREED = 'swarm/freed/'
/** How long lists and inspections wait for the engine when a controller is opened, in ms. */
const PATIENCE = 1_000

export interface SessionOptions {
  readonly hall: Hall
  readonly turns: Turns
  readonly membership: Membership
  readonly engine: Engine
  readonly sink: PeerSink
}

/** What a node of a swarm is while its controller is open. What the swarm tells is acted upon in turn with the verbs. */
export class Session {
  readonly membership: Membership
  readonly member: Member
  /** Nobody need be told that this node is no more. */
  isLeaving = false
  readonly #hall: Hall
  readonly #turns: Turns
  readonly #mirror: Mirror
  readonly #feed: Feed
  readonly #keyring: Keyring
  readonly #tidings = new Tidings({ ...NO_NEWS, networks: true, keys: true })
  #definitions = 0
  readonly #told = new Set<string>()
  #estranged = true
  /** Somebody of an engine's is here whom the swarm does not know, for the address is another's. */
  #yielding = false
  #started = false
  #scheduled = false
  #underWay: Promise<void> = Promise.resolve()
  readonly #alarm = new Alarm(() => this.#schedule())
  readonly #end = new AbortController()

  constructor({ hall, turns, membership, engine, sink }: SessionOptions) {
    this.#hall = hall
    this.#turns = turns
    this.membership = membership
    this.#mirror = new Mirror(hall, membership.node.id)
    this.#feed = new Feed(sink, membership.node.id)
    const { marks } = hall.store
    const ears: MemberOptions['ears'] = {
      hear: (news) => this.#hear(news),
      leased: (lease) => marks.put(LEASE, lease),
      estranged: () => this.#estrange(),
      contact: (lost) => this.#tell(lost),
      removed: () => this.#banish(),
    }
    const lease = marks.get(LEASE) as Lease | undefined
    this.member = new Member({
      engine,
      node: membership.node.id,
      heartbeat: membership.heartbeat,
      lease,
      sleep: (ms, signal) => pause(ms, undefined, { signal }),
      ears,
    })
    this.#keyring = new Keyring({ hall, membership, member: this.member, again: (ms) => this.#alarm.set(ms) })
  }

  get view(): View {
    return this.member.view
  }

  /** Resolves when the swarm is known, or cannot be reached soon. Within a turn. */
  async start(): Promise<void> {
    const late = pause(PATIENCE, undefined, { signal: this.#end.signal, ref: false }).catch(() => {})
    await Promise.race([this.member.start(), late])
    this.#started = true
    await this.settle()
  }

  /** What is to be decided needs to know the swarm; `networks` are about to have somebody of this node. Throws ENGINE_LOST. */
  async catchUp(networks: readonly Network[] = []): Promise<void> {
    if (this.view.seen === 0) await this.member.cluster.refresh()
    await this.settle(networks)
  }

  /** Nothing more is begun. `outside`: of any turn, so that what is under way can be waited for. */
  async close({ outside }: { readonly outside: boolean }): Promise<void> {
    this.#end.abort()
    this.#alarm.close()
    this.#keyring.close()
    await this.member.close()
    if (outside) await this.#underWay
  }

  /** Acts upon what the swarm has told. Within a turn. */
  async settle(networks: readonly Network[] = []): Promise<void> {
    if (this.member.isRemoved) return this.#keyring.forget()
    if (this.view.seen === 0) return
    this.#complain()
    let makesRoom = false
    await this.#tidings.settle(async (news) => {
      makesRoom ||= news.gone.length > 0 || news.networks
      await this.#act(news, networks)
    })
    if (this.#estranged || (this.#yielding && makesRoom)) await this.#reconcile()
  }

  async #act({ gone, came, keys, ...news }: News, networks: readonly Network[]): Promise<void> {
    // What is decided from now on is decided upon these, whatever the swarm tells while it is.
    this.#definitions = this.member.cluster.definitions
    if (news.networks) await this.#mirror.networks([...this.view.networks.values()])
    await this.#mirror.endpoints(gone, came)
    if (keys) this.#keyring.learn()
    const { store } = this.#hall
    const own = store.networks.list().filter((each) => isShared(each) && store.endpoints.with('networkId', each.id).length > 0)
    const wanted = new Set([...networks, ...own].map(({ id }) => id))
    await this.#feed.tell(this.#hall, wanted, (id) => this.view.endpointsOn(id).values(), { gone, came })
    await this.#keyring.settle()
  }

  /** Of the networks that the records of this host have. */
  get definitions(): number {
    return this.#definitions
  }

  /** What this node has on networks of the swarm. */
  mine(): readonly SwarmEndpoint[] {
    return sharesOf(this.#hall, this.membership)
  }

  /** That nobody else has the addresses of new endpoints of a sandbox. */
  agreement(endpoints: readonly Endpoint[], sandbox: Sandbox): Agreement {
    const shares = endpoints.map((endpoint) => shareOf(this.membership, endpoint, sandbox.name))
    return { reach: () => this.publish(shares), retract: () => this.withdraw(shares) }
  }

  /** All of them, or none. Throws Overtaken, ENGINE_LOST, NODE_REMOVED, NETWORK_NOT_FOUND. */
  async publish(endpoints: readonly SwarmEndpoint[]): Promise<void> {
    const { cluster } = this.member
    const published = await this.member
      .leased((lease) => cluster.publish(endpoints, lease))
      .catch((error) => {
        this.#estrangeLater()
        throw cluster.complaint(error)
      })
    if (published.done) return
    if (published.removed) throw fault('NODE_REMOVED', {})
    const [missing] = published.missing
    if (missing !== undefined) throw fault('NETWORK_NOT_FOUND', { name: this.#hall.store.networks.get(missing)?.name ?? missing })
    const [first] = published.taken
    throw new Overtaken(fault('ADDRESS_IN_USE', { address: first?.ip ?? '', holder: first ? this.holderOf(first) : '' }), published.taken)
  }

  /** An endpoint that is there is called otherwise. What cannot be told now is as soon as the engine answers again. */
  async rename(endpoint: Endpoint, sandbox: Sandbox): Promise<void> {
    if (this.member.lost !== null) return
    try {
      await this.publish([shareOf(this.membership, endpoint, sandbox.name)])
    } catch (error) {
      if (!(error instanceof CnmError || error instanceof Overtaken)) throw error
    }
  }

  /** What cannot be withdrawn now is as soon as the engine answers again. */
  async withdraw(endpoints: readonly SwarmEndpoint[]): Promise<void> {
    // Nobody need wait for an engine that is known not to answer: it is told all that has gone when it does.
    if (endpoints.length === 0 || this.member.lost !== null) return
    try {
      await this.member.cluster.withdraw(endpoints)
    } catch (error) {
      if (!(error instanceof CnmError)) throw error
      this.#estrangeLater()
    }
  }

  /** Makes the swarm know of this node what is true, whatever became of it there. Throws ENGINE_LOST, NODE_REMOVED. */
  async rejoin(): Promise<void> {
    const { member, membership } = this
    await member.leased(async (lease) => {
      if (!(await member.cluster.announce(membership.node.id, lease))) throw fault('NODE_REMOVED', {})
    })
    await this.#reconcile()
  }

  /** A network of a container engine's is no more. What cannot be told now is as soon as the swarm's engine answers again. */
  async abolish(network: Id): Promise<void> {
    this.#hall.store.marks.put(`${FREED}${network}`, true)
    if (this.member.lost !== null) return
    try {
      await this.#abolishFreed()
    } catch (error) {
      if (!(error instanceof CnmError)) throw error
      this.#estrangeLater()
    }
  }

  async #abolishFreed(): Promise<void> {
    const { marks } = this.#hall.store
    for (const { key } of marks.list(FREED)) {
      await this.member.cluster.abolish(key.slice(FREED.length))
      marks.delete(key)
    }
  }

  /** Addresses that others turned out to have. */
  async learn(taken: readonly Taken[]): Promise<void> {
    for (const each of taken) await this.#mirror.take(each)
  }

  /** Addresses on a network that other nodes hold, as far as this one's IPAM knows. */
  heldElsewhere(network: Id): readonly string[] {
    return this.#mirror.heldOn(network)
  }

  /** In words. */
  holderOf({ networkId, nodeId, endpointId }: Taken): string {
    const endpoint = this.view.endpointsOn(networkId).get(endpointId)
    const who = endpoint ? `sandbox ${endpoint.sandbox}` : `endpoint ${shortId(endpointId)}`
    return `${who} of node ${this.nameOf(nodeId)}`
  }

  nameOf(node: Id): string {
    return this.view.nodes.get(node)?.name ?? shortId(node)
  }

  /** Rows that somebody else wrote: each is told once. */
  #complain(): void {
    for (const [key, reason] of this.view.problems) {
      if (this.#told.has(key)) continue
      this.#told.add(key)
      this.#warn(fault('ENGINE_BROKEN', { key, engine: this.member.cluster.engine, reason }).message)
    }
  }

  #hear({ gone, came, ...rest }: News): void {
    const others = (endpoints: readonly SwarmEndpoint[]) => endpoints.filter(({ nodeId }) => nodeId !== this.membership.node.id)
    this.#tidings.hear({ gone: others(gone), came: others(came), ...rest })
    this.#schedule()
  }

  #schedule(): void {
    if (!this.#started || this.#scheduled || this.#end.signal.aborted) return
    this.#scheduled = true
    // Packets wait for it, where verbs that wait may be many.
    this.#underWay = this.#turns
      .ahead(async () => {
        this.#scheduled = false
        this.#end.signal.throwIfAborted()
        await this.settle()
      })
      .catch((error) => {
        if (!this.#end.signal.aborted) this.#warn((error as Error).message)
      })
  }

  #banish(): void {
    if (this.isLeaving) return
    this.#warn('this node was removed from its swarm: cnm swarm leave --force')
    this.#schedule()
  }

  #estrange(): void {
    this.#estranged = true
    this.#schedule()
  }

  /** Whether something was carried out is not known. */
  #estrangeLater(): void {
    pause(1000, undefined, { signal: this.#end.signal, ref: false }).then(
      () => this.#estrange(),
      () => {},
    )
  }

  async #reconcile(): Promise<void> {
    this.#estranged = false
    this.#yielding = false
    const { cluster } = this.member
    try {
      await this.#abolishFreed()
      const lost = await this.member.leased((lease) => cluster.reconcile(this.membership.node.id, this.mine(), lease))
      for (const { endpoint, taken } of lost) await this.#giveUp(endpoint, taken)
    } catch (error) {
      if (!(error instanceof CnmError)) throw error
      this.#estrangeLater()
    }
  }

  /** While this node was away, its address went to somebody else. */
  async #giveUp({ networkId, endpointId, address, address6 }: SwarmEndpoint, taken: Taken | undefined): Promise<void> {
    const network = this.#hall.store.networks.get(networkId)
    const endpoint = this.#hall.store.endpoints.get(endpointId)
    const sandbox = this.#hall.store.sandboxes.get(endpoint?.sandboxId ?? '')
    if (!network || !endpoint) return
    const isEngines = sandbox?.kind === 'engine'
    if (taken && !this.#told.has(endpointId)) {
      this.#told.add(endpointId)
      const ours = [address, address6].filter((text) => text !== undefined).join(', ')
      const follows = isEngines ? 'is not reached from other nodes until it goes' : 'was disconnected'
      this.#warn(`${ours} on network ${network.name} belongs to ${this.holderOf(taken)} by now: sandbox ${endpoint.sandboxId} ${follows}`)
    }
    if (isEngines) {
      this.#yielding = true
      return
    }
    await disconnect(this.#hall, networkId, endpoint.sandboxId)
    if (taken) await this.#mirror.take(taken)
  }

  #tell(lost: string | null): void {
    if (lost !== null) this.#warn(`the swarm cannot be changed now: ${lost}`)
  }

  #warn(message: string): void {
    process.emitWarning(message, { code: 'CNM_SWARM' })
  }
}
