import { type Family, parseAddress, toBytes } from '../model/address.ts'
import { LINK_GROUP } from '../model/ids.ts'
import { NETWORK, type Op, type Plan } from '../model/op.ts'
import type { Underlay, WireguardWay } from './driver.ts'

export const WIREGUARD = 'wg0'

/** A host that frames go to. */
export interface WireguardHost {
  /** '10.99.0.3' */
  readonly vtep: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

const bytesOf = (address: string): Uint8Array => toBytes(parseAddress(address) ?? { family: 4, value: 0n })
const familyOf = (address: string): Family => parseAddress(address)?.family ?? 4
const BITS = { 4: 32, 6: 128 } as const
const NOWHERE = { 4: new Uint8Array(4), 6: new Uint8Array(16) } as const

/**
 * The link, inside and down, with the address of this host's tunnels: in that namespace nothing leads out but this link, and its own
 * socket, which stays on the host. What endpoints say to the bridge itself is not for this host.
 */
export function wireguardLink({ address }: Underlay, mtu: number): Plan {
  const family = familyOf(address)
  const inside = (path: string, value: string): Op => ({ at: NETWORK, op: 'sysctl', path, value })
  return [
    inside('net/ipv4/ip_forward', '0'),
    inside('net/ipv4/conf/default/rp_filter', '1'),
    { op: 'link.add', kind: 'wireguard', name: WIREGUARD, into: NETWORK, mtu, group: LINK_GROUP },
    ...(family === 6 ? [inside(`net/ipv6/conf/${WIREGUARD}/disable_ipv6`, '0')] : []),
    { at: NETWORK, op: 'addr.add', link: WIREGUARD, address: bytesOf(address), prefix: BITS[family] },
  ]
}

/** Tells the link who is on the other hosts, and lets it carry what is for them. */
export function wireguardPeers(
  { link, port, own }: WireguardWay,
  privateKey: Uint8Array,
  hosts: readonly WireguardHost[],
  at?: number,
): Plan {
  const place = at === undefined ? {} : { at }
  const peers = hosts.map(({ vtep, publicKey }) => {
    const address = bytesOf(vtep)
    return { publicKey, endpoint: address, port, allowedIps: [{ address, prefix: BITS[familyOf(vtep)] }] }
  })
  return [
    { ...place, op: 'wireguard.sync', link, privateKey, listenPort: port, peers },
    { ...place, op: 'link.set', link, up: true },
    { ...place, op: 'route.replace', link, to: NOWHERE[familyOf(own)], prefix: 0 },
  ]
}
