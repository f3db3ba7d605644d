import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import type { SubnetUsage } from '../model/engine.ts'
import type { NetworkEvent } from '../model/event.ts'
import type { Finding } from '../model/findings.ts'
import type { Endpoint, Network, Sandbox } from '../model/network.ts'
import type { Plan } from '../model/op.ts'
import { printPlan } from '../model/print.ts'
import type { Attachment, CreateNetwork, CreateSandbox } from '../model/request.ts'
import type { Opening } from '../model/wall.ts'
import { usageOf } from './addresses.ts'
import type { Work } from './commit.ts'
import { diagnose } from './doctor/diagnose.ts'
import { type Repair, repair } from './doctor/repair.ts'
import { openingsOf, seatsOf } from './endpoints.ts'
import { EngineDriver } from './engine/driver.ts'
import { EngineIpam } from './engine/ipam.ts'
import { eventsOf, type Period } from './events.ts'
import { type ExplainRequest, explain, type Hop } from './explain.ts'
import type { Seat } from './gateway.ts'
import type { Hall } from './hall.ts'
import { findNetwork, findSandbox } from './lookup.ts'
import { reloadFirewall } from './mend.ts'
import { createNetwork, removeNetwork } from './networks.ts'
import { pruneNetworks, unusedNetworks } from './prune.ts'
import { reserve, unreserve } from './reservations.ts'
import { checkAlive, connect, createSandbox, disconnect, removeSandbox } from './sandboxes.ts'
import type { Turns } from './turns.ts'

export interface VerbOptions {
  /** Aborted: what was done is undone, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** What a verb would do. */
export interface DryRun {
  readonly plan: Plan
  /** The plan as ip, bridge, sysctl and nft commands, a line each. */
  readonly text: string
}

/**
 * The Container Networking Model on one host: networks, sandboxes, and the endpoints between them. One controller at a
 * time owns a run directory; verbs are carried out one after the other. Every error is a CnmError (match on `code`).
 */
export class Controller implements AsyncDisposable {
  readonly #hall: Hall
  readonly #turns: Turns
  readonly #close: () => Promise<void>

  /** Use open(). */
  constructor(hall: Hall, turns: Turns, close: () => Promise<void>) {
    this.#hall = hall
    this.#turns = turns
    this.#close = close
  }

  /** The run directory. */
  get run(): string {
    return this.#hall.run
  }

  /** Names of network drivers. */
  drivers(): readonly string[] {
    return this.#hall.drivers.names
  }

  createNetwork(request: CreateNetwork, { signal }: VerbOptions = {}): Promise<Network> {
    return this.#turns.take(() => createNetwork(this.#hall, request, signal), signal)
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
    return this.#hall.store.networks.list()
  }

  /** Addresses in use and still available, by subnet. */
  usage(network: string): Promise<SubnetUsage> {
    return usageOf(this.#hall, findNetwork(this.#hall, network))
  }

  /** Keeps an address for the sandbox of that name, whether it is there or not, in place of the one kept in that subnet. */
  reserve(network: string, sandbox: string, address: string, { signal }: VerbOptions = {}): Promise<Network> {
    return this.#turns.take(() => reserve(this.#hall, network, sandbox, address), signal)
  }

  /** A sandbox that is there keeps its address as long as it stays. */
  unreserve(network: string, sandbox: string, { signal }: VerbOptions = {}): Promise<Network> {
    return this.#turns.take(() => unreserve(this.#hall, network, sandbox), signal)
  }

  createSandbox(request: CreateSandbox = {}, { signal }: VerbOptions = {}): Promise<Sandbox> {
    return this.#turns.take(() => createSandbox(this.#hall, request, signal), signal)
  }

  removeSandbox(sandbox: string, { signal }: VerbOptions = {}): Promise<Sandbox> {
    return this.#turns.take(() => removeSandbox(this.#hall, sandbox), signal)
  }

  sandbox(sandbox: string): Sandbox {
    return findSandbox(this.#hall, sandbox)
  }

  sandboxes(): readonly Sandbox[] {
    return this.#hall.store.sandboxes.list()
  }

  /** Live: what the sandbox has on other networks goes on. */
  connect(sandbox: string, attachment: Attachment, { signal }: VerbOptions = {}): Promise<Endpoint> {
    return this.#turns.take(() => connect(this.#hall, attachment, sandbox, signal), signal)
  }

  disconnect(sandbox: string, network: string, { signal }: VerbOptions = {}): Promise<void> {
    return this.#turns.take(() => disconnect(this.#hall, network, sandbox), signal)
  }

  /** Our rules anew, whatever has become of them; the operator's in the chain `user` stay. */
  reloadFirewall({ signal }: VerbOptions = {}): Promise<void> {
    return this.#turns.take(() => reloadFirewall(this.#hall, signal), signal)
  }

  /** What is not as it should be: in the kernel, among the records, on this host. Changes nothing. */
  findings(): Promise<readonly Finding[]> {
    return this.#turns.take(async () => (await diagnose(this.#hall)).map(({ finding }) => finding))
  }

  /** Mends what can be mended without touching anything that is not ours. */
  repair({ signal }: VerbOptions = {}): Promise<Repair> {
    return this.#turns.take(() => repair(this.#hall, signal), signal)
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
    const { id } = findNetwork(this.#hall, network)
    return this.#hall.store.endpoints.list().flatMap((endpoint) => {
      const sandbox = endpoint.networkId === id ? this.#hall.store.sandboxes.get(endpoint.sandboxId) : undefined
      return sandbox ? [{ endpoint, sandbox }] : []
    })
  }

  endpoints(): readonly Endpoint[] {
    return this.#hall.store.endpoints.list()
  }

  /** What happens to networks, by whichever process. Ends with the period, rejects with the signal's reason. */
  events(period: Period): AsyncGenerator<NetworkEvent> {
    return eventsOf(this.#hall.run, period)
  }

  /** How a packet would go from one place to another, and what would stop it; nothing is sent. */
  explain(request: ExplainRequest): Promise<readonly Hop[]> {
    return this.#turns.take(() => explain(this.#hall, request))
  }

  /** Starts a process inside a sandbox. No shell; nsenter(1) enters the namespace and becomes the command. */
  async spawn(sandbox: string, command: readonly [string, ...string[]], options: SpawnOptions = {}): Promise<ChildProcess> {
    const found = findSandbox(this.#hall, sandbox)
    await checkAlive(found)
    return spawn('nsenter', [`--net=${found.path || '/proc/self/ns/net'}`, '--', ...command], options)
  }

  /** What a container engine asks of a network driver, in turn with the verbs. */
  asNetworkPlugin<T>(driver: string, verb: (plugin: EngineDriver) => T | Promise<T>, { signal }: VerbOptions = {}): Promise<T> {
    return this.#turns.take(async () => verb(new EngineDriver(this.#hall, this.#hall.drivers.get(driver))), signal)
  }

  /** What a container engine asks of an IPAM driver, in turn with the verbs. */
  asIpamPlugin<T>(driver: string, verb: (plugin: EngineIpam) => T | Promise<T>, { signal }: VerbOptions = {}): Promise<T> {
    return this.#turns.take(async () => verb(new EngineIpam(this.#hall, this.#hall.ipams.get(driver))), signal)
  }

  /** What `verb` would do, without doing it: cnm.plan((dry) => dry.createNetwork({ name: 'web' })). */
  async plan(verb: (dry: Controller) => Promise<unknown>): Promise<DryRun> {
    const commit = async (work: Work): Promise<void> => {
      throw new Planned(work)
    }
    try {
      await verb(new Controller({ ...this.#hall, commit }, this.#turns, async () => {}))
    } catch (stop) {
      if (!(stop instanceof Planned)) throw stop
      const { plan, sandbox } = stop.work
      return { plan, text: printPlan(plan, [this.#hall.host.path, ...(sandbox === undefined ? [] : [sandbox])]) }
    }
    return { plan: [], text: '' }
  }

  /** Waits for the verbs that were asked for, then gives the run directory free. Networks and sandboxes stay. */
  async close(): Promise<void> {
    await this.#turns.idle()
    await this.#close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Thrown where a dry run ends: a verb gives back what it claimed, as after any refusal. */
class Planned {
  readonly work: Work
  constructor(work: Work) {
    this.work = work
  }
}
