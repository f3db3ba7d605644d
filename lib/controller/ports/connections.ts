import { type Address, parseAddress, parseCidr, toBytes } from '../../model/address.ts'
import type { Endpoint } from '../../model/network.ts'
import { HOST, type Op, type Plan } from '../../model/op.ts'
import type { Opening } from '../../model/wall.ts'

// The kernel keeps sending a tracked connection where it sent its first packet, whatever the rules have become.

const forget = (family: Address['family'], what: object): Op => ({ op: 'conntrack.del', at: HOST, family, ...what })

/**
 * What began at an endpoint that goes, or led to it: its addresses may be somebody else's soon. `behind`: before they are, but not at
 * once.
 */
export const forgetEndpoint = ({ address, address6 }: Endpoint, behind = true): Plan =>
  [address, address6].flatMap((text) => {
    const cidr = parseCidr(text ?? '')
    if (!cidr) return []
    return [{ op: 'conntrack.delMany', at: HOST, family: cidr.family, addresses: toBytes(cidr), behind }]
  })

/** Datagrams that came to a port before it led anywhere are a connection with the host itself: it would stay that. */
export const forgetOpened = (openings: readonly Opening[]): Plan =>
  openings.flatMap(({ protocol, hostIP, hostPort }) => {
    const host = parseAddress(hostIP)
    if (protocol !== 'udp' || !host || hostPort === 0) return []
    const where = host.value === 0n ? {} : { origDst: toBytes(host) }
    return [forget(host.family, { proto: protocol, origDport: hostPort, ...where })]
  })
