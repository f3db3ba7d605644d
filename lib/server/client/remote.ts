import type { ChildProcess, SpawnOptions } from 'node:child_process'
import type { Controller, VerbOptions } from '../../controller/controller.ts'
import type { Examination, Repair } from '../../controller/doctor/repair.ts'
import type { Period } from '../../controller/execution/events.ts'
import type { Outcomes } from '../../controller/execution/turns.ts'
import type { ExplainRequest, Hop } from '../../controller/explain/explain.ts'
import { unusedAmong } from '../../controller/lookup.ts'
import type { Verification } from '../../controller/overlay/verify.ts'
import type { StateExport } from '../../controller/state.ts'
import type { NodeStatus } from '../../controller/swarm/nodes.ts'
import type { Verbs } from '../../controller/verbs.ts'
import type { PeerNode, SubnetUsage } from '../../model/engine.ts'
import { CnmError, type ErrorCode, fault } from '../../model/errors.ts'
import type { Action, NetworkEvent } from '../../model/event.ts'
import type { Endpoint, Network, Sandbox, Scope } from '../../model/network.ts'
import type { Peer } from '../../model/peer.ts'
import type { AddPeer, Attachment, CreateNetwork, CreateSandbox, InitSwarm, JoinSwarm } from '../../model/request.ts'
import type { Membership, Service } from '../../model/swarm.ts'
import type { Complaint } from '../engine/complaint.ts'
import type { Host } from '../host.ts'
import { certificatesIn } from '../tls.ts'
import { errorOf, type Line, lineTo, unreachable } from './line.ts'
import { type Recorded, Records } from './records.ts'

/** Reaches the controller of a daemon, for as long as `signal` is not aborted. Throws DAEMON_UNREACHABLE. */
export async function reach(host: Host, tls?: string, signal?: AbortSignal): Promise<Remote> {
  const line = lineTo(host, tls === undefined ? undefined : certificatesIn(tls))
  try {
    const { result } = await line.ask('records', {}, signal)
    return new Remote(line, new Records(result as Recorded), signal)
  } catch (error) {
    line.close()
    signal?.throwIfAborted()
    // Of what else may be behind a socket or a port, dockerd says the same.
    const isStranger = !(error instanceof CnmError) || error.code === 'PAGE_NOT_FOUND'
    throw isStranger ? unreachable(host, new Error('whoever answers there is no cnm', { cause: error })) : error
  }
}

/** A controller behind a socket. What it shows is as it was when it was reached, but for what was asked of it since. */
export class Remote implements Verbs {
  readonly #line: Line
  readonly #records: Records
  /** For what only asks; what changes something has one of its own, where the daemon can take it back. */
  readonly #signal: AbortSignal | undefined
  readonly #dryRun: boolean

  /** Use reach(). */
  constructor(line: Line, records: Records, signal?: AbortSignal, dryRun = false) {
    this.#line = line
    this.#records = records
    this.#signal = signal
    this.#dryRun = dryRun
  }

  networks = () => this.#records.networks()
  sandboxes = () => this.#records.sandboxes()
  network = (ref: string) => this.#records.network(ref)
  sandbox = (ref: string) => this.#records.sandbox(ref)
  seats = (ref: string) => this.#records.seats(ref)
  openings = (ref: string) => this.#records.openings(ref)
  guests = (ref: string) => this.#records.guests(ref)
  unusedNetworks = () => unusedAmong(this.networks(), this.#records.endpoints())

  async createNetwork(request: CreateNetwork, options?: VerbOptions): Promise<Network> {
    return this.#made(await this.#change<Network>('createNetwork', { request }, options))
  }

  async removeNetwork(network: string, options?: VerbOptions): Promise<Network> {
    const removed = await this.#change<Network>('removeNetwork', { network }, options)
    this.#records.drop({ networks: [removed] })
    return removed
  }

  async pruneNetworks(passes: (network: Network) => boolean, options?: VerbOptions): Promise<readonly Network[]> {
    const ids = this.unusedNetworks()
      .filter(passes)
      .map(({ id }) => id)
    const removed = await this.#change<readonly Network[]>('pruneNetworks', { ids }, options)
    this.#records.drop({ networks: removed })
    return removed
  }

  async usage(network: string): Promise<SubnetUsage> {
    const usage = Object.entries(await this.#ask<Record<string, [string, string]>>('usage', { network }))
    return Object.fromEntries(usage.map(([subnet, [inUse, available]]) => [subnet, { inUse: BigInt(inUse), available: BigInt(available) }]))
  }

  async reserve(network: string, sandbox: string, address: string, options?: VerbOptions): Promise<Network> {
    return this.#made(await this.#change<Network>('reserve', { network, sandbox, address }, options))
  }

  async unreserve(network: string, sandbox: string, options?: VerbOptions): Promise<Network> {
    return this.#made(await this.#change<Network>('unreserve', { network, sandbox }, options))
  }

  async createSandbox(request: CreateSandbox = {}, options?: VerbOptions): Promise<Sandbox> {
    if (request.owner !== undefined) this.#checkHere()
    const made = await this.#change<{ sandbox: Sandbox; endpoints: readonly Endpoint[] }>('createSandbox', { request }, options)
    this.#records.put({ sandboxes: [made.sandbox], endpoints: made.endpoints })
    return made.sandbox
  }

  async removeSandbox(sandbox: string, options?: VerbOptions): Promise<Sandbox> {
    const removed = await this.#change<Sandbox>('removeSandbox', { sandbox }, options)
    this.#records.drop({ sandboxes: [removed] })
    return removed
  }

  async removeSandboxes(sandboxes: readonly string[], options?: VerbOptions): Promise<Outcomes<Sandbox>> {
    const answers = await this.#change<readonly (Gone | Stayed)[]>('removeSandboxes', { sandboxes }, options)
    this.#records.drop({ sandboxes: answers.flatMap((answer) => ('gone' in answer ? [answer.gone] : [])) })
    return answers.map((answer) =>
      'gone' in answer ? { status: 'fulfilled', value: answer.gone } : { status: 'rejected', reason: errorOf(answer.refusal) },
    )
  }

  async connect(sandbox: string, attachment: Attachment, options?: VerbOptions): Promise<Endpoint> {
    const endpoint = await this.#change<Endpoint>('connect', { sandbox, attachment }, options)
    this.#records.put({ endpoints: [endpoint] })
    return endpoint
  }

  async disconnect(sandbox: string, network: string, options?: VerbOptions): Promise<void> {
    await this.#change('disconnect', { sandbox, network }, options)
    this.#records.part(sandbox, network)
  }

  async *events({ since, until, signal }: Period): AsyncGenerator<NetworkEvent> {
    const query = new URLSearchParams({
      filters: '{"type":["network"]}',
      ...(since === undefined ? {} : { since: String(since / 1000) }),
      ...(until === undefined ? {} : { until: String(until / 1000) }),
    })
    for await (const line of this.#line.listen(`/events?${query}`, signal)) yield eventIn(JSON.parse(line))
    signal?.throwIfAborted()
  }

  explain(request: ExplainRequest): Promise<readonly Hop[]> {
    return this.#ask('explain', { request })
  }

  /** In a namespace of this host: the daemon tells which. */
  async spawn(sandbox: string, command: readonly [string, ...string[]], options: SpawnOptions = {}): Promise<ChildProcess> {
    this.#checkHere()
    const found = this.sandbox(sandbox)
    if (this.#dryRun) throw new Planned('')
    const { spawnIn } = await import('../../controller/sandboxes/spawn.ts')
    return spawnIn(found, command, options)
  }

  async mtu(network: string): ReturnType<Controller['mtu']> {
    return (await this.#ask<Awaited<ReturnType<Controller['mtu']>> | null>('mtu', { network })) ?? undefined
  }

  peers(network: string): Promise<readonly Peer[]> {
    return this.#ask('peers', { network })
  }

  addPeer(network: string, peer: AddPeer, options?: VerbOptions): Promise<Peer> {
    return this.#change('addPeer', { network, peer }, options)
  }

  removePeer(network: string, peer: string, options?: VerbOptions): Promise<Peer> {
    return this.#change('removePeer', { network, peer }, options)
  }

  verify(network: string, { repair = false, signal }: VerbOptions & { readonly repair?: boolean } = {}): Promise<Verification> {
    return this.#ask('verify', { network, repair }, signal)
  }

  initSwarm(request: InitSwarm = {}): Promise<Membership> {
    return this.#change('initSwarm', { request })
  }

  joinSwarm(request: JoinSwarm): Promise<Membership> {
    return this.#change('joinSwarm', { request })
  }

  async leaveSwarm({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    await this.#change('leaveSwarm', { force })
  }

  rotateKeys(): Promise<number> {
    return this.#change('rotateKeys', {})
  }

  joinToken({ rotate = false }: { readonly rotate?: boolean } = {}): Promise<string> {
    return this.#change('joinToken', { rotate })
  }

  async swarm(): Promise<ReturnType<Controller['swarm']>> {
    return (await this.#ask<ReturnType<Controller['swarm']> | null>('swarm', {})) ?? undefined
  }

  nodes(): Promise<readonly NodeStatus[]> {
    return this.#ask('nodes', {})
  }

  node(node: string): Promise<NodeStatus> {
    return this.#ask('node', { node })
  }

  nodesOn(network: string): Promise<readonly PeerNode[]> {
    return this.#ask('nodesOn', { network })
  }

  services(network: string): Promise<readonly Service[]> {
    return this.#ask('services', { network })
  }

  removeNode(node: string, { force = false }: { readonly force?: boolean } = {}): Promise<NodeStatus> {
    return this.#change('removeNode', { node, force })
  }

  async reloadFirewall(options?: VerbOptions): Promise<void> {
    await this.#change('reloadFirewall', {}, options)
  }

  async repair({ signal }: VerbOptions = {}): Promise<Repair> {
    const { errors, ...came } = await this.#ask<Omit<Repair, 'errors'> & { errors: readonly Refusal[] }>('repair', {}, signal)
    return { ...came, errors: errors.map(({ code, values }) => new CnmError(code, values)) }
  }

  examine(): Promise<Examination> {
    return this.#ask('examine', {})
  }

  exported(): Promise<StateExport> {
    return this.#ask('exported', {})
  }

  async plan(verb: (dry: Verbs) => Promise<unknown>): Promise<{ readonly text: string }> {
    try {
      await verb(new Remote(this.#line, this.#records, this.#signal, true))
    } catch (stop) {
      if (!(stop instanceof Planned)) throw stop
      return { text: stop.text }
    }
    return { text: '' }
  }

  async close(): Promise<void> {
    this.#line.close()
  }

  async #ask<T>(verb: string, asked: object, signal = this.#signal): Promise<T> {
    return (await this.#line.ask(verb, asked, signal)).result as T
  }

  /** A verb that changes something; a dry run ends here. */
  async #change<T>(verb: string, asked: object, { signal }: VerbOptions = {}): Promise<T> {
    const { result, plan } = await this.#line.ask(verb, this.#dryRun ? { ...asked, dryRun: true } : asked, signal)
    if (plan !== undefined) throw new Planned(plan)
    return result as T
  }

  #made(network: Network): Network {
    this.#records.put({ networks: [network] })
    return network
  }

  #checkHere(): void {
    if (!this.#line.isHere) throw fault('NOT_HERE', {})
  }
}

interface Refusal {
  readonly code: ErrorCode
  readonly values: Readonly<Record<string, string | number>>
}

/** What became of one of several. */
interface Gone {
  readonly gone: Sandbox
}
interface Stayed {
  readonly refusal: Complaint
}

/** Thrown where a dry run ends. */
class Planned {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

interface EngineEvent {
  readonly Action: Action
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
  readonly scope: Scope
  readonly timeNano: number
}

const eventIn = ({ Action: action, Actor: { ID: id, Attributes: attributes }, scope, timeNano }: EngineEvent): NetworkEvent => ({
  action,
  id,
  scope,
  attributes,
  time: Math.round(timeNano / 1000),
})
