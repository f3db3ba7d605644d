import type { EndpointConfig } from '../../drivers/driver.ts'
import type { Call } from '../../model/call.ts'
import { fault } from '../../model/errors.ts'
import type { Answered, Endpoint, Network, Sandbox } from '../../model/network.ts'
import {
  createEndpoint,
  createNetwork,
  deleteEndpoint,
  deleteNetwork,
  join,
  leave,
  program,
  revoke,
  type Where,
} from '../../plugins/network.ts'
import { readInterface, readJoin } from '../../plugins/network-answers.ts'
import type { AskOptions } from '../../plugins/plugins.ts'
import type { Claims } from '../endpoints/addresses.ts'
import { chooseGateway, type Seat } from '../endpoints/gateway.ts'
import type { Hall } from '../hall.ts'
import { linkAt } from '../networks/links.ts'
import { isRefusal, type Turn } from './envoy.ts'

const whereOf = ({ id: network, driver: plugin }: Network, { id: endpoint }: Pick<Endpoint, 'id'>): Where => ({ plugin, network, endpoint })

/** CreateNetwork: the plugin has the network when this resolves, unless it has refused. `space` is that of its addresses. */
export async function found(hall: Hall, network: Network, space: string, claims: Claims, options: AskOptions): Promise<void> {
  const back = deleteNetwork(network.driver, network.id)
  await hall.envoy.make(createNetwork(network.driver, network, space), back, options)
  claims.add(() => hall.envoy.tell(back))
}

/** DeleteNetwork. */
export const dissolve = (hall: Hall, { driver, id }: Network): Promise<void> => hall.envoy.tell(deleteNetwork(driver, id))

/** CreateEndpoint and Join: an endpoint as the plugin has made it. What it did is taken back with the claims. */
export async function arrive(
  hall: Hall,
  network: Network,
  config: EndpointConfig,
  { path, ports }: Sandbox,
  ownMac: boolean,
  claims: Claims,
  options: AskOptions,
): Promise<EndpointConfig> {
  const where = whereOf(network, config)
  const told = { ...config, ownMac }
  const created = createEndpoint(where, told)
  const gone = deleteEndpoint(where)
  const made = await hall.envoy.make(created, gone, options)
  claims.add(() => hall.envoy.tell(gone))
  const filled = readInterface(created, made, told)
  const joining = join(where, path, ports)
  const left = () => hall.envoy.tell(leave(where))
  const joined = await hall.envoy.ask(joining, options).catch(async (error) => {
    if (!isRefusal(error)) await left()
    throw error
  })
  claims.add(left)
  const whole = { ...config, ...filled }
  const answered = withoutLostGateway(readJoin(joining, joined), whole)
  await checkLink(hall, joining, answered)
  return { ...whole, answered }
}

/** A way out in a family in which the endpoint has no address leads nowhere. */
const withoutLostGateway = (answered: Answered, { address6 }: EndpointConfig): Answered =>
  address6 ? answered : { ...answered, gateway6: '' }

async function checkLink({ host }: Hall, { plugin, method }: Call, { link }: Answered): Promise<void> {
  if (!link || (await linkAt(host, link.name))) return
  throw fault('DRIVER_BROKEN', { name: plugin, method, reason: `InterfaceName.SrcName should be a link of the host: ${link.name} is none` })
}

/** ProgramExternalConnectivity and RevokeExternalConnectivity, where another endpoint becomes the way out: the old one first. */
export function turning(
  { ports }: Sandbox,
  before: readonly Seat[],
  after: readonly Seat[],
): { readonly closed: readonly Turn[]; readonly opened: readonly Turn[] } {
  const had = waysOut(before)
  const has = waysOut(after)
  const all = [...new Map([...before, ...after].map((seat) => [seat.endpoint.id, seat])).values()].filter(isDriven)
  const turnOf = ({ network, endpoint }: Seat) => {
    const where = whereOf(network, endpoint)
    return { open: program(where, ports), close: revoke(where) }
  }
  const changed = all.filter(({ endpoint: { id } }) => had.get(id) !== has.get(id))
  return {
    closed: changed
      .filter(({ endpoint }) => !has.has(endpoint.id))
      .map(turnOf)
      .map(({ open, close }) => ({ call: close, back: open })),
    opened: changed
      .filter(({ endpoint }) => has.has(endpoint.id))
      .map(turnOf)
      .map(({ open, close }) => ({ call: open, back: close })),
  }
}

/** What is told of seats that a sandbox leaves: while their links are in it, and when they are out. */
export function leaving(
  sandbox: Sandbox,
  before: readonly Seat[],
  after: readonly Seat[],
): { readonly before: readonly Call[]; readonly after: readonly Call[] } {
  const { closed, opened } = turning(sandbox, before, after)
  const left = before
    .filter((seat) => seat.network.plugin && !after.includes(seat))
    .map(({ network, endpoint }) => whereOf(network, endpoint))
  return {
    before: [...closed.map(({ call }) => call), ...left.map(leave)],
    after: [...opened.map(({ call }) => call), ...left.map(deleteEndpoint)],
  }
}

/** An internal network is no way out, whatever its plugin offers. */
const isDriven = ({ network: { plugin, internal } }: Seat): boolean => plugin === true && !internal

/** Which endpoints are the way out, and in which families. */
function waysOut(seats: readonly Seat[]): ReadonlyMap<string, string> {
  const ways = new Map<string, string>()
  for (const family of [4, 6] as const) {
    const id = chooseGateway(seats, family)?.endpoint.id
    if (id !== undefined) ways.set(id, `${ways.get(id) ?? ''}${family}`)
  }
  return ways
}
