import { type Cidr, contains, formatAddress, overlaps, parseAddress, parseCidr } from '../../model/address.ts'
import { type Finding, finding } from '../../model/findings.ts'
import { shortId } from '../../model/ids.ts'
import type { Endpoint, Network, Sandbox } from '../../model/network.ts'

/** All that is recorded of a host. */
export interface Records {
  readonly networks: readonly Network[]
  readonly sandboxes: readonly Sandbox[]
  readonly endpoints: readonly Endpoint[]
}

/** What is wrong among the records themselves, whatever the kernel has. */
export function contradictions(records: Records): readonly Finding[] {
  return [
    ...dangling(records).map(({ finding }) => finding),
    ...twins(records),
    ...misfits(records),
    ...overlapping(records),
    ...addresses(records),
  ]
}

/** Records that speak of others which are not there. */
export function dangling({
  networks,
  sandboxes,
  endpoints,
}: Records): readonly { readonly endpoint: Endpoint; readonly finding: Finding }[] {
  const [nets, boxes] = [new Set(networks.map(({ id }) => id)), new Set(sandboxes.map(({ id }) => id))]
  return endpoints.flatMap((endpoint) => {
    const lost = [
      ...(nets.has(endpoint.networkId) ? [] : [`network ${shortId(endpoint.networkId)}`]),
      ...(boxes.has(endpoint.sandboxId) ? [] : [`sandbox ${shortId(endpoint.sandboxId)}`]),
    ]
    const problem = `its ${lost.join(' and its ')} is not there`
    return lost.length === 0 ? [] : { endpoint, finding: finding('RECORD_DANGLING', `endpoint ${shortId(endpoint.id)}`, { problem }) }
  })
}

/** Two of one kind that bear the same name: verbs would find only one. */
function twins({ networks, sandboxes }: Records): readonly Finding[] {
  const again = (kind: string, all: readonly Pick<Network, 'id' | 'name'>[]) => {
    const known = new Set<string>()
    return all
      .filter(({ name }) => known.has(name) || !known.add(name))
      .map(({ id, name }) => finding('NAME_TWICE', `${kind} ${name}`, { kind, id: shortId(id) }))
  }
  return [...again('network', networks), ...again('sandbox', sandboxes)]
}

/** Pools that are none, and what does not lie in its pool. */
const misfits = ({ networks }: Records): readonly Finding[] =>
  networks.flatMap(({ name, pools }) =>
    pools.flatMap(({ subnet, gateway, range, aux, reservations = {} }) => {
      const subject = `network ${name}`
      if (!parseCidr(subnet)) return [finding('RECORD_INVALID', subject, { problem: `${subnet} is not a subnet` })]
      const parts = [gateway, range, ...[...Object.values(aux), ...Object.values(reservations)]].filter((text) => text !== undefined)
      return parts
        .filter((text) => !isIn(subnet, text))
        .map((text) => finding('RECORD_INVALID', subject, { problem: `${text} does not lie in ${subnet}` }))
    }),
  )

/** Subnets that the built-in IPAM would not have given; those of other drivers are their business. */
function overlapping({ networks }: Records): readonly Finding[] {
  const pools = networks
    .filter(({ configOnly, ipam }) => !configOnly && ipam.driver === 'default')
    .flatMap((network) => network.pools.flatMap(({ subnet }) => ({ network, subnet, cidr: parseCidr(subnet) })))
    .filter((pool): pool is typeof pool & { readonly cidr: Cidr } => pool.cidr !== null)
    .sort(
      (a, b) =>
        a.cidr.family - b.cidr.family ||
        (a.cidr.value < b.cidr.value ? -1 : a.cidr.value > b.cidr.value ? 1 : a.cidr.prefix - b.cidr.prefix),
    )
  let widest = pools[0]
  return pools.slice(1).flatMap((pool) => {
    const other = widest
    const clash = other && overlaps(other.cidr, pool.cidr)
    if (!clash) widest = pool
    if (!clash || !other) return []
    const { name } = pool.network
    return finding('POOLS_OVERLAP', `network ${name}`, {
      pool: pool.subnet,
      other: other.subnet,
      holder: other.network.name,
      network: name,
    })
  })
}

/** Who holds which address of a network: each has one holder, and lies in a subnet. */
function addresses({ networks, sandboxes, endpoints }: Records): readonly Finding[] {
  const boxes = new Map(sandboxes.map(({ id, name }) => [id, name]))
  return networks
    .filter(({ configOnly }) => !configOnly)
    .flatMap((network) => {
      const holders = new Map<string, Set<string>>()
      const hold = (text: string, by: string) => {
        const ip = canonical(text)
        holders.set(ip, (holders.get(ip) ?? new Set()).add(by))
      }
      for (const { gateway, aux, reservations = {} } of network.pools) {
        if (gateway) hold(gateway, 'the gateway')
        for (const [name, ip] of Object.entries(aux)) hold(ip, `the auxiliary address ${name}`)
        for (const [sandbox, ip] of Object.entries(reservations)) hold(ip, sandbox)
      }
      const own = endpoints
        .filter(({ networkId }) => networkId === network.id)
        .flatMap(({ sandboxId, address, address6 }) =>
          [address, address6].flatMap((text) => (text ? [{ text, sandbox: boxes.get(sandboxId) ?? shortId(sandboxId) }] : [])),
        )
      for (const { text, sandbox } of own) hold(text, sandbox)
      return [...outside(network, own), ...shared(network, holders)]
    })
}

const outside = (
  { name: network, pools }: Network,
  own: readonly { readonly text: string; readonly sandbox: string }[],
): readonly Finding[] =>
  own
    .filter(({ text }) => !pools.some(({ subnet }) => isIn(subnet, text)))
    .map(({ text, sandbox }) => finding('ADDRESS_OUTSIDE', `sandbox ${sandbox}`, { address: text, network, sandbox }))

const shared = ({ name: network }: Network, holders: ReadonlyMap<string, ReadonlySet<string>>): readonly Finding[] =>
  [...holders]
    .filter(([, by]) => by.size > 1)
    .map(([address, by]) =>
      finding('ADDRESS_TWICE', `network ${network}`, { address, holders: [...by].join(' and '), network, sandbox: [...by].at(-1) ?? '' }),
    )

const canonical = (text: string): string => {
  const address = parseAddress(text.replace(/\/\d+$/, ''))
  return address ? formatAddress(address) : text
}

function isIn(subnet: string, text: string): boolean {
  const [cidr, address] = [parseCidr(subnet), parseAddress(text) ?? parseCidr(text)]
  return cidr !== null && address !== null && contains(cidr, address)
}
