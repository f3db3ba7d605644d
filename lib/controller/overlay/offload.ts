import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Finding, finding } from '../../model/findings.ts'
import type { Network } from '../../model/network.ts'
import type { Peer } from '../../model/peer.ts'
import { withoutPrefix } from '../endpoints/pools.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { mtuOf } from '../networks/raising.ts'
import { textOfIp } from './keys.ts'
import { othersOn, rosterOf } from './known.ts'

/** More hosts at a time are not asked. */
const MOST = 8
/** Seconds. */
const PATIENCE = 1
/** As traceroute has them: nobody listens there. */
const PORTS = [33_434, 33_441, 33_457]
const HEADERS = { 4: 28, 6: 48 } as const

/** Ends with 0 when one of the datagrams is refused, with 1 when nobody says anything. What computes their checksums is the link. */
const DATAGRAMS = `
const [, address, size, patience, ...ports] = process.argv
for (const port of ports) {
  const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', (error) => process.exit(error.code === 'ECONNREFUSED' ? 0 : 2))
  socket.connect(Number(port), address, () => socket.send(Buffer.alloc(Number(size))))
}
setTimeout(() => process.exit(1), 1000 * patience)`

/**
 * Asks hosts that were not asked yet, an endpoint of each, whether a datagram gets there as an echo request does: where it does not, a
 * link computes checksums inside of tunnels, and does it wrong. Answers with those where it is so; they are remembered. Who does not
 * answer echo requests either is not asked again.
 */
export async function selfTest(hall: Hall, network: Network, signal?: AbortSignal): Promise<readonly string[]> {
  const roster = rosterOf(hall, network)
  const fresh = Array.from(roster.vteps, textOfIp)
    .filter((vtep) => !roster.tested.has(vtep))
    .slice(0, MOST)
  for (const vtep of fresh) roster.tested.set(vtep, 'fine')
  const lost = await losing(hall, network, fresh, signal)
  for (const vtep of lost) roster.tested.set(vtep, 'loses')
  return lost
}

/** Of those hosts for which it was so, those for which it still is. */
export async function offloadLosses(hall: Hall): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const network of hall.store.networks.list()) {
    const { tested } = hall.rosters.get(network.id) ?? { tested: new Map<string, string>() }
    const suspects = [...tested].flatMap(([vtep, was]) => (was === 'loses' ? [vtep] : []))
    const link = configOf(hall, network).underlay?.link ?? 'LINK'
    for (const vtep of await losing(hall, network, suspects))
      found.push(finding('CHECKSUMS_LOST', `network ${network.name}`, { vtep, link }))
  }
  return found
}

async function losing(hall: Hall, network: Network, vteps: readonly string[], signal?: AbortSignal): Promise<readonly string[]> {
  const from = vteps.length > 0 ? placeOn(hall, network) : undefined
  const { bytes = 0 } = (from !== undefined && (await mtuOf(hall, network))) || {}
  if (from === undefined || bytes === 0) return []
  const others = othersOn(hall, network)
  const asked = vteps.map(async (vtep) => {
    const peer = others.find((each) => each.vtep === vtep)
    return peer && (await loses(from, peer, bytes, signal)) ? [vtep] : []
  })
  return (await Promise.all(asked)).flat()
}

/** A namespace of this host's that is on the network. */
function placeOn({ store }: Hall, { id }: Network): string | undefined {
  const guests = store.endpoints.with('networkId', id)
  return guests.map(({ sandboxId }) => store.sandboxes.get(sandboxId)).find((sandbox) => sandbox?.kind === 'own')?.path
}

/** Twice: once can be chance. */
async function loses(netns: string, { address, address6 }: Peer, mtu: number, signal?: AbortSignal): Promise<boolean> {
  const to = withoutPrefix(address ?? address6 ?? '')
  const size = String(mtu - HEADERS[to.includes(':') ? 6 : 4])
  for (let tries = 0; tries < 2; tries++) {
    const run = (argv: readonly string[]) => ended(netns, argv, signal)
    const echo = run(['ping', '-n', '-c', '1', '-W', String(PATIENCE), '-s', size, to])
    const datagram = run([process.execPath, '-e', DATAGRAMS, to, size, String(PATIENCE), ...PORTS.map(String)])
    if ((await echo) !== 0 || (await datagram) !== 1) return false
  }
  return true
}

/** The exit code of a program in a namespace; -1 where it cannot be started. */
const ended = (netns: string, argv: readonly string[], signal?: AbortSignal): Promise<number> =>
  promisify(execFile)('nsenter', [`--net=${netns}`, '--', ...argv], signal ? { signal } : {}).then(
    () => 0,
    ({ code }: { readonly code?: number | string }) => (typeof code === 'number' ? code : -1),
  )
