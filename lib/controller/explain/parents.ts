import { PARENT, type Parent, parentOf } from '../../drivers/parent.ts'
import type { Endpoint, Network } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { raisedOf } from '../networks/raised.ts'

/** Kinds of links on a parent, which hands what they send to the LAN. */
export const CHILDREN: ReadonlySet<string> = new Set(['macvlan', 'ipvlan'])

export const networkOf = ({ store }: Hall, guest: Endpoint | undefined): Network | undefined => store.networks.get(guest?.networkId ?? '')

/** The link of the host that the endpoints of a network are on; undefined where they are on none. */
export const parentUnder = (network: Network | undefined): Parent | undefined =>
  network && CHILDREN.has(network.driver) ? parentOf(network.driver.charAt(0), network, network.options[PARENT]) : undefined

const MODES = ['macvlan_mode', 'ipvlan_flag'] as const

/** 'macvlan_mode is vepa'; undefined for links that hand one another what they send. */
function seclusionOf({ options }: Network): { readonly mode: string; readonly text: string } | undefined {
  const key = MODES.find((name) => (options[name] || 'bridge') !== 'bridge')
  return key && { mode: options[key] ?? '', text: `${key} is ${options[key]}` }
}

/** Why a link on a parent does not hand another one what it sends, and whether nobody else does. */
export function apartness(from: Network, to: Network): { readonly text: string; readonly isFinal: boolean } | undefined {
  const [near, far] = [seclusionOf(from), seclusionOf(to)]
  const why = far?.mode === 'private' ? far : (near ?? far)
  return why && { text: why.text, isFinal: why.mode === 'private' }
}

/** What the host sends away that is for this network of ours gets to nobody: the host has no address on it, and no LAN is behind it. */
export function isCutOff({ store }: Hall, network: Network | undefined): network is Network {
  if (!network) return false
  if (network.driver === 'bridge') return raisedOf(store, network)?.found === undefined
  return network.driver === 'overlay' || parentUnder(network)?.isolated === true
}
