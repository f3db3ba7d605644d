import type { Store } from '../store/store.ts'

const ipOf = (cidr: string | undefined): string => cidr?.replace(/\/\d+$/, '') ?? ''

/** Who holds a pool, or an address of it, in words; '' when the records do not say. */
export function holderOf(store: Store, poolId: string, address?: string): string {
  const network = store.networks.list().find(({ pools }) => pools.some(({ id }) => id === poolId))
  const pool = network?.pools.find(({ id }) => id === poolId)
  if (!network || !pool) return ''
  if (address === undefined) return `network ${network.name}`
  if (ipOf(pool.gateway) === address) return `the gateway of network ${network.name}`
  const aux = Object.entries(pool.aux).find(([, ip]) => ip === address)
  if (aux) return `the auxiliary address ${aux[0]} of network ${network.name}`
  const endpoint = store.endpoints
    .list()
    .find((candidate) => candidate.networkId === network.id && [ipOf(candidate.address), ipOf(candidate.address6)].includes(address))
  const sandbox = endpoint && store.sandboxes.get(endpoint.sandboxId)
  return sandbox ? `sandbox ${sandbox.name} on network ${network.name}` : ''
}
