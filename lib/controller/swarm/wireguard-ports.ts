import { FIRST_WIREGUARD_PORT, placesOf } from '../../drivers/overlay-options.ts'
import type { Network, Options } from '../../model/network.ts'
import { WIREGUARD_PORT_OPTION } from '../../model/swarm.ts'

/** The options of a network that WireGuard encrypts with a port that no other network of the swarm has; others as they are. */
export function withWireguardPort(options: Options, others: Iterable<Network>): Options {
  if (options['encrypted'] !== 'wireguard' || options[WIREGUARD_PORT_OPTION] !== undefined) return options
  const taken = new Set([...others].map((network) => placesOf(network).wireguardPort))
  let port = FIRST_WIREGUARD_PORT
  while (taken.has(port)) port++
  return { ...options, [WIREGUARD_PORT_OPTION]: String(port) }
}
