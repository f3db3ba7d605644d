import { must } from '../support/run.ts'
import { answered, pinging } from '../support/traffic.ts'
import { DATA, DOCKER_ENV, startDockerd } from './dockerd.ts'
import { Island } from './island.ts'

// Three hosts with a dockerd each, on one switch: 10.99.0.1, 10.99.0.2, 10.99.0.3.

export type Trio = readonly [Island, Island, Island]

/** `create` makes managed plugins with the dockerd of the first; all have them. */
export async function threeDockers(create: (first: Island) => Promise<unknown>): Promise<Trio> {
  const islands: Trio = [await Island.rise(), await Island.rise(), await Island.rise()]
  const [first, ...others] = islands
  connect(islands)
  for (const island of islands) {
    // Then dockerd does not close the way through the host: see docs/plugin.md.
    onHost(island, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
    // A service's image is looked for in registries first: that there are none, is known at once.
    onHost(island, 'sh', '-c', 'echo nameserver 127.0.0.1 >/run/resolv.conf && mount --bind /run/resolv.conf /etc/resolv.conf')
  }
  await startDockerd(first)
  await create(first)
  // To make one takes dockerd ten seconds of a processor; a registry, from which hosts have one and the same, there is none.
  for (const other of others) {
    must(['mkdir', dataOf(other)])
    must(['cp', '-a', `${dataOf(first)}/plugins`, dataOf(other)])
  }
  await Promise.all(others.map((other) => startDockerd(other)))
  return islands
}

/** Where the dockerd of an island has its state, as the host sees it. */
const dataOf = ({ pid }: Island): string => `/proc/${pid}/root${DATA}`

/** A switch, on the first island's LAN, that all are on. */
function connect(islands: Trio): void {
  const lan = `/proc/${islands[0].pid}/root${islands[0].lan}`
  must(['ip', 'link', 'add', 'hub', 'type', 'bridge'], { netns: lan })
  must(['ip', 'link', 'set', 'hub', 'up'], { netns: lan })
  for (const [index, island] of islands.entries()) {
    const netns = netnsOf(island)
    must(['ip', 'link', 'add', `port${index}`, 'type', 'veth', 'peer', 'name', 'swarm0', 'netns', netns], { netns: lan })
    must(['ip', 'link', 'set', `port${index}`, 'master', 'hub', 'up'], { netns: lan })
    must(['ip', 'addr', 'add', `10.99.0.${index + 1}/24`, 'dev', 'swarm0'], { netns })
    must(['ip', 'link', 'set', 'swarm0', 'up'], { netns })
  }
}

/** The namespace of an island, as the host sees it. */
export const netnsOf = ({ pid }: Island): string => `/proc/${pid}/ns/net`

/** All of them in one swarm, of which the first is the manager. */
export async function formSwarm([manager, ...workers]: Trio): Promise<void> {
  await docker(manager, 'swarm', 'init', '--advertise-addr', '10.99.0.1')
  const token = await docker(manager, 'swarm', 'join-token', '-q', 'worker')
  for (const [index, worker] of workers.entries())
    await docker(worker, 'swarm', 'join', '--advertise-addr', `10.99.0.${index + 2}`, '--token', token, '10.99.0.1:2377')
}

/** `docker` on an island: what it prints. */
export async function docker(island: Island, ...argv: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await island.run(['docker', ...argv], DOCKER_ENV)
  if (status !== 0) throw new Error(`docker ${argv.join(' ')}: ${stderr}`)
  return stdout.trim()
}

export const onHost = (island: Island, ...argv: readonly string[]): string => must(island.there(argv))

/** The network's address of a container; of a service's, the one task on this node. */
export const addressOf = (island: Island, container: string): Promise<string> =>
  docker(island, 'inspect', '-f', '{{range.NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container)

export const pidOf = (island: Island, container: string): Promise<string> => docker(island, 'inspect', '-f', '{{.State.Pid}}', container)

const ping = (island: Island, pid: string, seconds: number, address: string, flags: readonly string[]) =>
  island.run(['nsenter', '-t', pid, '-n', ...pinging(address, seconds, flags)])

/** True when an echo request of a container is answered. */
export const pings = async (island: Island, container: string, address: string, ...flags: readonly string[]): Promise<boolean> =>
  pingsFrom(island, await pidOf(island, container), address, ...flags)

/** The same of one whose process is known. */
export const pingsFrom = async (island: Island, pid: string, address: string, ...flags: readonly string[]): Promise<boolean> =>
  (await ping(island, pid, 2, address, flags)).status === 0

/** The same for who has to be answered, on a machine that may have much else to do; what ping says otherwise is thrown. */
export async function reaches(island: Island, container: string, address: string, ...flags: readonly string[]): Promise<true> {
  return answered(`${address} from ${container}`, await ping(island, await pidOf(island, container), 10, address, flags))
}
