import { isDeepStrictEqual } from 'node:util'
import type { JoinSteps, NetworkDriver } from '../../drivers/driver.ts'
import { fault } from '../../model/errors.ts'
import { type Id, shortId } from '../../model/ids.ts'
import type { Endpoint, Network, Options, Pool, PortBinding, Sandbox } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import type { PublishPort } from '../../model/request.ts'
import { withoutPrefix } from '../addresses.ts'
import { forgetEndpoint } from '../connections.ts'
import { recorded } from '../endpoints.ts'
import type { Hall } from '../hall.ts'
import { homeOf } from '../homes.ts'
import { settlePorts } from '../host-ports.ts'
import { commitOnWalls } from '../mend.ts'
import { settlePeers } from '../overlay/peers.ts'
import { checkPort } from '../ports.ts'
import { configOf, lower, onThisKernel, raise } from '../raising.ts'
import { republish } from '../sandboxes.ts'
import { freeName } from './names.ts'

/** A network as the engine tells of it. */
export interface EngineNetwork {
  readonly id: Id
  readonly internal: boolean
  readonly enableIPv4: boolean
  readonly enableIPv6: boolean
  readonly options: Options
  readonly pools: readonly Pool[]
}

/** An endpoint as the engine tells of it. */
export interface EngineEndpoint {
  readonly id: Id
  /** '172.18.0.2/16' */
  readonly address?: string
  readonly address6?: string
  readonly mac?: string
  readonly options: Options
  /** What its sandbox publishes, should this endpoint become its way out. */
  readonly ports: readonly PublishPort[]
}

/** What the engine is to put into its sandbox. */
export type EngineJoin = Omit<JoinSteps, 'plan' | 'neighbours'>

/**
 * One of our network drivers, verb by verb of Docker's plugin protocol. A verb that makes something and is repeated answers the
 * same; one whose signal is aborted leaves nothing.
 */
export class EngineDriver {
  readonly #hall: Hall
  readonly #driver: NetworkDriver

  constructor(hall: Hall, driver: NetworkDriver) {
    this.#hall = hall
    this.#driver = driver
  }

  get capabilities() {
    return this.#driver.capabilities
  }

  /** Families for which the engine need not ask IPAM for a gateway. */
  async skipGateway(network: Omit<EngineNetwork, 'id' | 'pools'>): Promise<{ readonly v4: boolean; readonly v6: boolean }> {
    return (await this.#driver.skipGateway?.({ ...network, name: '' })) ?? { v4: false, v6: false }
  }

  async createNetwork(asked: EngineNetwork, signal?: AbortSignal): Promise<void> {
    const { store, tell } = this.#hall
    const network: Network = {
      ...asked,
      name: shortId(asked.id),
      driver: this.#driver.name,
      scope: this.#driver.capabilities.scope === 'global' ? 'swarm' : 'local',
      created: new Date().toISOString(),
      attachable: false,
      labels: {},
      ipam: { driver: 'engine', options: {} },
      engine: true,
    }
    const known = store.networks.get(asked.id)
    if (known) {
      // Its name and labels are learned later, if ever.
      const { created, name, labels } = known
      if (!isDeepStrictEqual(known, { ...network, created, name, labels })) throw fault('ENGINE_CHANGED', { what: 'network', id: asked.id })
      return
    }
    const raised = await raise(this.#hall, network)
    const record = () => {
      store.networks.put(network)
      raised.record()
    }
    await commitOnWalls(this.#hall, { way: 'up', plan: raised.plan, networks: raised.networks, record }, signal)
    tell('create', network)
  }

  /** Endpoints that the engine lost track of go along. */
  async deleteNetwork(id: Id): Promise<void> {
    const { store, commit, tell } = this.#hall
    const network = this.#network(id)
    for (const endpoint of store.endpoints.with('networkId', id)) await this.deleteEndpoint(id, endpoint.id)
    const lowered = await lower(this.#hall, network)
    const record = () => {
      store.networks.delete(id)
      lowered.record()
    }
    await commit({ way: 'down', plan: lowered.plan, networks: lowered.networks, record })
    tell('destroy', network)
  }

  /** Answers with the MAC that the driver chose; undefined where the engine named one, or none is needed. */
  async createEndpoint(networkId: Id, asked: EngineEndpoint, signal?: AbortSignal): Promise<string | undefined> {
    const { store } = this.#hall
    const network = this.#network(networkId)
    const { ports, ...told } = asked
    const known = store.endpoints.get(asked.id)
    if (known) {
      if (known.networkId !== networkId || known.address !== asked.address || known.address6 !== asked.address6)
        throw fault('ENGINE_CHANGED', { what: 'endpoint', id: asked.id })
      return asked.mac ? undefined : known.mac
    }
    ports.forEach(checkPort)
    const raised = await raise(this.#hall, network)
    const made = await this.#driver.createEndpoint(raised.config, { ...told, ports: ports.map(unsettled) })
    const endpoint: Endpoint = {
      ...told,
      networkId,
      sandboxId: asked.id,
      aliases: [],
      gwPriority: 0,
      mac: made.mac ?? asked.mac ?? '',
      requested: {},
      ifname: '',
      gateway: '',
      gateway6: '',
    }
    const sandbox: Sandbox = {
      id: asked.id,
      name: nameFor(this.#hall, asked),
      kind: 'engine',
      path: '',
      created: new Date().toISOString(),
      labels: {},
      ports: [],
    }
    const record = () => {
      raised.record()
      store.sandboxes.put(sandbox)
      store.endpoints.put(endpoint)
    }
    const plan = [...raised.plan, ...(await onThisKernel(this.#hall, made.plan))]
    await commitOnWalls(this.#hall, { way: 'up', plan, networks: raised.networks, record }, signal)
    await settlePeers(this.#hall, { endpoint, network })
    return asked.mac ? undefined : made.mac
  }

  /** What it published goes along: an engine that was killed does not revoke. */
  async deleteEndpoint(networkId: Id, id: Id): Promise<void> {
    const { store, commit } = this.#hall
    const network = this.#network(networkId)
    const endpoint = this.#endpoint(networkId, id)
    const closed = await this.#republish(endpoint, closedUp(endpoint), [])
    const left = await this.#driver.deleteEndpoint(configOf(this.#hall, network), recorded(this.#hall, endpoint))
    const handed = await this.#handedOver(network, endpoint, left.plan)
    const record = () => {
      store.endpoints.delete(id)
      store.sandboxes.delete(id)
    }
    const plan = [...closed, ...left.plan, ...handed, ...forgetEndpoint(endpoint)]
    await commit({ way: 'down', plan, networks: [homeOf(this.#hall, network)], record })
    await settlePeers(this.#hall, { endpoint, network })
  }

  /**
   * The link that the engine was given is back on the host under its name, unless it is elsewhere still, or gone with its namespace.
   * The other end of a pair goes with this one, but not at once.
   */
  async #handedOver(network: Network, endpoint: Endpoint, plan: Plan): Promise<Plan> {
    const { link } = await this.#driver.join(configOf(this.#hall, network), recorded(this.#hall, endpoint))
    const isDeleted = plan.some((op) => op.op === 'link.del' && op.link === link?.name)
    return link && !isDeleted ? [{ op: 'link.del', link: link.name, behind: true }] : []
  }

  /** `path` is that of the engine's namespace. */
  async join(networkId: Id, id: Id, path: string, signal?: AbortSignal): Promise<EngineJoin> {
    const { store, tell } = this.#hall
    const network = this.#network(networkId)
    const endpoint = this.#endpoint(networkId, id)
    const { plan, neighbours: _, ...joined } = await this.#driver.join(configOf(this.#hall, network), recorded(this.#hall, endpoint))
    const record = () => store.sandboxes.put({ ...this.#sandbox(id), path })
    await commitOnWalls(this.#hall, { way: 'up', plan, networks: [homeOf(this.#hall, network)], record }, signal)
    tell('connect', network, { container: id })
    return joined
  }

  async leave(networkId: Id, id: Id): Promise<void> {
    const { store, commit, tell } = this.#hall
    const network = this.#network(networkId)
    const endpoint = this.#endpoint(networkId, id)
    const { plan } = await this.#driver.leave(configOf(this.#hall, network), recorded(this.#hall, endpoint))
    const record = () => store.sandboxes.put({ ...this.#sandbox(id), path: '' })
    await commit({ way: 'down', plan, networks: [homeOf(this.#hall, network)], record })
    tell('disconnect', network, { container: id })
  }

  /** The endpoint is the way out of its sandbox from now on: what that publishes leads here. */
  async programExternalConnectivity(networkId: Id, id: Id, ports: readonly PublishPort[], signal?: AbortSignal): Promise<void> {
    const { store } = this.#hall
    const network = this.#network(networkId)
    const endpoint = this.#endpoint(networkId, id)
    ports.forEach(checkPort)
    const { gateway, gateway6 } = await this.#driver.join(configOf(this.#hall, network), recorded(this.#hall, endpoint))
    const settled = await settlePorts(this.#hall, ports)
    const open: Endpoint = { ...endpoint, gateway, gateway6 }
    const plan = await this.#republish(endpoint, open, settled.ports)
    const record = () => {
      settled.record()
      store.sandboxes.put({ ...this.#sandbox(id), ports: settled.ports })
      store.endpoints.put(open)
    }
    await commitOnWalls(this.#hall, { way: 'up', plan, record }, signal)
  }

  async revokeExternalConnectivity(networkId: Id, id: Id): Promise<void> {
    const { store, commit } = this.#hall
    const endpoint = this.#endpoint(networkId, id)
    const closed = closedUp(endpoint)
    const plan = await this.#republish(endpoint, closed, [])
    const record = () => {
      store.sandboxes.put({ ...this.#sandbox(id), ports: [] })
      store.endpoints.put(closed)
    }
    await commit({ way: 'down', plan, record })
  }

  /** The ports that lead to an endpoint now. */
  operInfo(networkId: Id, id: Id): readonly PortBinding[] {
    this.#endpoint(networkId, id)
    return this.#sandbox(id).ports
  }

  #republish(from: Endpoint, to: Endpoint, ports: readonly PortBinding[]) {
    const network = this.#network(from.networkId)
    const sandbox = this.#sandbox(from.id)
    const before = { sandbox, seats: [{ endpoint: from, network }] }
    return republish(this.#hall, before, { sandbox: { ...sandbox, ports }, seats: [{ endpoint: to, network }] })
  }

  #network(id: Id): Network {
    const network = this.#hall.store.networks.get(id)
    if (!network?.engine || network.driver !== this.#driver.name) throw fault('NETWORK_NOT_FOUND', { name: id })
    return network
  }

  #endpoint(networkId: Id, id: Id): Endpoint {
    const endpoint = this.#hall.store.endpoints.get(id)
    if (!endpoint || endpoint.networkId !== networkId) throw fault('ENDPOINT_NOT_FOUND', { id })
    return endpoint
  }

  #sandbox(id: Id): Sandbox {
    const sandbox = this.#hall.store.sandboxes.get(id)
    if (!sandbox) throw fault('ENDPOINT_NOT_FOUND', { id })
    return sandbox
  }
}

/** As the engine told when it asked for the address, where it did. */
function nameFor({ store, lentNames }: Hall, { id, address, address6 }: EngineEndpoint): string {
  const name = [address, address6].map((cidr) => lentNames.get(withoutPrefix(cidr ?? ''))).find((told) => told !== undefined)
  return name === undefined ? shortId(id) : freeName(store.sandboxes, id, name, shortId(id))
}

/** Not a way out of its sandbox. */
const closedUp = (endpoint: Endpoint): Endpoint => ({ ...endpoint, gateway: '', gateway6: '' })

/** Which port of the host it is to be, is settled when the port is published. */
const unsettled = ({ protocol, hostIP, hostPort, port }: PublishPort): PortBinding => ({ protocol, hostIP, hostPort, port })
