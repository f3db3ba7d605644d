import type { Seat } from '../../controller/endpoints/gateway.ts'
import { type Known, networkAmong, sandboxAmong } from '../../controller/lookup.ts'
import type { Endpoint, Network, Sandbox } from '../../model/network.ts'
import type { Opening } from '../../model/wall.ts'

/** All that a controller has to show. */
export interface Recorded {
  readonly networks: readonly Network[]
  readonly sandboxes: readonly Sandbox[]
  readonly endpoints: readonly Endpoint[]
  /** By sandbox. */
  readonly openings: Readonly<Record<string, readonly Opening[]>>
}

/** Looked up by name once or twice in the life of a client. */
const known = <T extends { readonly id: string; readonly name: string }>(all: ReadonlyMap<string, T>): Known<T> => ({
  get: (id) => all.get(id),
  with: (_, wanted) => [...all.values()].filter(({ name }) => name === wanted),
  list: () => [...all.values()],
})

const byId = <T extends { readonly id: string }>(all: readonly T[]): Map<string, T> => new Map(all.map((one) => [one.id, one]))

/** What a controller had to show when it was asked, kept up with what was asked of it since. */
export class Records {
  readonly #networks: Map<string, Network>
  readonly #sandboxes: Map<string, Sandbox>
  readonly #endpoints: Map<string, Endpoint>
  readonly #openings: Recorded['openings']

  constructor({ networks, sandboxes, endpoints, openings }: Recorded) {
    this.#networks = byId(networks)
    this.#sandboxes = byId(sandboxes)
    this.#endpoints = byId(endpoints)
    this.#openings = openings
  }

  networks(): readonly Network[] {
    return [...this.#networks.values()]
  }

  sandboxes(): readonly Sandbox[] {
    return [...this.#sandboxes.values()]
  }

  endpoints(): readonly Endpoint[] {
    return [...this.#endpoints.values()]
  }

  network(ref: string): Network {
    return networkAmong(known(this.#networks), ref)
  }

  sandbox(ref: string): Sandbox {
    return sandboxAmong(known(this.#sandboxes), ref)
  }

  seats(ref: string): readonly Seat[] {
    const { id } = this.sandbox(ref)
    return this.endpoints().flatMap((endpoint) => {
      const network = endpoint.sandboxId === id ? this.#networks.get(endpoint.networkId) : undefined
      return network ? [{ endpoint, network }] : []
    })
  }

  openings(ref: string): readonly Opening[] {
    return this.#openings[this.sandbox(ref).id] ?? []
  }

  guests(ref: string): readonly { readonly endpoint: Endpoint; readonly sandbox: Sandbox }[] {
    const { id } = this.network(ref)
    return this.endpoints().flatMap((endpoint) => {
      const sandbox = endpoint.networkId === id ? this.#sandboxes.get(endpoint.sandboxId) : undefined
      return sandbox ? [{ endpoint, sandbox }] : []
    })
  }

  put({ networks = [], sandboxes = [], endpoints = [] }: Partial<Recorded>): void {
    for (const network of networks) this.#networks.set(network.id, network)
    for (const sandbox of sandboxes) this.#sandboxes.set(sandbox.id, sandbox)
    for (const endpoint of endpoints) this.#endpoints.set(endpoint.id, endpoint)
  }

  drop({ networks = [], sandboxes = [] }: Partial<Recorded>): void {
    for (const { id } of networks) this.#networks.delete(id)
    for (const { id } of sandboxes) this.#sandboxes.delete(id)
    for (const { id, sandboxId } of this.endpoints()) if (!this.#sandboxes.has(sandboxId)) this.#endpoints.delete(id)
  }

  part(sandbox: string, network: string): void {
    const gone = this.seats(sandbox).find((seat) => seat.network.id === this.network(network).id)
    if (gone) this.#endpoints.delete(gone.endpoint.id)
  }
}
