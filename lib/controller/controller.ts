import type { ChildProcess, SpawnOptions } from 'node:child_process'
import type { Mtu } from '../drivers/driver.ts'
import type { PeerNode, SubnetUsage } from '../model/engine.ts'
import { fault } from '../model/errors.ts'
import type { NetworkEvent } from '../model/event.ts'
import type { Finding } from '../model/findings.ts'
import type { KeyRing, WireguardKeys } from '../model/keys.ts'
import type { Endpoint, Network, Sandbox } from '../model/network.ts'
import type { Peer } from '../model/peer.ts'
import type { AddPeer, Attachment, CreateNetwork, CreateSandbox, EnterSwarm, InitSwarm, JoinSwarm } from '../model/request.ts'
import { map, type Shape, text } from '../model/shape.ts'
import type { Membership, Service } from '../model/swarm.ts'
import type { Opening } from '../model/wall.ts'
import type { Node } from '../plugins/network.ts'
import { argument, attachmentAsked, explainAsked, networkAsked, peerAsked, sandboxAsked, swarmAsked } from './arguments.ts'
import { diagnose } from './doctor/diagnose.ts'
import { type Examination, examineIn, type Repair, repair } from './doctor/repair.ts'
import { type DryRun, dryRun } from './dry-run.ts'
import { usageOf } from './endpoints/addresses.ts'
import { openingsOf, seatsOf } from './endpoints/endpoints.ts'
import type { Seat } from './endpoints/gateway.ts'
import { EngineDriver } from './engine/driver.ts'
import { EngineIpam } from './engine/ipam.ts'
import { type EngineSubnets, heedSubnets } from './engine/lost-pools.ts'
import { type EngineNaming, named } from './engine/names.ts'
import { eventsOf, type Period } from './execution/events.ts'
import type { Asked, Outcomes, Turns } from './execution/turns.ts'
import { type ExplainRequest, explain, type Hop } from './explain/explain.ts'
import { reloadFirewall } from './guard/mend.ts'
import type { Hall } from './hall.ts'
import { findNetwork, findSandbox, guestsOf } from './lookup.ts'
import { createNetwork, removeNetwork } from './networks/networks.ts'
import { pruneNetworks, unusedNetworks } from './networks/prune.ts'
import { mtuOf } from './networks/raising.ts'
import { reserve, unreserve } from './networks/reservations.ts'
import { addPeer, peersOf, removePeer } from './overlay/fixed.ts'
import { changePeers, setPeers } from './overlay/peers.ts'
import { setKeys } from './overlay/secrecy.ts'
import { type Verification, verifyNetwork } from './overlay/verify.ts'
import { setWireguardKeys } from './overlay/wireguard-keys.ts'
import { tellOfNode } from './remote/nodes.ts'
import { removeSandboxes } from './sandboxes/removal.ts'
import { connect, createSandbox, disconnectAll, type Leave } from './sandboxes/sandboxes.ts'
import { spawnAt } from './sandboxes/spawn.ts'
import { type StateExport, snapshotOf } from './state.ts'
import { enterSwarm, initSwarm, joinSwarm, joinToken, leaveSwarm } from './swarm/membership.ts'
import { findNode, type NodeStatus, nodesOf, nodesOn, removeNode } from './swarm/nodes.ts'
import { rotateKeys } from './swarm/rotate-keys.ts'
import { servicesOn } from './swarm/services.ts'

export interface VerbOptions {
  /** Aborted: what was done is undone, and the promise rejects with the signal's reason; a driver that is asked is let answer first. */
  readonly signal?: AbortSignal
}

/**
 * The Container Networking Model on one host: networks, sandboxes, and the endpoints between them. One controller at a
 * time owns a run directory; verbs are carried out one after the other. Every error is a CnmError (match on `code`).
 */
export class Controller implements AsyncDisposable {
  readonly #furnished: Hall
  readonly #turns: Turns
  readonly #close: () => Promise<void>
  #closed: Promise<void> | undefined
  readonly #removeSandbox: (sandbox: string, signal?: AbortSignal) => Promise<Sandbox>
  readonly #disconnect: (what: Leave, signal?: AbortSignal) => Promise<unknown>

  /** Use open(). */
  constructor(hall: Hall, turns: Turns, close: () => Promise<void>) {
    this.#furnished = hall
    this.#turns = turns
    this.#close = close
    this.#removeSandbox = turns.together((all: readonly Asked<string>[]) => removeSandboxes(hall, all))
    this.#disconnect = turns.together((all: readonly Asked<Leave>[]) => disconnectAll(hall, all))
  }

  /** What is closed knows nothing any more: another controller may have changed it. Throws CONTROLLER_CLOSED. */
  get #hall(): Hall {
    if (this.#turns.over) throw fault('CONTROLLER_CLOSED', {})
    return this.#furnished
  }

  /** A turn for what was asked for then. Rejects with INVALID_ARGUMENT. */
  async #ask<A, T>(shape: Shape<A>, value: unknown, what: string, verb: (asked: A) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const asked = argument(shape, value, what)
    return this.#turns.take(() => verb(asked), signal)
  }

  /** The same for somebody else, whose close() ends nothing. */
  lend(): Controller {
    return new Controller(this.#hall, this.#turns, () => this.#turns.idle())
  }

  /** The run directory. */
  get run(): string {
    return this.#furnished.run
  }

  /** Names of network drivers. */
  drivers(): readonly string[] {
    return this.#hall.drivers.names
  }

  createNetwork(request: CreateNetwork, { signal }: VerbOptions = {}): Promise<Network> {
    return this.#ask(networkAsked, request, 'network', (asked) => createNetwork(this.#hall, asked, signal), signal)
  }

  /** By name, id, or unique prefix of the id; so everywhere. */
  removeNetwork(network: string, { signal }: VerbOptions = {}): Promise<Network> {
    return this.#turns.take(() => removeNetwork(this.#hall, network), signal)
  }

  /** Removes the networks that pass and that nobody is on. */
  pruneNetworks(passes: (network: Network) => boolean, { signal }: VerbOptions = {}): Promise<readonly Network[]> {
    return this.#turns.take(() => pruneNetworks(this.#hall, passes, signal), signal)
  }

  /** What pruneNetworks() would remove if all of them passed. */
  unusedNetworks(): readonly Network[] {
    return unusedNetworks(this.#hall)
  }

  network(network: string): Network {
    return findNetwork(this.#hall, network)
  }

  networks(): readonly Network[] {
    return [...this.#hall.store.networks.list()]
  }

  /** Addresses in use and still available, by subnet. */
  async usage(network: string): Promise<SubnetUsage> {
    return usageOf(this.#hall, findNetwork(this.#hall, network))
  }

  /** Keeps an address for the sandbox of that name, whether it is there or not, in place of the one kept in that subnet. */
  async reserve(network: string, sandbox: string, address: string, { signal }: VerbOptions = {}): Promise<Network> {
    argument(map(text), { sandbox, address }, '')
    return this.#turns.take(() => reserve(this.#hall, network, sandbox, address, signal), signal)
  }

  /** A sandbox that is there keeps its address as long as it stays. */
  unreserve(network: string, sandbox: string, { signal }: VerbOptions = {}): Promise<Network> {
    return this.#turns.take(() => unreserve(this.#hall, network, sandbox), signal)
  }

  createSandbox(request: CreateSandbox = {}, { signal }: VerbOptions = {}): Promise<Sandbox> {
    return this.#ask(sandboxAsked, request, 'sandbox', (asked) => createSandbox(this.#hall, asked, signal), signal)
  }

  /** Those that are asked for at the same time, and wait one behind the other, go in one piece of work; so with disconnect(). */
  removeSandbox(sandbox: string, { signal }: VerbOptions = {}): Promise<Sandbox> {
    return this.#removeSandbox(sandbox, signal)
  }

  /** Many at once: what became of each, in their order. One that cannot be removed does not keep the others. */
  removeSandboxes(sandboxes: readonly string[], options: VerbOptions = {}): Promise<Outcomes<Sandbox>> {
    return Promise.allSettled(sandboxes.map((sandbox) => this.removeSandbox(sandbox, options)))
  }

  sandbox(sandbox: string): Sandbox {
    return findSandbox(this.#hall, sandbox)
  }

  sandboxes(): readonly Sandbox[] {
    return [...this.#hall.store.sandboxes.list()]
  }

  /** Live: what the sandbox has on other networks goes on. */
  connect(sandbox: string, attachment: Attachment, { signal }: VerbOptions = {}): Promise<Endpoint> {
    return this.#ask(attachmentAsked, attachment, 'attachment', (asked) => connect(this.#hall, asked, sandbox, signal), signal)
  }

  async disconnect(sandbox: string, network: string, { signal }: VerbOptions = {}): Promise<void> {
    await this.#disconnect({ network, sandbox }, signal)
  }

  /** Everybody on other hosts whom a network can reach, in place of all that were told before. Throws PEER_INVALID. */
  setPeers(network: string, peers: readonly Peer[], { signal }: VerbOptions = {}): Promise<void> {
    return this.#turns.take(() => setPeers(this.#hall, findNetwork(this.#hall, network).id, peers), signal)
  }

  /** Some of them are gone, some have come. */
  changePeers(
    network: string,
    gone: readonly Pick<Peer, 'endpointId'>[],
    came: readonly Peer[],
    { signal }: VerbOptions = {},
  ): Promise<void> {
    return this.#turns.take(() => changePeers(this.#hall, findNetwork(this.#hall, network).id, gone, came), signal)
  }

  /** Tells a network of an endpoint on a host that is not of this cluster; it is kept. */
  addPeer(network: string, peer: AddPeer, { signal }: VerbOptions = {}): Promise<Peer> {
    return this.#ask(peerAsked, peer, 'peer', (asked) => addPeer(this.#hall, network, asked, signal), signal)
  }

  /** By its MAC address, one of its addresses, or its id. */
  removePeer(network: string, peer: string, { signal }: VerbOptions = {}): Promise<Peer> {
    return this.#ask(text, peer, 'peer', (asked) => removePeer(this.#hall, network, asked, signal), signal)
  }

  /** What encrypted networks are encrypted with from now on; null: nothing of them leaves this host. Throws KEYS_INVALID. */
  setKeys(ring: KeyRing | null, { signal }: VerbOptions = {}): Promise<void> {
    return this.#turns.take(() => setKeys(this.#hall, ring), signal)
  }

  /** The same of networks that WireGuard encrypts. */
  setWireguardKeys(keys: WireguardKeys | null, { signal }: VerbOptions = {}): Promise<void> {
    return this.#turns.take(() => setWireguardKeys(this.#hall, keys), signal)
  }

  /** Those that this controller knows of. */
  peers(network: string): readonly Peer[] {
    return peersOf(this.#hall, network)
  }

  /** What the kernel has of a network's peers, held against who they are; `repair` puts it right. */
  verify(network: string, { repair = false, signal }: VerbOptions & { readonly repair?: boolean } = {}): Promise<Verification> {
    return this.#turns.take(() => verifyNetwork(this.#hall, network, repair && !this.#hall.dry), signal)
  }

  /** The largest packet on a network, and why; undefined where nothing but the links decides. */
  async mtu(network: string): Promise<Mtu | undefined> {
    return mtuOf(this.#hall, findNetwork(this.#hall, network))
  }

  /** Our rules anew, whatever has become of them; the operator's in the chain `user` stay. */
  reloadFirewall({ signal }: VerbOptions = {}): Promise<void> {
    return this.#turns.take(() => reloadFirewall(this.#hall, signal), signal)
  }

  /** What is not as it should be: in the kernel, among the records, on this host. Changes nothing. */
  findings(): Promise<readonly Finding[]> {
    return this.#turns.take(async () => (await diagnose(this.#hall)).map(({ finding }) => finding))
  }

  /** The same, and what repair() would do about it. */
  examine(): Promise<Examination> {
    return this.#turns.take(() => examineIn(this.#hall))
  }

  /** Everything that is recorded. */
  async exported(): Promise<StateExport> {
    return snapshotOf(this.#hall.store)
  }

  /** Mends what can be mended without touching anything that is not ours. */
  repair({ signal }: VerbOptions = {}): Promise<Repair> {
    return this.#turns.take(() => repair(this.#hall, signal), signal)
  }

  /** Tells the plugins of networks here that reach beyond this host that a node of their cluster has come, or has gone. */
  discover(node: Node, what: 'new' | 'gone', { signal }: VerbOptions = {}): Promise<void> {
    return this.#turns.take(() => tellOfNode(this.#hall, node, what === 'new' ? 'DiscoverNew' : 'DiscoverDelete', signal), signal)
  }

  /** The endpoints of a sandbox, each with its network. */
  seats(sandbox: string): readonly Seat[] {
    return seatsOf(this.#hall, findSandbox(this.#hall, sandbox))
  }

  /** Where the published ports of a sandbox are reached now: through its gateway networks. */
  openings(sandbox: string): readonly Opening[] {
    return openingsOf(this.#hall, findSandbox(this.#hall, sandbox).ports, this.seats(sandbox))
  }

  /** The endpoints on a network, each with its sandbox. */
  guests(network: string): readonly { readonly endpoint: Endpoint; readonly sandbox: Sandbox }[] {
    return guestsOf(this.#hall, findNetwork(this.#hall, network))
  }

  /** The nodes of the swarm that somebody on the network is on. */
  nodesOn(network: string): readonly PeerNode[] {
    return nodesOn(this.#hall, findNetwork(this.#hall, network))
  }

  /** The services of a network of the swarm, with their tasks on all nodes. */
  services(network: string): readonly Service[] {
    return servicesOn(this.#hall, findNetwork(this.#hall, network))
  }

  endpoints(): readonly Endpoint[] {
    return [...this.#hall.store.endpoints.list()]
  }

  /** What happens to networks, by whichever process. Ends with the period, rejects with the signal's reason. */
  events(period: Period = {}): AsyncGenerator<NetworkEvent> {
    return eventsOf(this.#hall.run, period)
  }

  /** How a packet would go from one place to another, and what would stop it; nothing is sent. */
  explain(request: ExplainRequest): Promise<readonly Hop[]> {
    return this.#ask(explainAsked, request, 'request', (asked) => explain(this.#hall, asked))
  }

  /** Starts a process inside a sandbox. No shell; nsenter(1) enters the namespace and becomes the command. */
  async spawn(sandbox: string, command: readonly [string, ...string[]], options: SpawnOptions = {}): Promise<ChildProcess> {
    return spawnAt(this.#hall, sandbox, command, options)
  }

  /** Begins a swarm with this host as its first node. */
  initSwarm(request: InitSwarm = {}): Promise<Membership> {
    return this.#ask(swarmAsked.init, request, 'swarm', (asked) => initSwarm(this.#hall, asked))
  }

  /** Makes this host a node of a swarm. */
  joinSwarm(request: JoinSwarm): Promise<Membership> {
    return this.#ask(swarmAsked.join, request, 'swarm', (asked) => joinSwarm(this.#hall, asked))
  }

  /** Makes this host a node of the swarm of an engine, and the first one if there is none yet. One that is a node there stays it. */
  enterSwarm(request: EnterSwarm): Promise<Membership> {
    return this.#ask(swarmAsked.enter, request, 'swarm', (asked) => enterSwarm(this.#hall, asked))
  }

  /** `force`: though sandboxes are on its networks, though it is the last node, and though the engine cannot be reached. */
  leaveSwarm(options: { readonly force?: boolean } = {}): Promise<void> {
    return this.#ask(swarmAsked.leave, options, 'options', ({ force = false }) => leaveSwarm(this.#hall, force))
  }

  /** What a host needs to join; `rotate`: what was needed until now does not do any more. */
  joinToken(options: { readonly rotate?: boolean } = {}): Promise<string> {
    return this.#ask(swarmAsked.token, options, 'options', ({ rotate = false }) => joinToken(this.#hall, rotate))
  }

  /**
   * Has what encrypted networks are encrypted with changed now, and not when it is time; answers with the number of the new key.
   * It is sent with as soon as all nodes have it, and then the old one goes.
   */
  rotateKeys(): Promise<number> {
    return this.#turns.take(() => rotateKeys(this.#hall))
  }

  /** The nodes of the swarm, as this one knows them. */
  nodes(): readonly NodeStatus[] {
    return nodesOf(this.#hall)
  }

  /** By id, name or unique prefix of the id; 'self' is this host. */
  node(node: string): NodeStatus {
    return findNode(this.#hall, node)
  }

  /** Takes a node that is down from the swarm; `force`: one that is not. */
  removeNode(node: string, options: { readonly force?: boolean } = {}): Promise<NodeStatus> {
    return this.#ask(swarmAsked.remove, { ...options, node }, '', ({ force = false }) => removeNode(this.#hall, node, force))
  }

  /** This host's place in a swarm, and why its engine cannot be reached; undefined when it is in none. */
  swarm(): { readonly membership: Membership; readonly lost: string | null } | undefined {
    const { session } = this.#hall.swarm
    return session && { membership: session.membership, lost: session.member.lost }
  }

  /** What a container engine asks of a network driver, in turn with the verbs. `alone`: one that is in no swarm of its own. */
  asNetworkPlugin<T>(
    driver: string,
    verb: (plugin: EngineDriver) => T | Promise<T>,
    { signal, alone }: VerbOptions & { readonly alone?: boolean | undefined } = {},
  ): Promise<T> {
    return this.#turns.take(async () => verb(new EngineDriver(this.#hall, this.#hall.drivers.get(driver), alone)), signal)
  }

  /** What a container engine asks of an IPAM driver, in turn with the verbs. */
  asIpamPlugin<T>(driver: string, verb: (plugin: EngineIpam) => T | Promise<T>, { signal }: VerbOptions = {}): Promise<T> {
    return this.#turns.take(async () => verb(new EngineIpam(this.#hall, this.#hall.ipams.get(driver))), signal)
  }

  /** What a container engine calls a network, or the container of an endpoint, of which it had told us the id only. */
  nameOfEngine(what: EngineNaming, { signal }: VerbOptions = {}): Promise<void> {
    return this.#turns.take(() => named(this.#hall, what), signal)
  }

  /** Pools that engines have of ours, by the ids of their records. */
  get lentPools(): readonly string[] {
    return this.#hall.store.lentPools.list().map(({ id }) => id)
  }

  /** What the networks of a container engine have, whichever their drivers: pools that it has forgotten are found by that. */
  subnetsOfEngine(what: EngineSubnets, { signal }: VerbOptions = {}): Promise<void> {
    return this.#turns.take(async () => heedSubnets(this.#hall, what), signal)
  }

  /** What `verb` would do, without doing it: cnm.plan((dry) => dry.createNetwork({ name: 'web' })). */
  async plan(verb: (dry: Controller) => Promise<unknown>): Promise<DryRun> {
    return dryRun(this.#hall, (hall) => verb(new Controller(hall, this.#turns, () => this.#turns.idle())))
  }

  /** Waits for the verbs asked for, and gives the run directory free; all else throws CONTROLLER_CLOSED. Networks and sandboxes stay. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
