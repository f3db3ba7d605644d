import { type Cidr, type Family, isLoopback, lastOf, parseAddress, subnetOf } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { hasLink, type Settings, settingsOf } from './bridge-options.ts'
import type { FoundLink, NetworkConfig, OtherNetwork } from './driver.ts'
import { isOfMany, unreachable } from './options.ts'
import { checkPools, invalid } from './pools.ts'

/** What the host reaches through a bridge, as the first and the last address: that is soon compared with thousands. */
export interface Span {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

export const spanOf = (cidr: Cidr): Span => ({ family: cidr.family, first: subnetOf(cidr).value, last: lastOf(cidr) })

type SpansOf = (network: NetworkConfig) => readonly Span[]

/** Refuses, in Docker's sentences, a network that no bridge can be. */
export function checkNetwork(network: NetworkConfig, settings: Settings, others: readonly OtherNetwork[], spansOf: SpansOf): void {
  checkPools(network)
  if (Object.values(settings.modes).includes('isolated') && !network.internal)
    throw invalid("gateway mode 'isolated' can only be used for an internal network")
  checkLink(network.found, settings.link)
  checkAddresses(settings)
  const spans = spansOf(network)
  for (const other of others) {
    const taken = other.idle ? [] : spansOf(other)
    const reason = hasLink(other, settings.link) ? 'networks have same bridge name' : overlapping(spans, taken)
    if (reason === '') continue
    const otherLink = settingsOf(other).link
    throw fault('NETWORK_CONFLICT', { id: network.id, link: settings.link, other: other.id, otherLink, reason, name: other.name })
  }
}

function checkLink(found: FoundLink | undefined, link: string): void {
  if (found && found.kind !== 'bridge') throw invalid(`existing interface ${link} is not a bridge`)
}

/** Addresses of the host, each of which somebody is to answer to. */
function checkAddresses({ hostIP, source }: Settings): void {
  for (const text of Object.values(hostIP)) {
    const address = parseAddress(text)
    const reason = address ? unreachable(address) : undefined
    if (reason) throw invalid(reason)
  }
  for (const text of Object.values(source))
    if (!isUnicast(text)) throw invalid(`${text} cannot be the source address of packets to the world`)
}

function isUnicast(text: string): boolean {
  const address = parseAddress(text)
  return address !== null && address.value !== 0n && !isLoopback(address) && !isOfMany(address)
}

/** The host would send what is for one to the other. Our IPAM gives no such subnets, others may. */
function overlapping(spans: readonly Span[], others: readonly Span[]): string {
  for (const { family, first, last } of spans)
    for (const other of others)
      if (other.family === family && other.first <= last && first <= other.last) return `networks have overlapping IPv${family}`
  return ''
}
