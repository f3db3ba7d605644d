import { type Address, parseAddress, parseCidr, toBytes } from '../../model/address.ts'
import type { Endpoint } from '../../model/network.ts'
import { HOST, type Op, type Plan } from '../../model/op.ts'
import type { Opening } from '../../model/wall.ts'

// The kernel keeps sending a tracked connection where it sent its first packet, whatever the rules have become.

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

/**
 * Datagrams that came to a port before it led anywhere are a connection with the host itself: it would stay that. Ports side by side
 * are one step, for each looks through the kernel's whole table.
 */
export function forgetOpened(openings: readonly Opening[]): Plan {
  const datagrams = openings.filter(({ protocol, hostIP, hostPort }) => protocol === 'udp' && parseAddress(hostIP) && hostPort !== 0)
  const addresses = [...new Set(datagrams.map(({ hostIP }) => hostIP))]
  return addresses.flatMap((address) => {
    const ports = datagrams.filter(({ hostIP }) => hostIP === address).map(({ hostPort }) => hostPort)
    return runsOf(ports).map((run) => forget(address, run))
  })
}

function forget(hostIP: string, [first, last]: Run): Op {
  const { family, value } = parseAddress(hostIP) as Address
  const where = value === 0n ? {} : { origDst: toBytes({ family, value }) }
  const range = first === last ? {} : { origDportEnd: last }
  return { op: 'conntrack.del', at: HOST, family, proto: 'udp', origDport: first, ...range, ...where }
}

/** The first port and the last of those that are side by side. */
type Run = readonly [first: number, last: number]

function runsOf(ports: readonly number[]): readonly Run[] {
  const runs: [number, number][] = []
  for (const port of ports.toSorted((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run && port <= run[1] + 1) run[1] = port
    else runs.push([port, port])
  }
  return runs
}
