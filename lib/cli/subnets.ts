import { contains, overlaps, parseAddress, parseCidr } from '../model/address.ts'
import type { IpamConfig } from '../model/request.ts'
import { Contradiction } from './misuse.ts'

export interface SubnetFlags {
  readonly subnets: readonly string[]
  readonly ranges: readonly string[]
  readonly gateways: readonly string[]
  /** Name and address. */
  readonly aux: readonly (readonly [name: string, address: string])[]
  /** Sandbox and address. */
  readonly reservations?: readonly (readonly [sandbox: string, address: string])[]
}

/** Docker's order of questions, and its words: which subnet does each range, gateway and auxiliary address belong to? */
export function groupBySubnet({ subnets, ranges, gateways, aux, reservations = [] }: SubnetFlags): readonly IpamConfig[] {
  if (subnets.length < ranges.length || subnets.length < gateways.length)
    throw new Contradiction('every ip-range or gateway must have a corresponding subnet')
  refuseOverlaps(subnets)
  const configs = subnets.map((subnet) => ({ subnet, auxAddresses: {}, reservations: {} }) as Group)
  const homeOf = (what: string, text: string): Group => {
    const home = configs.find(({ subnet }) => belongs(subnet, text))
    if (!home) throw new Contradiction(`no matching subnet for ${what} ${text}`)
    return home
  }
  for (const range of ranges) {
    if (!parseCidr(range)) throw new Contradiction(`invalid CIDR address: ${range}`)
    const home = homeOf('range', range)
    if (home.ipRange)
      throw new Contradiction(`cannot configure multiple ranges (${range}, ${home.ipRange}) on the same subnet (${home.subnet})`)
    home.ipRange = range
  }
  for (const gateway of gateways) {
    const home = homeOf('gateway', gateway)
    if (home.gateway)
      throw new Contradiction(`cannot configure multiple gateways (${gateway}, ${home.gateway}) for the same subnet (${home.subnet})`)
    home.gateway = gateway
  }
  for (const [name, address] of aux) homeOf('aux-address', address).auxAddresses[name] = address
  for (const [name, address] of reservations) homeOf('reserved address', address).reservations[name] = address
  return configs.map(({ auxAddresses, reservations, ...config }) => ({
    ...config,
    ...(Object.keys(auxAddresses).length > 0 ? { auxAddresses } : {}),
    ...(Object.keys(reservations).length > 0 ? { reservations } : {}),
  }))
}

interface Group {
  readonly subnet: string
  ipRange?: string
  gateway?: string
  readonly auxAddresses: Record<string, string>
  readonly reservations: Record<string, string>
}

/** One subnet alone is the controller's to judge; it says more. */
function refuseOverlaps(subnets: readonly string[]): void {
  if (subnets.length < 2) return
  const cidrs = subnets.map(subnetIn)
  const overlap = cidrs.some((cidr, index) => cidrs.slice(0, index).some((other) => overlaps(other, cidr)))
  if (overlap) throw new Contradiction('multiple overlapping subnet configuration is not supported')
}

function subnetIn(text: string) {
  const cidr = parseCidr(text)
  if (!cidr) throw new Contradiction(`invalid subnet: invalid CIDR address: ${text}`)
  return cidr
}

/** `text` is an address, or one with a prefix. */
function belongs(subnet: string, text: string): boolean {
  const address = parseAddress(text) ?? parseCidr(text)
  return contains(subnetIn(subnet), address ?? { family: 4, value: -1n })
}
