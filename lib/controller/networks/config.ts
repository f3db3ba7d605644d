import type { NetworkConfig } from '../../drivers/driver.ts'
import type { Network } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { type Raised, raisedOf } from './raised.ts'

/** What a driver is told of a network. */
export function configOf({ store }: Hall, network: Network): NetworkConfig {
  const raised = raisedOf(store, network)
  const known = told.get(network)
  if (known && known.raised === raised) return known.config
  const config = toConfig(network, raised)
  told.set(network, { raised, config })
  return config
}

/** What drivers work out of it, they remember by it. */
const told = new WeakMap<Network, { readonly raised: Raised | undefined; readonly config: NetworkConfig }>()

export const toConfig = (
  { id, name, internal, enableIPv4, enableIPv6, options, pools }: Network,
  { found, underlay }: Pick<NetworkConfig, 'found' | 'underlay'> = {},
): NetworkConfig => ({
  ...{ id, name, internal, enableIPv4, enableIPv6, options, pools },
  ...(found ? { found } : {}),
  ...(underlay ? { underlay } : {}),
})
