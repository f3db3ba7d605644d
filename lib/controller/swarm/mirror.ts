import { addressesOf, type Taken } from '../../cluster/cluster.ts'
import { CnmError } from '../../model/errors.ts'
import type { Id } from '../../model/ids.ts'
import { isShared, type Network } from '../../model/network.ts'
import type { SwarmEndpoint } from '../../model/swarm.ts'
import { poolFor, replay } from '../endpoints/pools.ts'
import type { Hall } from '../hall.ts'
import { forgetNetwork } from '../networks/networks.ts'
import { disconnect } from '../sandboxes/sandboxes.ts'

/** Makes the records of this host and its IPAM agree with what the swarm has, so that verbs find both where they always look. */
export class Mirror {
  readonly #hall: Hall
  readonly #node: Id
  /** Who on another node holds an address, by 'NETWORK IP'. */
  readonly #held = new Map<string, Id>()

  constructor(hall: Hall, node: Id) {
    this.#hall = hall
    this.#node = node
  }

  /** Networks that came, changed or went since the last time, whoever did it. */
  async networks(all: readonly Network[]): Promise<void> {
    const wanted = new Set(all.map(({ id }) => id))
    const { store, tell } = this.#hall
    const known = new Map(
      store.networks
        .list()
        .filter(isShared)
        .map((network) => [network.id, network]),
    )
    for (const network of known.values()) if (!wanted.has(network.id)) await this.#forget(network)
    for (const network of all) {
      if (known.has(network.id)) continue
      if (!network.engine) await this.#attempt(() => replay(this.#hall.ipams.get(network.ipam.driver), network, []))
      store.networks.put(network)
      tell('create', network)
    }
  }

  /** Endpoints of other nodes, in the order in which they went and came. */
  async endpoints(gone: readonly SwarmEndpoint[], came: readonly SwarmEndpoint[]): Promise<void> {
    for (const endpoint of gone) for (const ip of addressesOf(endpoint)) await this.#release({ ...endpoint, ip })
    for (const endpoint of came) for (const ip of addressesOf(endpoint)) await this.take({ ...endpoint, ip })
  }

  /** Addresses on a network that others hold. */
  heldOn(network: Id): readonly string[] {
    const prefix = `${network} `
    return [...this.#held.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
  }

  /** An address that somebody on another node holds. */
  async take({ networkId, nodeId, endpointId, ip }: Taken): Promise<void> {
    if (nodeId === this.#node) return
    this.#held.set(`${networkId} ${ip}`, endpointId)
    const at = this.#at(networkId, ip)
    if (at) await this.#attempt(() => at.ipam.requestAddress(at.pool.id, ip, {}))
  }

  async #release({ networkId, nodeId, endpointId, ip }: Taken): Promise<void> {
    const key = `${networkId} ${ip}`
    if (nodeId === this.#node || this.#held.get(key) !== endpointId) return
    this.#held.delete(key)
    const at = this.#at(networkId, ip)
    if (at) await this.#attempt(() => at.ipam.releaseAddress(at.pool.id, ip))
  }

  #at(networkId: Id, ip: string) {
    const { store, ipams } = this.#hall
    const network = store.networks.get(networkId)
    // An engine knows itself what it has given, and so does a plugin. Another node's program may bring drivers that this one does not.
    if (!network || network.engine || network.ipam.plugin || !ipams.has(network.ipam.driver)) return undefined
    const pool = poolFor(network, ip)
    return pool && { ipam: ipams.get(network.ipam.driver), pool }
  }

  /** Removed by another node: nobody is on it, but for those of this node while it was away. What an engine has there, it takes away. */
  async #forget(network: Network): Promise<void> {
    const { endpoints, sandboxes } = this.#hall.store
    const guests = endpoints.with('networkId', network.id)
    const own = guests.filter(({ sandboxId }) => sandboxes.get(sandboxId)?.kind !== 'engine')
    for (const { networkId, sandboxId } of own) await disconnect(this.#hall, networkId, sandboxId)
    if (own.length < guests.length) return
    await forgetNetwork(this.#hall, network)
    for (const key of this.#held.keys()) if (key.startsWith(`${network.id} `)) this.#held.delete(key)
  }

  /** What another node has decided stands, whatever this one's IPAM thinks of it. */
  async #attempt(work: () => unknown): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof CnmError)) throw error
    }
  }
}
