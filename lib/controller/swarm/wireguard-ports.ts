import type { Network, Options } from '../../model/network.ts'

/** As the overlay driver has it. */
export const WIREGUARD_PORT_OPTION = 'cnm.wireguard_port'
const FIRST = 51_820

/** The options of a network that WireGuard encrypts with a port that no other network of the swarm has; others as they are. */
export function withWireguardPort(options: Options, others: Iterable<Network>): Options {
  if (options['encrypted'] !== 'wireguard' || options[WIREGUARD_PORT_OPTION] !== undefined) return options
  const taken = new Set([...others].map((network) => network.options[WIREGUARD_PORT_OPTION]))
  let port = FIRST
  while (taken.has(String(port))) port++
  return { ...options, [WIREGUARD_PORT_OPTION]: String(port) }
}
