import { CnmError, fault } from '../model/errors.ts'
import { type Endpoint, isPredefined, type Network, type Sandbox } from '../model/network.ts'
import type { Hall } from './hall.ts'

/** Where something is looked up. */
export interface Known<T extends { readonly id: string; readonly name: string }> {
  get(id: string): T | undefined
  with(property: 'name', name: string): readonly T[]
  list(): readonly T[]
}

/** Docker's order: full id, full name, prefix of the id. */
function find<T extends { readonly id: string; readonly name: string }>(
  known: Known<T>,
  ref: string,
  missing: () => CnmError,
  ambiguous: (count: number, basis: string) => CnmError,
): T {
  const exact = known.get(ref)
  if (exact) return exact
  // A network of the swarm may bear the name of one that was here before.
  const [named, ...others] = known.with('name', ref)
  if (others.length > 0) throw ambiguous(others.length + 1, 'on name')
  if (named) return named
  const matches = ref === '' ? [] : known.list().filter(({ id }) => id.startsWith(ref))
  if (matches.length > 1) throw ambiguous(matches.length, 'based on ID prefix')
  if (!matches[0]) throw missing()
  return matches[0]
}

/** What is looked up; undefined where it is said not to be there. */
export function orNot<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof CnmError && error.status === 404) return undefined
    throw error
  }
}

export const findNetwork = (hall: Hall, ref: string): Network => networkAmong(hall.store.networks, ref)

/** Throws NETWORK_NOT_FOUND, NETWORK_AMBIGUOUS. */
export const networkAmong = (networks: Known<Network>, ref: string): Network =>
  find(
    networks,
    ref,
    () => fault('NETWORK_NOT_FOUND', { name: ref }),
    (count, basis) => fault('NETWORK_AMBIGUOUS', { name: ref, count, basis }),
  )

/** One that our own verbs may change. */
export function ownNetwork(hall: Hall, ref: string): Network {
  const network = findNetwork(hall, ref)
  if (network.engine) throw fault('NETWORK_OF_ENGINE', { name: network.name, id: network.id })
  return network
}

export const findSandbox = (hall: Hall, ref: string): Sandbox => sandboxAmong(hall.store.sandboxes, ref)

/** Throws SANDBOX_NOT_FOUND, SANDBOX_AMBIGUOUS. */
export const sandboxAmong = (sandboxes: Known<Sandbox>, ref: string): Sandbox =>
  find(
    sandboxes,
    ref,
    () => fault('SANDBOX_NOT_FOUND', { name: ref }),
    (count) => fault('SANDBOX_AMBIGUOUS', { name: ref, count }),
  )

/** One that our own verbs may change. */
export function ownSandbox(hall: Hall, ref: string): Sandbox {
  const sandbox = findSandbox(hall, ref)
  if (sandbox.kind === 'engine') throw fault('SANDBOX_OF_ENGINE', { name: sandbox.name })
  return sandbox
}

/** The endpoints on a network, each with its sandbox. */
export const guestsOf = ({ store }: Hall, network: Network): readonly { readonly endpoint: Endpoint; readonly sandbox: Sandbox }[] =>
  store.endpoints.with('networkId', network.id).flatMap((endpoint) => {
    const sandbox = store.sandboxes.get(endpoint.sandboxId)
    return sandbox ? [{ endpoint, sandbox }] : []
  })

/** Networks that a user made, and that nobody is on; by name. */
export function unusedAmong(networks: readonly Network[], endpoints: readonly Pick<Endpoint, 'networkId'>[]): readonly Network[] {
  const used = new Set(endpoints.map(({ networkId }) => networkId))
  const unused = networks.filter(({ id, name, configOnly, engine }) => !configOnly && !engine && !isPredefined(name) && !used.has(id))
  return unused.sort((a, b) => (a.name < b.name ? -1 : 1))
}
