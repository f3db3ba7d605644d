import { bitsOf, type Cidr, parseAddress, parseCidr, toBytes } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { macBytes } from '../model/ids.ts'
import { type Op, type Plan, undoOf } from '../model/op.ts'
import type { EndpointConfig, NetworkConfig } from './driver.ts'

export const HOST_ACCESS = 'cnm.host_access'

/** A parent keeps its own links from the host; so the host gets one of them, with addresses that nobody else has. */
export const hostAddressesOf = ({ pools }: NetworkConfig): readonly Cidr[] =>
  pools.flatMap(({ aux }) =>
    Object.entries(aux).flatMap(([name, text]) => {
      const address = isHostName(name) ? parseAddress(text) : null
      return address ? [{ ...address, prefix: bitsOf(address.family) }] : []
    }),
  )

/** 'host'; a number makes it different where names of two subnets have to be. */
export const isHostName = (name: string): boolean => /^host\d*$/.test(name)

/** Somebody else's IPAM does not know that the host wants one. */
export function checkHostAddresses({ pools }: NetworkConfig): void {
  const lacking = pools.find(({ aux }) => !Object.keys(aux).some(isHostName))
  if (!lacking) return
  const reason = `the host has no address in ${lacking.subnet}: --aux-address host=ADDRESS`
  throw fault('INVALID_OPTION', { key: HOST_ACCESS, value: 'true', reason })
}

/**
 * The host's own link. It answers for its own addresses only, and hears no router: the LAN is not to find the host, nor the
 * host the LAN, by another way than before.
 */
export const furnishHostLink = (network: NetworkConfig, link: string): Plan => [
  sysctl(`ipv4/conf/${link}/arp_ignore`, '1'),
  sysctl(`ipv6/conf/${link}/disable_ipv6`, network.enableIPv6 ? '0' : '1'),
  ...(network.enableIPv6 ? [sysctl(`ipv6/conf/${link}/accept_ra`, '0')] : []),
  ...hostAddressesOf(network).map((cidr): Op => ({ op: 'addr.add', link, address: toBytes(cidr), prefix: cidr.prefix })),
  { op: 'link.set', link, up: true },
]

/** The host's way to an endpoint. It asks nobody, where the endpoint's MAC address is known. */
export const wayToEndpoint = (link: string, { address, address6 }: EndpointConfig, mac: string | undefined): Plan =>
  [address, address6].flatMap((text) => {
    const own = parseCidr(text ?? '')
    if (!own) return []
    const neighbour = { link, address: toBytes(own) }
    const known: Op = { op: 'neigh.replace', ...neighbour, mac: macBytes(mac ?? ''), undo: [{ op: 'neigh.del', ...neighbour }] }
    return [...(mac ? [known] : []), { op: 'route.add', to: toBytes(own), prefix: bitsOf(own.family), link }]
  })

export const noWayToEndpoint = (...way: Parameters<typeof wayToEndpoint>): Plan => undoOf(wayToEndpoint(...way))

const sysctl = (path: string, value: string): Op => ({ op: 'sysctl', path: `net/${path}`, value })
