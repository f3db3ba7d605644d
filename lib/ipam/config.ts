import { type Address, type Cidr, contains, type Family, formatCidr, parseAddress, parseCidr, subnetOf } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import type { IpamConfig } from '../model/request.ts'

interface Families {
  readonly enableIPv4: boolean
  readonly enableIPv6: boolean
}

/** Throws INVALID_NETWORK_CONFIG with all that is wrong, a line each, in Docker's words where Docker has them. */
export function checkIpamConfig(configs: readonly IpamConfig[], families: Families): void {
  const problems = configs.flatMap((config) => problemsOf(config, families))
  if (problems.length > 0) throw fault('INVALID_NETWORK_CONFIG', { problems: problems.join('\n') })
}

function problemsOf(config: IpamConfig, families: Families): readonly string[] {
  const { subnet: text = '', ipRange, gateway, auxAddresses = {}, reservations = {} } = config
  const kept = [
    ...Object.entries(auxAddresses).map(([name, address]) => ({ what: 'auxiliary address', name, address })),
    ...Object.entries(reservations).map(([name, address]) => ({ what: 'address reserved for', name, address })),
  ]
  if (text === '') return ipRange || gateway || kept.length > 0 ? ['every ip-range or gateway must have a corresponding subnet'] : []
  const given = parseCidr(text)
  if (!given) return [`invalid subnet ${text}: invalid CIDR block notation`]
  const subnet = subnetOf(given)
  return [
    ...label(`invalid subnet ${text}`, subnetProblem(given, subnet, families)),
    ...(ipRange ? label(`invalid ip-range ${ipRange}`, rangeProblem(ipRange, subnet)) : []),
    ...(gateway ? label(`invalid gateway ${gateway}`, addressProblem(gateway, subnet)) : []),
    ...kept.flatMap(({ what, name, address }) => label(`invalid ${what} ${name}`, addressProblem(address, subnet))),
  ]
}

const label = (what: string, problem: string | null): readonly string[] => (problem === null ? [] : [`${what}: ${problem}`])

function subnetProblem(given: Cidr, subnet: Cidr, { enableIPv4, enableIPv6 }: Families): string | null {
  if (given.value !== subnet.value) return `it should be ${formatCidr(subnet)}`
  return (given.family === 4 ? enableIPv4 : enableIPv6) ? null : `IPv${given.family} is not enabled on this network`
}

function rangeProblem(text: string, subnet: Cidr): string | null {
  const range = parseCidr(text)
  if (!range) return 'invalid CIDR block notation'
  if (range.family !== subnet.family) return otherFamily(subnet.family)
  if (range.prefix < subnet.prefix) return `CIDR block is bigger than its parent subnet ${formatCidr(subnet)}`
  const canonical = subnetOf(range)
  if (range.value !== canonical.value) return `it should be ${formatCidr(canonical)}`
  return contains(subnet, range) ? null : `parent subnet ${formatCidr(subnet)} doesn't contain ip-range`
}

function addressProblem(text: string, subnet: Cidr): string | null {
  const address: Address | null = parseAddress(text)
  if (!address) return 'invalid address'
  if (address.family !== subnet.family) return otherFamily(subnet.family)
  return contains(subnet, address) ? null : `parent subnet ${formatCidr(subnet)} doesn't contain this address`
}

const otherFamily = (family: Family): string => `parent subnet is an IPv${family} block`
