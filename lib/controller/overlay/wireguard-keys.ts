import type { WireguardKeys } from '../../model/keys.ts'
import { beyondPlan } from '../execution/beyond-plan.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { raisedNetworks } from '../networks/raised.ts'
import { tunnelOf } from './known.ts'
import { withTunnel } from './peers.ts'
import { keepSafe } from './safe.ts'
import { checkWireguardKeys } from './wireguard.ts'

/** The keys from now on; null: none, and nothing gets through. Throws KEYS_INVALID. */
export async function setWireguardKeys(hall: Hall, keys: WireguardKeys | null): Promise<void> {
  if (keys) checkWireguardKeys(keys)
  await beyondPlan(hall)
  hall.secrets.wireguard = keys
  await keepAllWireguard(hall)
}

/** Every network that has its links here. */
export async function keepAllWireguard(hall: Hall): Promise<void> {
  for (const network of raisedNetworks(hall))
    if (tunnelOf(hall, network, configOf(hall, network))?.wireguard)
      await withTunnel(hall, network, (tunnel) => keepSafe(hall, network, tunnel))
}
