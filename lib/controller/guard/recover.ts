import { constants } from 'node:os'
import type { Call } from '../../model/call.ts'
import { CnmError, fault } from '../../model/errors.ts'
import { isShared, type Sandbox } from '../../model/network.ts'
import { applyLeniently } from '../../netlink/kernel.ts'
import { inode, namespaceAt } from '../../netlink/namespace.ts'
import type { NetlinkError } from '../../netlink/refusal.ts'
import type { JournalEntry } from '../../store/store.ts'
import { replay } from '../endpoints/pools.ts'
import { replayLent } from '../engine/ipam.ts'
import { pathsIn } from '../execution/commit.ts'
import { deleteRetired, inGroups } from '../execution/deletion.ts'
import type { Hall } from '../hall.ts'
import { returnOrphans } from '../leases/leases.ts'
import { homes } from '../networks/homes.ts'
import { checkOwner } from '../networks/owner.ts'
import { sparingForeign } from '../networks/shared-links.ts'
import { isAlive } from '../sandboxes/processes.ts'
import { removeSandboxes } from '../sandboxes/removal.ts'

/** How long a plugin is waited for, in ms, that may as well be told later. */
const MOMENT = 1000

/** Makes kernel and records agree after the previous controller, however it ended. Throws STATE_FOREIGN, NAMESPACE_OWNED. */
export async function recover(hall: Hall): Promise<void> {
  const host = await checkHost(hall)
  await checkOwner(hall)
  // Not each time: on a disk that is full, whoever only looks or takes away needs no room.
  if (hall.store.marks.get('host') !== host) hall.store.marks.put('host', host)
  await deleteRetired([hall.host.path, ...homes(hall)])
  await finishJournal(hall)
  await replayAddresses(hall)
  await replayLent(hall)
  await returnOrphans(hall)
  await hall.envoy.settle(undefined, MOMENT)
  await removeOrphans(hall)
}

export const isOrphan = ({ owner }: Sandbox): boolean => owner !== undefined && !isAlive(owner)

/** Sandboxes whose process has ended go. */
export async function removeOrphans(hall: Hall): Promise<void> {
  const orphans = hall.store.sandboxes.list().filter(isOrphan)
  const outcomes = await removeSandboxes(
    hall,
    orphans.map(({ id }) => ({ what: id })),
  )
  for (const outcome of outcomes) if (outcome.status === 'rejected') unlessRefused(outcome.reason)
}

/** One sandbox that cannot be removed now (its driver is not here, a step is refused) must not keep the controller from opening. */
export function unlessRefused(error: unknown): void {
  if (!(error instanceof CnmError)) throw error
}

/** Marks of a run directory speak of one namespace; read in another, they would be lies. Answers with that namespace. */
export async function checkHost({ host, run, store }: Hall): Promise<string> {
  const here = String(await inode(host))
  const there = store.marks.get('host') ?? here
  if (there !== here) throw fault('STATE_FOREIGN', { run })
  return here
}

/** Each entry is tried once: tried again later, its steps would meet what is newer. Only whoever may do nothing here leaves it. */
async function finishJournal(hall: Hall): Promise<void> {
  for (const { key, value } of hall.store.journal.list()) {
    const refusals = (await finish(hall, value)).filter((refusal) => !isElsewhere(refusal))
    if (refusals.some(isDenied)) continue
    for (const { message } of refusals) warnOfUnfinished(message)
    hall.store.journal.delete(key)
  }
}

async function finish(hall: Hall, entry: JournalEntry): Promise<readonly NetlinkError[]> {
  const places = [hall.host, ...pathsIn(hall.host, entry).map(namespaceAt)]
  const tellAll = async (calls: readonly Call[] = []) => {
    for (const call of calls) await hall.envoy.tellAgain(call, MOMENT)
  }
  try {
    await tellAll(entry.before)
    // A step may never have been carried out, or was long ago: links of these names may be somebody else's by now.
    const refusals = await applyLeniently(places, inGroups(await sparingForeign(places, entry.plan)))
    await tellAll(entry.after)
    return refusals
  } catch (error) {
    // A driver's plan was none, and must not keep every later controller from opening.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_CNM_INVALID_ARG')) throw error
    warnOfUnfinished(error.message)
    return []
  } finally {
    for (const place of places.slice(1)) place.close()
  }
}

const warnOfUnfinished = (reason: string): void =>
  process.emitWarning(`a controller that was killed left this undone, and cnm doctor finds what is left of it: ${reason}`, {
    code: 'CNM_UNFINISHED',
  })

const isDenied = ({ errno }: NetlinkError): boolean => errno === -constants.errno.EPERM || errno === -constants.errno.EACCES

/**
 * A published port that a step takes back leads elsewhere: the step was not carried out yet, or the one after it was already.
 * Either way nothing of it is there, for its elements come and go together.
 */
const isElsewhere = ({ refusal, errno }: NetlinkError): boolean => refusal.request === 'nft' && errno === -constants.errno.EEXIST

async function replayAddresses(hall: Hall): Promise<void> {
  // A network whose IPAM driver this program does not bring can be listed; verbs that need an address of it say what is missing.
  for (const network of hall.store.networks
    .list()
    .filter(({ configOnly, ipam }) => !configOnly && !ipam.plugin && hall.ipams.has(ipam.driver))) {
    const replayed = replay(hall.ipams.get(network.ipam.driver), network, hall.store.endpoints.with('networkId', network.id))
    // What the swarm has decided stood, whatever the IPAM of this host had against it.
    await (isShared(network) ? replayed.catch(unlessRefused) : replayed)
  }
}
