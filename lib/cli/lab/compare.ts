import { familiesOf } from '../../controller/networks/families.ts'
import { formatAddress, formatCidr, parseAddress, parseCidr } from '../../model/address.ts'
import type { Endpoint, Network, Options, Pool, PortBinding, Sandbox } from '../../model/network.ts'
import type { Attachment, IpamConfig, PublishPort } from '../../model/request.ts'
import { GIVEN_OPTIONS } from '../../model/swarm.ts'
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

const addressesText = (map: Options = {}): string =>
  mapText(Object.fromEntries(Object.entries(map).map(([name, address]) => [name, canonical(address)])))

const withoutPrefix = (cidr = ''): string => cidr.replace(/\/\d+$/, '')

export function networkDifferences(wanted: DeclaredNetwork, is: Network): readonly string[] {
  const { ipam = {} } = wanted
  const { options, enableIPv4, enableIPv6 } = familiesOf(wanted)
  return [
    ...difference('driver', is.driver, wanted.driver ?? 'bridge'),
    ...difference('internal', is.internal, wanted.internal ?? false),
    ...difference('attachable', is.attachable, wanted.attachable ?? false),
    ...difference('IPv4', is.enableIPv4, enableIPv4),
    ...difference('IPv6', is.enableIPv6, enableIPv6),
    ...difference('options', mapText(withoutGiven(is.options, options)), mapText(options)),
    ...difference('labels', mapText(is.labels), mapText(wanted.labels)),
    ...difference('IPAM driver', is.ipam.driver, ipam.driver ?? 'default'),
    ...difference('IPAM options', mapText(is.ipam.options), mapText(ipam.options ?? {})),
    ...poolDifferences(ipam.config ?? [], is),
  ]
}

/** Options without the numbers that a swarm has given a network of which none were declared. */
const withoutGiven = (options: Options, declared: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([key]) => Object.hasOwn(declared, key) || !GIVEN_OPTIONS.includes(key)))

/** A family of which no subnet is declared may have any. */
function poolDifferences(configs: readonly IpamConfig[], { pools, options }: Network): readonly string[] {
  const named = configs.map((config) => ({ ...config, subnet: canonical(config.subnet) }))
  const families = new Set(named.map(({ subnet }) => parseCidr(subnet)?.family))
  const compared = pools.filter(({ family }) => families.has(family))
  const declared = withChosen(named, compared)
  const subnets = difference('subnets', listText(compared.map(({ subnet }) => subnet)), listText(declared.map(({ subnet }) => subnet)))
  if (subnets.length > 0) return subnets
  return declared.flatMap((config) => {
    const pool = compared.find(({ subnet }) => subnet === config.subnet)
    return pool ? addressDifferences(config, HOST_ACCESS in options ? withoutChosen(config, pool) : pool) : []
  })
}

/** '0.0.0.0/26' is whichever subnet of that size nobody else has declared. */
function withChosen<C extends { readonly subnet: string }>(configs: readonly C[], pools: readonly Pool[]): readonly C[] {
  const left = pools.map(({ subnet }) => subnet).filter((subnet) => !configs.some((config) => config.subnet === subnet))
  return configs.map((config) => {
    const index = left.findIndex((subnet) => isOfSize(config.subnet, subnet))
    const [chosen = config.subnet] = index < 0 ? [] : left.splice(index, 1)
    return { ...config, subnet: chosen }
  })
}

function isOfSize(wanted: string, subnet: string): boolean {
  const [size, is] = [parseCidr(wanted), parseCidr(subnet)]
  return size?.value === 0n && size.family === is?.family && size.prefix === is.prefix
}

const HOST_ACCESS = 'cnm.host_access'

/** An auxiliary address for the host that nobody declared was chosen for it. */
function withoutChosen({ auxAddresses = {} }: IpamConfig, pool: Pool): Pool {
  const { host = '', ...aux } = pool.aux
  return { ...pool, aux: host !== '' && 'host' in auxAddresses ? pool.aux : aux }
}

const addressDifferences = ({ ipRange, gateway, auxAddresses = {}, reservations }: IpamConfig, pool: Pool): readonly string[] => [
  ...difference(`range of ${pool.subnet}`, canonical(pool.range), canonical(ipRange)),
  ...(gateway === undefined ? [] : difference(`gateway of ${pool.subnet}`, canonical(withoutPrefix(pool.gateway)), canonical(gateway))),
  ...difference(`auxiliary addresses of ${pool.subnet}`, addressesText(pool.aux), addressesText(auxAddresses)),
  ...(reservations === undefined
    ? []
    : difference(`reservations of ${pool.subnet}`, addressesText(pool.reservations), addressesText(reservations))),
]

function portText({ hostIP, hostPort, hostPortEnd = hostPort, port, protocol }: PublishPort): string {
  const range = hostPortEnd === hostPort ? hostPort : `${hostPort}-${hostPortEnd}`
  return `${hostIP}:${hostPort === 0 ? '' : range}:${port}/${protocol}`
}

const isExact = ({ hostPort, hostPortEnd = hostPort }: PublishPort): boolean => hostPort !== 0 && hostPortEnd === hostPort

/** What may have become of a wish: a host port that was left open is any, and of a range one of it. */
const fits = (is: PortBinding, { protocol, hostIP, hostPort, hostPortEnd = hostPort, port }: PublishPort): boolean =>
  is.protocol === protocol &&
  is.hostIP === hostIP &&
  is.port === port &&
  (hostPort === 0 || (hostPort <= is.hostPort && is.hostPort <= hostPortEnd))

function portDifferences(is: readonly PortBinding[], wanted: readonly PublishPort[]): readonly string[] {
  const left = [...is]
  for (const wish of wanted.toSorted((a, b) => Number(isExact(b)) - Number(isExact(a)))) {
    const index = left.findIndex((binding) => fits(binding, wish))
    if (index >= 0) left.splice(index, 1)
  }
  const isSame = left.length === 0 && is.length === wanted.length
  return isSame ? [] : difference('ports', listText(is.map(portText)), listText(wanted.map(portText)))
}

export const sandboxDifferences = (wanted: DeclaredSandbox, is: Sandbox): readonly string[] => [
  ...difference('netns', is.kind === 'joined' ? is.path : '', wanted.path ?? ''),
  ...difference('labels', mapText(is.labels), mapText(wanted.labels)),
  ...portDifferences(is.ports, wanted.ports),
]

export const attachmentDifferences = (wanted: Attachment, is: Endpoint): readonly string[] => [
  ...difference('IPv4 address', canonical(is.requested.address), canonical(wanted.ip)),
  ...difference('IPv6 address', canonical(is.requested.address6), canonical(wanted.ip6)),
  ...difference('MAC address', is.requested.mac ?? '', wanted.mac ?? ''),
  ...difference('aliases', listText(is.aliases), listText(wanted.aliases)),
  ...difference('link-local addresses', listText(is.linkLocal), listText(wanted.linkLocal)),
  ...difference('options', mapText(is.options), mapText(wanted.options ?? {})),
  ...difference('gateway priority', is.gwPriority, wanted.gwPriority ?? 0),
]
