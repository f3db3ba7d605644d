import { execFile } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { objectsIn, TABLE } from '../../firewall/firewall.ts'
import { CnmError, fault } from '../../model/errors.ts'
import type { Op } from '../../model/op.ts'
import { listNftTable } from '../../netlink/kernel.ts'
import { NetlinkError } from '../../netlink/refusal.ts'
import { routeTaken } from '../endpoints/route-taken.ts'
import type { Work } from '../execution/commit.ts'
import type { Hall } from '../hall.ts'
import { homeOf, homes } from '../networks/homes.ts'
import { listeners, ownerOfSocket } from '../ports/sockets.ts'

const { EADDRINUSE, EEXIST, EOPNOTSUPP } = constants.errno

const PAUSE_MS = 50
const MOST_TRIES = 100

/**
 * Does `attempt`, and says who has the VNI, the port or the name in our table that the kernel refused. A namespace that nobody can enter any more ends a
 * while later, and its VNIs with it: that is waited for.
 */
export async function namingHolders(
  hall: Pick<Hall, 'host' | 'run' | 'store'>,
  work: Work,
  attempt: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const named = await clashOf(hall, work, error)
      const passing = named instanceof CnmError && named.code === 'VNI_IN_USE' && named.message.endsWith(NOBODY)
      if (!passing || tries === MOST_TRIES) throw named
      await pause(PAUSE_MS, undefined, signal ? { signal } : {})
    }
  }
}

const NOBODY = 'a link in a namespace that is not in view, or about to end'

/** What the kernel refused because of somebody else, with who or what that is; any other error as it is. */
async function clashOf(hall: Pick<Hall, 'host' | 'run' | 'store'>, work: Work, error: unknown): Promise<unknown> {
  const step = error instanceof NetlinkError ? work.plan[error.refusal.op] : undefined
  if (!step || !(error instanceof NetlinkError)) return error
  if (error.errno === -EEXIST && isTunnel(step)) {
    const { id = 0, dstPort = 0 } = step.vxlan
    return fault('VNI_IN_USE', { vni: id, holder: await holderOfVni(hall, id, dstPort) }, error)
  }
  const object = await foreignObject(hall, step, error)
  if (object !== undefined) return fault('TABLE_TAKEN', { object }, error)
  const taken = work.sandbox === undefined ? undefined : await routeTaken(hall, work.sandbox, step, error)
  if (taken) return taken
  const tunnel = work.plan.find(isTunnel)
  if (error.errno === -EADDRINUSE && step.op === 'link.set' && tunnel) {
    const { dstPort = 0 } = tunnel.vxlan
    const port = work.plan.find(isSync)?.listenPort ?? dstPort
    return fault('DATA_PATH_TAKEN', { port, holder: await holderOfPort(hall, port) }, error)
  }
  return error
}

/** 'set bridges', where our table has one of another type, or a chain at another hook; a kernel without ours says the same. */
async function foreignObject({ host }: Pick<Hall, 'host'>, step: Op, { refusal }: NetlinkError): Promise<string | undefined> {
  if (step.op !== 'nft' || ![-EEXIST, -EOPNOTSUPP].includes(refusal.errno)) return undefined
  const { add = {} } = (step.commands[refusal.command ?? 0] ?? {}) as { readonly add?: Declarations }
  const [kind = '', { name } = {}] = Object.entries(add)[0] ?? []
  if (!['set', 'map', 'chain'].includes(kind)) return undefined
  const objects = objectsIn(await listNftTable(host, TABLE))
  return objects.some(({ set, map, chain }) => (set ?? map ?? chain)?.name === name) ? `${kind} ${name}` : undefined
}

/** What a command makes, by its kind. */
type Declarations = Partial<Record<string, { readonly name?: string }>>

const isTunnel = (op: Op): op is Op & { readonly op: 'link.add'; readonly kind: 'vxlan' } => op.op === 'link.add' && op.kind === 'vxlan'

const isSync = (op: Op): op is Op & { readonly op: 'wireguard.sync' } => op.op === 'wireguard.sync'

/** Sockets of the kernel's have no inode. */
async function holderOfPort({ host }: Pick<Hall, 'host'>, port: number): Promise<string> {
  const [found] = (await listeners(host.path, ['udp'])).filter((listener) => listener.port === port)
  if (!found) return 'somebody who is gone by now'
  return found.inode === '0' ? 'a tunnel of the kernel of another kind' : ownerOfSocket(found.inode)
}

/** More namespaces than these are not searched. */
const MOST = 512

/** A VXLAN can be in any namespace; its VNI is taken in the one where its packets leave. */
async function holderOfVni(hall: Pick<Hall, 'host' | 'run' | 'store'>, vni: number, port: number): Promise<string> {
  const names = new Map(hall.store.networks.list().map((network) => [homeOf(hall, network), `network ${network.name}`]))
  const seen = new Set<number>()
  for (const path of [hall.host.path || '/proc/self/ns/net', ...homes(hall), ...elsewhere()].slice(0, MOST)) {
    const inode = inodeOf(path)
    if (inode === undefined || seen.has(inode)) continue
    seen.add(inode)
    const link = (await vxlansIn(path)).find(({ linkinfo: { info_data: data } }) => data.id === vni && data.port === port)
    if (link) return names.get(path) ?? `link ${link.ifname} in namespace ${path}`
  }
  return NOBODY
}

/** Of what may be gone by now, or not be ours to see. */
function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}

/** Where others keep namespaces: iproute2, Docker, and processes. */
function elsewhere(): readonly string[] {
  const processes = filesIn('/proc').filter((path) => /^\/proc\/\d+$/.test(path))
  return [...filesIn('/run/netns'), ...filesIn('/run/docker/netns'), ...processes.map((path) => join(path, 'ns', 'net'))]
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    return []
  }
}

interface Vxlan {
  readonly ifname: string
  readonly linkinfo: { readonly info_data: { readonly id?: number; readonly port?: number } }
}

async function vxlansIn(path: string): Promise<readonly Vxlan[]> {
  const command = [`--net=${path}`, '--', 'ip', '-d', '-j', 'link', 'show', 'type', 'vxlan']
  const { stdout } = await promisify(execFile)('nsenter', command).catch(() => ({ stdout: '[]' }))
  return JSON.parse(stdout || '[]')
}
