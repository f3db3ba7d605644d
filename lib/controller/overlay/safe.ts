import type { Network } from '../../model/network.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import type { OpenTunnel } from './peers.ts'
import { keepSecrets } from './secrecy.ts'
import { keepWireguard } from './wireguard.ts'

/** What goes to other hosts by this tunnel is encrypted as it should be, or does not leave. */
export async function keepSafe(hall: Hall, network: Network, tunnel: OpenTunnel | null): Promise<void> {
  if (tunnel?.encrypted) await keepSecrets(hall)
  if (tunnel?.wireguard) await keepWireguard(hall, network, configOf(hall, network), tunnel.netns)
}
