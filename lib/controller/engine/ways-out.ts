import { fault } from '../../model/errors.ts'
import type { Endpoint, PortBinding, Sandbox } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import type { PublishPort } from '../../model/request.ts'
import { commitOnWalls } from '../guard/mend.ts'
import type { Hall } from '../hall.ts'
import { alreadySettled, settlePorts } from '../ports/host-ports.ts'
import { republish } from '../sandboxes/sandboxes.ts'

// Each family of an engine's sandbox has one way out, which may be two endpoints: two networks, here two sandboxes with one
// namespace. The engine says that an endpoint is a way out, and not always in which families; who else is one says the rest.

/** What a sandbox publishes through an endpoint. */
export interface Published {
  readonly ports: readonly PublishPort[]
  /** Another endpoint of the sandbox is its way out for IPv6. */
  readonly onlyIPv4: boolean
}

type Gateways = Pick<Endpoint, 'gateway' | 'gateway6'>

/** `through`: the gateways that the endpoint has, should it be the way out in both families. Throws PORT_ALLOCATED. */
export async function openWay(
  hall: Hall,
  endpoint: Endpoint,
  through: Gateways,
  { ports, onlyIPv4 }: Published,
  signal?: AbortSignal,
): Promise<void> {
  const { store } = hall
  const sandbox = sandboxOf(hall, endpoint)
  const others = companions(hall, sandbox)
  const open = { ...endpoint, ...(onlyIPv4 ? await takeIPv4(hall, others, through) : besides(others, through)) }
  const known = [sandbox, ...others.map((other) => sandboxOf(hall, other))].map((one) => alreadySettled(ports, one.ports))
  const has = known.find((one) => one !== undefined)
  const settled = has ? { ports: has, record: () => {} } : await settlePorts(hall, ports)
  const plan = await leadElsewhere(hall, endpoint, open, settled.ports)
  const record = () => {
    settled.record()
    store.sandboxes.put({ ...sandbox, ports: settled.ports })
    store.endpoints.put(open)
  }
  await commitOnWalls(hall, { way: 'up', plan, record }, signal)
}

/** The endpoint is no way out any more. */
export async function closeWay(hall: Hall, endpoint: Endpoint): Promise<void> {
  const closed = closedUp(endpoint)
  const plan = await leadElsewhere(hall, endpoint, closed, [])
  const record = () => {
    hall.store.sandboxes.put({ ...sandboxOf(hall, endpoint), ports: [] })
    hall.store.endpoints.put(closed)
  }
  await hall.commit({ way: 'down', plan, record })
}

/** Not a way out of its sandbox. */
export const closedUp = (endpoint: Endpoint): Endpoint => ({ ...endpoint, gateway: '', gateway6: '' })

/** The steps by which `ports` lead to an endpoint as far as it is a way out. Throws PORT_ALLOCATED. */
export function leadElsewhere(hall: Hall, from: Endpoint, to: Endpoint, ports: readonly PortBinding[]): Promise<Plan> {
  const network = hall.store.networks.get(from.networkId)
  if (!network) throw fault('NETWORK_NOT_FOUND', { name: from.networkId })
  const sandbox = sandboxOf(hall, from)
  const before = { sandbox, seats: [{ endpoint: from, network }] }
  return republish(hall, before, { sandbox: { ...sandbox, ports }, seats: [{ endpoint: to, network }] })
}

/** Whoever had IPv4 keeps IPv6 at most. Before it comes to that, the engine has told that endpoint that it is a way out still. */
async function takeIPv4(hall: Hall, others: readonly Endpoint[], { gateway }: Gateways): Promise<Gateways> {
  for (const other of others.filter(isWayOut4)) {
    const less = { ...other, gateway: '' }
    const plan = await leadElsewhere(hall, other, less, sandboxOf(hall, other).ports)
    await hall.commit({ way: 'down', plan, record: () => hall.store.endpoints.put(less) })
  }
  return { gateway, gateway6: '' }
}

/** One that may be the way out for IPv6 is that, and the one for IPv4 too where nobody else is. */
const besides = (others: readonly Endpoint[], { gateway, gateway6 }: Gateways): Gateways => ({
  gateway: gateway6 !== '' && others.some(isWayOut4) ? '' : gateway,
  gateway6,
})

const isWayOut4 = ({ gateway }: Endpoint): boolean => gateway !== ''

/** What else the engine has put into the same namespace. */
const companions = ({ store }: Hall, { id, path }: Sandbox): readonly Endpoint[] =>
  store.sandboxes
    .list()
    .filter((other) => other.kind === 'engine' && other.id !== id && other.path === path && path !== '')
    .flatMap((other) => store.endpoints.with('sandboxId', other.id))

function sandboxOf({ store }: Hall, { id }: Endpoint): Sandbox {
  const sandbox = store.sandboxes.get(id)
  if (!sandbox) throw fault('ENDPOINT_NOT_FOUND', { id })
  return sandbox
}
