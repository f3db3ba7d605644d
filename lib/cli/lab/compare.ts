import { formatAddress, formatCidr, parseAddress, parseCidr } from '../../model/address.ts'
import type { Endpoint, Network, Options, Pool, PortBinding, Sandbox } from '../../model/network.ts'
import type { Attachment, IpamConfig } from '../../model/request.ts'
import type { DeclaredNetwork, DeclaredSandbox } from './read.ts'

/** 'internal: false -> true'; none when both are the same. What is not declared is not compared. */
const difference = (what: string, is: string | number | boolean, wanted: string | number | boolean): readonly string[] =>
  is === wanted ? [] : [`${what}: ${is === '' ? 'none' : is} -> ${wanted === '' ? 'none' : wanted}`]

const mapText = (map: Options): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(', ')

const listText = (list: readonly string[] = []): string => list.toSorted().join(', ')

/** The same address is the same text. */
function canonical(text = ''): string {
  const [cidr, address] = [parseCidr(text), parseAddress(text)]
  return cidr ? formatCidr(cidr) : address ? formatAddress(address) : text
}

const withoutPrefix = (cidr = ''): string => cidr.replace(/\/\d+$/, '')

export function networkDifferences(wanted: DeclaredNetwork, is: Network): readonly string[] {
  const { ipam = {} } = wanted
  return [
    ...difference('driver', is.driver, wanted.driver ?? 'bridge'),
    ...difference('internal', is.internal, wanted.internal ?? false),
    ...difference('attachable', is.attachable, wanted.attachable ?? false),
    ...difference('IPv4', is.enableIPv4, wanted.enableIPv4 ?? true),
    ...difference('IPv6', is.enableIPv6, wanted.enableIPv6 ?? false),
    ...difference('options', mapText(is.options), mapText(wanted.options ?? {})),
    ...difference('labels', mapText(is.labels), mapText(wanted.labels)),
    ...difference('IPAM driver', is.ipam.driver, ipam.driver ?? 'default'),
    ...difference('IPAM options', mapText(is.ipam.options), mapText(ipam.options ?? {})),
    ...poolDifferences(ipam.config ?? [], is.pools),
  ]
}

/** A family of which no subnet is declared may have any. */
function poolDifferences(configs: readonly IpamConfig[], pools: readonly Pool[]): readonly string[] {
  const declared = configs.map((config) => ({ ...config, subnet: canonical(config.subnet) }))
  const families = new Set(declared.map(({ subnet }) => parseCidr(subnet)?.family))
  const compared = pools.filter(({ family }) => families.has(family))
  const subnets = difference('subnets', listText(compared.map(({ subnet }) => subnet)), listText(declared.map(({ subnet }) => subnet)))
  if (subnets.length > 0) return subnets
  return declared.flatMap((config) => {
    const pool = compared.find(({ subnet }) => subnet === config.subnet)
    return pool ? addressDifferences(config, pool) : []
  })
}

const addressDifferences = ({ ipRange, gateway, auxAddresses = {} }: IpamConfig, pool: Pool): readonly string[] => [
  ...difference(`range of ${pool.subnet}`, pool.range ?? '', canonical(ipRange)),
  ...(gateway === undefined ? [] : difference(`gateway of ${pool.subnet}`, withoutPrefix(pool.gateway), canonical(gateway))),
  ...difference(`auxiliary addresses of ${pool.subnet}`, mapText(pool.aux), mapText(auxAddresses)),
]

const portText = ({ hostIP, hostPort, port, protocol }: PortBinding): string => `${hostIP}:${hostPort}:${port}/${protocol}`

export const sandboxDifferences = (wanted: DeclaredSandbox, is: Sandbox): readonly string[] => [
  ...difference('netns', is.kind === 'joined' ? is.path : '', wanted.path ?? ''),
  ...difference('labels', mapText(is.labels), mapText(wanted.labels)),
  ...difference('ports', listText(is.ports.map(portText)), listText(wanted.ports.map(portText))),
]

export const attachmentDifferences = (wanted: Attachment, is: Endpoint): readonly string[] => [
  ...difference('IPv4 address', is.requested.address ?? '', canonical(wanted.ip)),
  ...difference('IPv6 address', is.requested.address6 ?? '', canonical(wanted.ip6)),
  ...difference('MAC address', is.requested.mac ?? '', wanted.mac ?? ''),
  ...difference('aliases', listText(is.aliases), listText(wanted.aliases)),
  ...difference('link-local addresses', listText(is.linkLocal), listText(wanted.linkLocal)),
  ...difference('options', mapText(is.options), mapText(wanted.options ?? {})),
  ...difference('gateway priority', is.gwPriority, wanted.gwPriority ?? 0),
]
