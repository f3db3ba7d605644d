import type { NetworkConfig } from '../../drivers/driver.ts'
import { wireguardPeers } from '../../drivers/overlay-wireguard.ts'
import { fault } from '../../model/errors.ts'
import type { WireguardKeys } from '../../model/keys.ts'
import type { Network } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import { applyLeniently } from '../../netlink/kernel.ts'
import type { Netns } from '../../netlink/namespace.ts'
import type { Hall } from '../hall.ts'
import { tunnelOf } from './known.ts'

const KEY_BYTES = 32

/** Throws KEYS_INVALID. */
export function checkWireguardKeys({ privateKey, peers }: WireguardKeys): void {
  const short = [['its own', privateKey] as const, ...Object.entries(peers)].find(([, key]) => key.length !== KEY_BYTES)
  if (short) throw fault('KEYS_INVALID', { what: `a WireGuard key has ${KEY_BYTES} bytes: ${short[0]} has ${short[1].length}` })
}

/**
 * Steps that tell a network's WireGuard link of all hosts, be they on it or not: nobody speaks to one that is not. Nothing where nobody
 * has said yet, or it has no such link.
 */
export function wireguardOf(hall: Hall, network: Network, config: NetworkConfig, at?: number): Plan {
  const way = tunnelOf(hall, network, config)?.wireguard
  const { wireguard: keys } = hall.secrets
  if (!way || keys === undefined) return []
  if (keys === null) return [{ ...(at === undefined ? {} : { at }), op: 'link.set', link: way.link, up: false }]
  const hosts = Object.entries(keys.peers).flatMap(([vtep, publicKey]) => (vtep === way.own ? [] : [{ vtep, publicKey }]))
  return wireguardPeers(way, keys.privateKey, hosts, at)
}

/** The same, done, in the network's namespace. */
export async function keepWireguard(hall: Hall, network: Network, config: NetworkConfig, netns: Netns): Promise<void> {
  const [refusal] = await applyLeniently([netns], wireguardOf(hall, network, config))
  if (refusal) throw refusal
}

/** A private key that is nobody's, for a link that is none of WireGuard's: a kernel that has it knows as much. */
const LOOPBACK = 1

/** Throws WIREGUARD_ABSENT. */
export async function checkWireguard({ host }: Pick<Hall, 'host'>): Promise<void> {
  const [refusal] = await applyLeniently(
    [host],
    [{ op: 'wireguard.sync', link: LOOPBACK, privateKey: new Uint8Array(KEY_BYTES), listenPort: 1, peers: [] }],
  )
  if (refusal?.refusal.request !== 'CTRL_CMD_GETFAMILY') return
  throw fault('WIREGUARD_ABSENT', { reason: refusal.message }, refusal)
}
