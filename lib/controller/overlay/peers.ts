import { setImmediate } from 'node:timers/promises'
import type { Tunnel } from '../../drivers/driver.ts'
import { parseCidr, toBytes } from '../../model/address.ts'
import { CnmError, fault } from '../../model/errors.ts'
import { type Id, parseMac } from '../../model/ids.ts'
import type { Network } from '../../model/network.ts'
import type { Peer } from '../../model/peer.ts'
import { applyLeniently } from '../../netlink/kernel.ts'
import { type Netns, namespaceAt } from '../../netlink/namespace.ts'
import type { Seat } from '../endpoints/gateway.ts'
import type { Word } from '../execution/announcing.ts'
import { beyondPlan } from '../execution/beyond-plan.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { homeOf } from '../networks/homes.ts'
import { isStanding } from '../networks/standing.ts'
import { reconcile } from './audit.ts'
import { type IpKey, ipKey, type MacKey, macKey } from './keys.ts'
import { rosterOf, tunnelOf } from './known.ts'
import type { Roster, Touched } from './roster.ts'
import { type Here, hereOf, rowsOf, wantedMac, writing } from './rows.ts'
import { keepSecrets } from './secrecy.ts'

/** So many are taken apart while the kernel writes those before. */
const SLICE = 4096

/** Everybody on other hosts, in place of all that was known but for those that a person told us of. Throws PEER_INVALID. */
export async function setPeers(hall: Hall, networkId: Id, peers: readonly Peer[]): Promise<void> {
  const network = networkOf(hall, networkId)
  await beyondPlan(hall)
  const roster = rosterOf(hall, network)
  const gone = roster.size === 0 ? [] : roster.without(new Set(peers.map(({ endpointId }) => endpointId)))
  roster.complete = true
  await withTunnel(hall, network, async (tunnel) => {
    const written: Promise<void>[] = []
    const begin = (touched: Touched): void => {
      const begun = write(tunnel, roster, touched)
      // Refused before anybody waits for it.
      begun.catch(() => {})
      written.push(begun)
    }
    begin(roster.change(gone, []))
    for (let from = 0; from < peers.length; from += SLICE) {
      begin(roster.change([], peers.slice(from, from + SLICE)))
      // Others in this process have their turn.
      await setImmediate()
    }
    await Promise.all(written)
    if (tunnel && !roster.settled) await reconcile(tunnel, roster)
    if (tunnel?.encrypted) await keepSecrets(hall)
  })
}

/** Some are gone, some have come. Throws PEER_INVALID. */
export async function changePeers(
  hall: Hall,
  networkId: Id,
  gone: readonly Pick<Peer, 'endpointId'>[],
  came: readonly Peer[],
): Promise<void> {
  const network = networkOf(hall, networkId)
  await beyondPlan(hall)
  const roster = rosterOf(hall, network)
  await withTunnel(hall, network, async (tunnel) => {
    const touched = roster.change(
      gone.map(({ endpointId }) => endpointId),
      came,
    )
    await write(tunnel, roster, touched)
    if (tunnel?.encrypted) await keepSecrets(hall)
    if (tunnel) await announce(hall, network, tunnel, came)
  })
}

/**
 * A sandbox of this host has taken an address, or left one, that somebody elsewhere may claim too. It has been done by then: what the
 * kernel refuses now is told, and found again by verify.
 */
export async function settlePeers(hall: Hall, seat: Seat): Promise<void> {
  await settle(hall, seat).catch((error) => {
    if (!(error instanceof CnmError)) throw error
    process.emitWarning(`network ${seat.network.name} may not reach all of its peers: ${error.message}`, { code: 'CNM_PEERS_UNSETTLED' })
  })
}

async function settle(hall: Hall, { network, endpoint }: Seat): Promise<void> {
  if (tunnelOf(hall, network, configOf(hall, network))?.encrypted) await keepSecrets(hall)
  const roster = hall.rosters.get(network.id)
  if (!roster || roster.size === 0) return
  const macs = [macKey(endpoint.mac)].filter((mac) => mac !== null).filter((mac) => roster.vtepOf(mac) !== undefined)
  const keys = [endpoint.address, endpoint.address6].map((text) => (text === undefined ? null : ipKey(text)))
  const ips = keys.filter((ip) => ip !== null).filter((ip) => roster.holderOf(ip) !== undefined)
  if (macs.length + ips.length === 0) return
  await withTunnel(hall, network, (tunnel) => write(tunnel, roster, { macs, ips }))
}

/** A tunnel that is there, and what of it is to be known to write its tables. */
export interface OpenTunnel extends Tunnel {
  readonly netns: Netns
  readonly here: Here
}

/** Does `work` with the tunnel of a network that has its links; with null where it has none now. */
export async function withTunnel<T>(hall: Hall, network: Network, work: (tunnel: OpenTunnel | null) => Promise<T>): Promise<T> {
  const config = configOf(hall, network)
  const tunnel = tunnelOf(hall, network, config)
  if (!tunnel || !config.underlay || !(await isStanding(hall, network))) return work(null)
  const netns = namespaceAt(homeOf(hall, network))
  try {
    return await work({ ...tunnel, netns, here: hereOf(hall.store, network, config.underlay.address) })
  } finally {
    netns.close()
  }
}

async function write(tunnel: OpenTunnel | null, roster: Roster, { macs, ips }: Touched): Promise<void> {
  if (!tunnel || !roster.settled || macs.length + ips.length === 0) return
  const plan = writing(tunnel, rowsOf(roster, tunnel.here, macs, ips))
  const [refusal] = await applyLeniently([tunnel.netns], plan)
  if (!refusal) return
  // What the kernel has is not known any more; the next look at it tells.
  roster.settled = false
  throw refusal
}

/** Sandboxes that have known an address by another MAC forget it at once. */
async function announce(hall: Hall, network: Network, { bridge, here }: OpenTunnel, came: readonly Peer[]): Promise<void> {
  const roster = rosterOf(hall, network)
  const words = came.flatMap(({ address, address6, mac: text }) => [address, address6].flatMap((cidr) => wordOf(bridge, cidr, text)))
  const standing = (those: readonly PeerWord[], own: Here) => those.filter(({ ip, mac }) => wantedMac(roster, own, ip) === mac)
  await hall.announcer.relay(homeOf(hall, network), standing(words, here), (those) =>
    standing(those, hereOf(hall.store, network, hall.dataPath()?.address ?? '')),
  )
}

interface PeerWord extends Word {
  readonly ip: IpKey
  readonly mac: MacKey
}

function wordOf(bridge: string, address: string | undefined, text: string): readonly PeerWord[] {
  const cidr = parseCidr(address ?? '')
  const [bytes, ip, mac] = [parseMac(text), ipKey(address ?? ''), macKey(text)]
  if (!cidr || !bytes || ip === null || mac === null) return []
  return [{ op: { op: 'announce', link: bridge, address: toBytes(cidr), mac: bytes }, ip, mac }]
}

function networkOf({ store }: Hall, id: Id): Network {
  const network = store.networks.get(id)
  if (!network) throw fault('NETWORK_NOT_FOUND', { name: id })
  return network
}
