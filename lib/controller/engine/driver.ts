import { isDeepStrictEqual } from 'node:util'
import type { Capabilities, JoinSteps, NetworkDriver } from '../../drivers/driver.ts'
import { fault } from '../../model/errors.ts'
import { type Id, shortId } from '../../model/ids.ts'
import type { Endpoint, Network, Options, Pool, PortBinding, Sandbox } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import type { PublishPort } from '../../model/request.ts'
import { releaseAddresses } from '../endpoints/addresses.ts'
import { recorded } from '../endpoints/endpoints.ts'
import { commitOnWalls } from '../guard/mend.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { homeOf } from '../networks/homes.ts'
import { lowerIdle } from '../networks/networks.ts'
import { lower, raise } from '../networks/raising.ts'
import { settlePeers } from '../overlay/peers.ts'
import { forgetEndpoint } from '../ports/connections.ts'
import { checkPort } from '../ports/ports.ts'
import { shareOf } from '../swarm/shares.ts'
import { borrowNetwork, ofEngine, returnNetwork } from './alone.ts'
import { isLent } from './ipam.ts'
import { seatForEngine } from './seating.ts'
import { forgetUnshared, freeNetwork, shareNetwork, together } from './shared.ts'
import { closedUp, closeWay, leadElsewhere, openWay, type Published } from './ways-out.ts'

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

/** What the engine left to us of an endpoint. */
export interface EngineFace {
  readonly mac?: string
  /** 'IP/PREFIX' */
  readonly address?: string
  readonly address6?: string
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

  readonly #isAlone: boolean

  /** `alone`: the engine is in no swarm of its own, and borrows networks of ours. */
  constructor(hall: Hall, driver: NetworkDriver, alone = false) {
    this.#hall = hall
    this.#driver = driver
    this.#isAlone = alone && driver.capabilities.scope === 'global'
  }

  /** What the engine is told: one by itself has only networks of its own host. */
  get capabilities(): Pick<Capabilities, 'scope' | 'connectivityScope'> {
    const { scope, connectivityScope } = this.#driver.capabilities
    return { scope: this.#isAlone ? 'local' : scope, connectivityScope }
  }

  /** No way out but through the network itself. */
  get isWhole(): boolean {
    return this.#driver.capabilities.scope === 'local'
  }

  /** Families for which the engine need not ask IPAM for a gateway. */
  async skipGateway(network: Omit<EngineNetwork, 'id' | 'pools'>): Promise<{ readonly v4: boolean; readonly v6: boolean }> {
    return (await this.#driver.skipGateway?.({ ...network, name: '' })) ?? { v4: false, v6: false }
  }

  /**
   * A manager of the engine's own swarm decides upon a network; answers with the options that its nodes are to create it with. It
   * does so again whenever another manager takes the lead.
   */
  async allocateNetwork(asked: EngineNetwork, signal?: AbortSignal): Promise<Options> {
    const { options } = await shareNetwork(this.#hall, this.#recordOf(asked), signal)
    return options
  }

  /** It is removed from the engine's swarm. */
  async freeNetwork(id: Id): Promise<void> {
    await freeNetwork(this.#hall, id)
  }

  async createNetwork(asked: EngineNetwork, signal?: AbortSignal): Promise<void> {
    const { store, tell, swarm } = this.#hall
    if (this.#isAlone) return borrowNetwork(this.#hall, this.#driver.name, asked)
    const network = this.#recordOf(asked)
    if (swarm.has(network)) {
      const shared = await shareNetwork(this.#hall, network, signal)
      // An engine that is told so anew has forgotten whatever it had there: it was killed.
      for (const { id } of ofEngine(this.#hall, shared)) await this.deleteEndpoint(shared.id, id)
      return
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
    for (const endpoint of ofEngine(this.#hall, network)) await this.deleteEndpoint(id, endpoint.id)
    if (!network.engine) return returnNetwork(this.#hall, network)
    // Its managers say when it is no more; here it is only that nobody is on it.
    if (this.#hall.swarm.has(network)) return forgetUnshared(this.#hall, network)
    const lowered = await lower(this.#hall, network)
    const record = () => {
      store.networks.delete(id)
      lowered.record()
    }
    await commit({ way: 'down', plan: lowered.plan, networks: lowered.networks, record })
    tell('destroy', network)
  }

  /** Answers with what the engine left open. */
  async createEndpoint(networkId: Id, asked: EngineEndpoint, signal?: AbortSignal): Promise<EngineFace> {
    const network = this.#network(networkId)
    const known = this.#hall.store.endpoints.get(asked.id)
    if (known) {
      const differs = (key: 'address' | 'address6') => asked[key] !== undefined && asked[key] !== known[key]
      if (known.networkId !== network.id || differs('address') || differs('address6'))
        throw fault('ENGINE_CHANGED', { what: 'endpoint', id: asked.id })
      return leftOpen(known, asked)
    }
    asked.ports.forEach(checkPort)
    const made = await together(this.#hall, network, () => seatForEngine(this.#hall, this.#driver, network, asked, signal))
    return leftOpen(made, asked)
  }

  /** What it published goes along: an engine that was killed does not revoke. */
  async deleteEndpoint(networkId: Id, id: Id): Promise<void> {
    const { store, commit } = this.#hall
    const network = this.#network(networkId)
    const endpoint = this.#endpoint(network, id)
    const closed = await leadElsewhere(this.#hall, endpoint, closedUp(endpoint), [])
    const left = await this.#driver.deleteEndpoint(configOf(this.#hall, network), recorded(this.#hall, endpoint))
    const handed = await this.#handedOver(network, endpoint, left.plan)
    const record = () => {
      store.endpoints.delete(id)
      store.sandboxes.delete(id)
    }
    const session = this.#hall.swarm.has(network) ? this.#hall.swarm.present : undefined
    const share = session && shareOf(session.membership, endpoint, this.#sandbox(id).name)
    // An engine's own IPAM gives the first address that is free: this one again. To look through all connections then would keep the
    // engine waiting for the kernel, by 20 ms.
    const plan = [...closed, ...left.plan, ...handed, ...forgetEndpoint(endpoint, !network.engine || isLent(this.#hall, network))]
    await commit({ way: 'down', plan, networks: [homeOf(this.#hall, network)], record }).finally(async () => {
      if (share) await session?.withdraw([share])
      if (!network.engine) await releaseAddresses(this.#hall, network, endpoint)
    })
    await settlePeers(this.#hall, { endpoint, network })
    if (!session) return
    await lowerIdle(this.#hall, [network])
    await forgetUnshared(this.#hall, network)
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
    const endpoint = this.#endpoint(network, id)
    const { plan, neighbours: _, ...joined } = await this.#driver.join(configOf(this.#hall, network), recorded(this.#hall, endpoint))
    const record = () => store.sandboxes.put({ ...this.#sandbox(id), path })
    await commitOnWalls(this.#hall, { way: 'up', plan, networks: [homeOf(this.#hall, network)], record }, signal)
    tell('connect', network, { container: id })
    return joined
  }

  async leave(networkId: Id, id: Id): Promise<void> {
    const { store, commit, tell } = this.#hall
    const network = this.#network(networkId)
    const endpoint = this.#endpoint(network, id)
    const { plan } = await this.#driver.leave(configOf(this.#hall, network), recorded(this.#hall, endpoint))
    const record = () => store.sandboxes.put({ ...this.#sandbox(id), path: '' })
    await commit({ way: 'down', plan, networks: [homeOf(this.#hall, network)], record })
    tell('disconnect', network, { container: id })
  }

  /** The endpoint is a way out of its sandbox from now on: what that publishes leads here. */
  async programExternalConnectivity(networkId: Id, id: Id, published: Published, signal?: AbortSignal): Promise<void> {
    const network = this.#network(networkId)
    const endpoint = this.#endpoint(network, id)
    published.ports.forEach(checkPort)
    const { gateway, gateway6 } = await this.#driver.join(configOf(this.#hall, network), recorded(this.#hall, endpoint))
    await openWay(this.#hall, endpoint, { gateway, gateway6 }, published, signal)
  }

  async revokeExternalConnectivity(networkId: Id, id: Id): Promise<void> {
    await closeWay(this.#hall, this.#endpoint(this.#network(networkId), id))
  }

  /** The ports that lead to an endpoint now. */
  operInfo(networkId: Id, id: Id): readonly PortBinding[] {
    this.#endpoint(this.#network(networkId), id)
    return this.#sandbox(id).ports
  }

  #recordOf(asked: EngineNetwork): Network {
    return {
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
  }

  #network(id: Id): Network {
    const { networks } = this.#hall.store
    const own = networks.get(id)
    const network = own?.engine ? own : networks.list().find(({ engineId }) => engineId === id)
    if (network?.driver !== this.#driver.name) throw fault('NETWORK_NOT_FOUND', { name: id })
    return network
  }

  #endpoint(network: Network, id: Id): Endpoint {
    const endpoint = this.#hall.store.endpoints.get(id)
    if (!endpoint || endpoint.networkId !== network.id) throw fault('ENDPOINT_NOT_FOUND', { id })
    return endpoint
  }

  #sandbox(id: Id): Sandbox {
    const sandbox = this.#hall.store.sandboxes.get(id)
    if (!sandbox) throw fault('ENDPOINT_NOT_FOUND', { id })
    return sandbox
  }
}

const leftOpen = ({ mac, address, address6 }: Endpoint, asked: EngineEndpoint): EngineFace => ({
  ...(mac && !asked.mac ? { mac } : {}),
  ...(address && !asked.address ? { address } : {}),
  ...(address6 && !asked.address6 ? { address6 } : {}),
})
