import { fault } from '../model/errors.ts'
import { hasLink, type Settings } from './bridge-options.ts'
import type { FoundLink, NetworkConfig } from './driver.ts'
import { checkPools, invalid } from './pools.ts'

/** Refuses, in Docker's sentences, a network that no bridge can be. */
export function checkNetwork(network: NetworkConfig, settings: Settings, others: readonly NetworkConfig[]): void {
  checkPools(network)
  if (Object.values(settings.modes).includes('isolated') && !network.internal)
    throw invalid("gateway mode 'isolated' can only be used for an internal network")
  checkLink(network.found, settings.link)
  for (const other of others) {
    if (!hasLink(other, settings.link)) continue
    const reason = 'networks have same bridge name'
    throw fault('NETWORK_CONFLICT', { id: network.id, link: settings.link, other: other.id, otherLink: settings.link, reason })
  }
}

function checkLink(found: FoundLink | undefined, link: string): void {
  if (found && found.kind !== 'bridge') throw invalid(`existing interface ${link} is not a bridge`)
}
