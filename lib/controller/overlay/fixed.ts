import { isSame, parseAddress } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { newId } from '../../model/ids.ts'
import type { Network } from '../../model/network.ts'
import { NETWORK, type Op, type Plan } from '../../model/op.ts'
import type { Peer } from '../../model/peer.ts'
import type { AddPeer } from '../../model/request.ts'
import { Claims, claimAddress, releaseAddresses } from '../endpoints/addresses.ts'
import { withoutPrefix } from '../endpoints/pools.ts'
import type { Hall } from '../hall.ts'
import { findNetwork, ownNetwork } from '../lookup.ts'
import { configOf } from '../networks/config.ts'
import { homeOf } from '../networks/homes.ts'
import { isStanding } from '../networks/standing.ts'
import { driverOf } from '../remote/drivers.ts'
import { ipamOf } from '../remote/ipam.ts'
import { macKey } from './keys.ts'
import { othersOn, rosterOf, tunnelOf } from './known.ts'
import { Roster } from './roster.ts'
import { hereOf, rowsOf, writing } from './rows.ts'

/** Tells a network of an endpoint on a host that is not of this cluster. Its addresses are given to nobody else. */
export async function addPeer(hall: Hall, ref: string, asked: AddPeer, signal?: AbortSignal): Promise<Peer> {
  const network = tunnelled(hall, ownNetwork(hall, ref))
  const { vtep, mac, ip, ip6 } = asked
  const bare: Peer = { endpointId: newId(), networkId: network.id, nodeId: '', vtep, mac: mac.toLowerCase() }
  const twin = network.peers?.find((other) => macKey(other.mac) === macKey(bare.mac))
  if (twin) throw fault('PEER_EXISTS', { network: network.name, what: `MAC address ${mac}`, holder: `at ${twin.vtep}`, mac })
  const ipam = await ipamOf(hall, network.ipam, signal ? { signal } : {})
  const claims = new Claims()
  try {
    const wish = (address: string | undefined) => ({ sandbox: '', ip: address, mac })
    const address = ip === undefined ? undefined : await claimAddress(hall, ipam, network, 4, wish(ip), claims)
    const address6 = ip6 === undefined ? undefined : await claimAddress(hall, ipam, network, 6, wish(ip6), claims)
    const peer: Peer = { ...bare, ...(address ? { address } : {}), ...(address6 ? { address6 } : {}) }
    // Refuses what is no peer, before it is written down.
    new Roster([peer])
    await change(hall, network, [...(network.peers ?? []), peer], 'up', (roster) => roster.fix([peer]), signal)
    return peer
  } catch (error) {
    await claims.release()
    throw error
  }
}

/** `which`: its MAC address, one of its addresses, or its id. */
export async function removePeer(hall: Hall, ref: string, which: string, signal?: AbortSignal): Promise<Peer> {
  const network = tunnelled(hall, ownNetwork(hall, ref))
  const peer = network.peers?.find((known) => isMeant(known, which))
  if (!peer) throw fault('PEER_NOT_FOUND', { network: network.name, peer: which })
  const left = network.peers?.filter((other) => other !== peer) ?? []
  await change(hall, network, left, 'down', (roster) => roster.unfix(peer.endpointId), signal)
  await releaseAddresses(hall, network, peer)
  return peer
}

/** Everybody on other hosts that this controller knows of. */
export const peersOf = (hall: Hall, ref: string): readonly Peer[] => othersOn(hall, tunnelled(hall, findNetwork(hall, ref)))

function isMeant({ endpointId, mac, address, address6 }: Peer, which: string): boolean {
  if (which === endpointId || (macKey(which) !== null && macKey(which) === macKey(mac))) return true
  return parseAddress(which) !== null && [address, address6].some((own) => own !== undefined && isSame(withoutPrefix(own), which))
}

function tunnelled(hall: Hall, network: Network): Network {
  if (!driverOf(hall, network).tunnel) throw fault('NETWORK_LOCAL', { name: network.name, driver: network.driver })
  return network
}

/** The record and the kernel's rows, in one piece of work. `turn` says which rows; a dry run leaves the roster as it was. */
async function change(
  hall: Hall,
  network: Network,
  peers: readonly Peer[],
  way: 'up' | 'down',
  turn: (roster: Roster) => ReturnType<Roster['change']>,
  signal?: AbortSignal,
): Promise<void> {
  const config = configOf(hall, network)
  const tunnel = tunnelOf(hall, network, config)
  const before = rosterOf(hall, network)
  const rehearsed = new Roster(before.peers)
  const { macs, ips } = turn(rehearsed)
  const standing = tunnel && config.underlay && (await isStanding(hall, network))
  const here = hereOf(hall.store, network, config.underlay?.address ?? '')
  const rows = (roster: Roster): Plan => (standing ? writing(tunnel, rowsOf(roster, here, macs, ips), NETWORK) : [])
  const plan = rows(rehearsed).map((op, index): Op => ({ ...op, undo: index === 0 ? rows(before) : [] }))
  const record = () => {
    hall.store.networks.put({ ...network, peers })
    turn(before)
  }
  await hall.commit({ way, plan, networks: [homeOf(hall, network)], record }, signal)
}
