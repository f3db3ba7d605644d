import { type Family, isSame } from '../../model/address.ts'
import { isShared, type Network } from '../../model/network.ts'
import type { Store } from '../../store/store.ts'

const ipOf = (cidr: string | undefined): string => cidr?.replace(/\/\d+$/, '') ?? ''

/** What is known of other nodes; '' when nobody is. */
interface Elsewhere {
  holderOf(network: string, ip: string): string
}

/** Who holds a pool of an IPAM driver, or an address of it, in words; '' when the records do not say. */
export function holderOf(store: Store, poolId: string, address?: string, driver = 'default', swarm?: Elsewhere): string {
  const network = store.networks.list().find(({ ipam, pools }) => ipam.driver === driver && pools.some(({ id }) => id === poolId))
  if (!network) return store.lentPools.list().some((lent) => lent.pool === poolId && lent.driver === driver) ? 'a container engine' : ''
  if (address === undefined) return `network ${network.name}`
  const holder = holdingsOf(store, network).find(({ ip }) => isSame(ip, address))
  if (holder) return `${holder.by} ${network.name}`
  return isShared(network) ? (swarm?.holderOf(network.id, address) ?? '') : ''
}

/** A list of words is for a person to read. */
const SHOWN = 32

/** Who holds the addresses of a family, with them: '172.18.0.1 (the gateway), 172.18.0.2 (sandbox web)'. */
export function holdersOn(store: Store, network: Network, family: Family): string {
  const all = holdingsOf(store, network).filter((holding) => holding.family === family)
  const shown = all.slice(0, SHOWN).map(({ ip, by }) => `${ip} (${by.replace(/ (of|on) network$/, '')})`)
  return `${shown.join(', ') || 'none'}${all.length > SHOWN ? ` and ${all.length - SHOWN} more` : ''}`
}

interface Holding {
  readonly family: Family
  readonly ip: string
  /** 'sandbox web on network', ready to be followed by its name. */
  readonly by: string
}

function holdingsOf(store: Store, network: Network): readonly Holding[] {
  const fixed = network.pools.flatMap(({ family, gateway, aux, reservations = {} }) => [
    ...(gateway ? [{ family, ip: ipOf(gateway), by: 'the gateway of network' }] : []),
    ...Object.entries(aux).map(([name, ip]) => ({ family, ip, by: `the auxiliary address ${name} of network` })),
    ...Object.entries(reservations).map(([name, ip]) => ({ family, ip, by: `the reservation for sandbox ${name} on network` })),
  ])
  const endpoints = store.endpoints.with('networkId', network.id)
  const given = endpoints.flatMap(({ sandboxId, address, address6 }) => {
    const by = `sandbox ${store.sandboxes.get(sandboxId)?.name ?? sandboxId} on network`
    return [
      { family: 4 as const, ip: ipOf(address), by },
      { family: 6 as const, ip: ipOf(address6), by },
    ].filter(({ ip }) => ip !== '')
  })
  const told = (network.peers ?? []).flatMap(({ address, address6, vtep }) => {
    const by = `a peer at ${vtep} on network`
    return [
      { family: 4 as const, ip: ipOf(address), by },
      { family: 6 as const, ip: ipOf(address6), by },
    ].filter(({ ip }) => ip !== '')
  })
  return [...given, ...told, ...fixed]
}
