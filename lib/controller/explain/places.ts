import { type Family, parseAddress, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import type { Endpoint, Network, Sandbox } from '../../model/network.ts'
import { seatsOf } from '../endpoints/endpoints.ts'
import { chooseGateway, type Seat } from '../endpoints/gateway.ts'
import type { Hall } from '../hall.ts'
import { findNetwork, findSandbox, orNot } from '../lookup.ts'
import type { View } from './view.ts'

/** Where a packet begins or ends. */
export interface Place {
  /** As it was asked for. */
  readonly name: string
  readonly kind: 'sandbox' | 'host' | 'outside'
  readonly sandbox?: Sandbox
  /** That was asked for, or that of the network that was asked for. */
  readonly address?: string
  readonly network?: Network
}

/** Documentation prefixes: somebody far away. */
export const FAR = { 4: '198.51.100.1', 6: '2001:db8::1' } as const
const LOOPBACK = { 4: '127.0.0.1', 6: '::1' } as const

export const ipOf = (cidr: string | undefined): string => cidr?.replace(/\/\d+$/, '') ?? ''

export const addressIn = (endpoint: Endpoint, family: Family): string => ipOf(family === 4 ? endpoint.address : endpoint.address6)

/** Whose an address is. */
export function guestAt({ store }: Hall, address: string): Endpoint | undefined {
  const wanted = parseAddress(address)
  const is = (cidr: string | undefined) => cidr !== undefined && parseCidr(cidr)?.value === wanted?.value
  return wanted ? store.endpoints.list().find(({ address: own, address6 }) => is(wanted.family === 4 ? own : address6)) : undefined
}

/** A sandbox or a network by its name or id, an address, `host`, or `internet`. */
export function placeOf(hall: Hall, name: string, view: View): Place {
  if (name === 'host') return { name, kind: 'host' }
  if (name === 'internet') return { name, kind: 'outside' }
  if (parseAddress(name)) return placeAt(hall, name, view)
  const sandbox = orNot(() => findSandbox(hall, name))
  if (sandbox) return sandbox.kind === 'host' ? { name, kind: 'host' } : { name: sandbox.name, kind: 'sandbox', sandbox }
  const network = orNot(() => findNetwork(hall, name))
  if (!network) throw fault('PLACE_NOT_FOUND', { name })
  const [guest] = hall.store.endpoints.with('networkId', network.id)
  const box = guest && hall.store.sandboxes.get(guest.sandboxId)
  if (!box) throw fault('PLACE_EMPTY', { name })
  return { name: box.name, kind: 'sandbox', sandbox: box, network }
}

function placeAt(hall: Hall, address: string, view: View): Place {
  const guest = guestAt(hall, address)
  const sandbox = guest && hall.store.sandboxes.get(guest.sandboxId)
  if (sandbox) return { name: sandbox.name, kind: 'sandbox', sandbox, address }
  return { name: address, kind: view.holds(address) ? 'host' : 'outside', address }
}

/** The family in which both can be: that of an address, else the one asked for, else IPv4 where there is one. */
export function familyOf(hall: Hall, places: readonly Place[], asked: Family | undefined): Family {
  const given = places.map(({ address }) => parseAddress(address ?? '')?.family).find((family) => family !== undefined)
  if (given ?? asked) return given ?? asked ?? 4
  const has4 = ({ sandbox }: Place) => !sandbox || seatsOf(hall, sandbox).some(({ endpoint }) => endpoint.address !== undefined)
  return places.every(has4) ? 4 : 6
}

/** Where one who is at `from` finds `to`: on a network that both are on, if there is one. */
export function targetOf(hall: Hall, from: Place, to: Place, family: Family, view: View): string {
  if (to.address) return to.address
  if (to.kind === 'outside') return FAR[family]
  if (to.kind === 'host') return hostAddress(hall, from, family, view)
  const seats = to.sandbox ? seatsOf(hall, to.sandbox) : []
  const near = new Set(from.sandbox ? seatsOf(hall, from.sandbox).map(({ network }) => network.id) : [])
  const order = [
    ...seats.filter(({ network }) => network.id === to.network?.id),
    ...seats.filter(({ network }) => near.has(network.id)),
    ...[chooseGateway(seats, family)].filter((seat): seat is Seat => seat !== undefined),
    ...seats,
  ]
  const address = order.map(({ endpoint }) => addressIn(endpoint, family)).find((text) => text !== '')
  if (!address) throw fault('PLACE_NO_ADDRESS', { name: to.name, family })
  return address
}

function hostAddress(hall: Hall, from: Place, family: Family, view: View): string {
  if (from.kind === 'host') return LOOPBACK[family]
  const seats = from.sandbox ? seatsOf(hall, from.sandbox) : []
  // An internal network is no way out, but the host is on it too.
  const pools = (chooseGateway(seats, family) ?? seats[0])?.network.pools ?? []
  const gateways = pools.filter((pool) => pool.family === family).map(({ gateway }) => ipOf(gateway))
  // In some gateway modes the host has no address on the network.
  const address = gateways.find((gateway) => view.holds(gateway)) ?? view.addressOf(view.uplink(family)?.index ?? 0, family)
  if (!address) throw fault('PLACE_NO_ADDRESS', { name: 'host', family })
  return address
}

/** By which address a place that is not a sandbox speaks. */
export const farAddress = ({ address }: Place, family: Family): string => address ?? FAR[family]
