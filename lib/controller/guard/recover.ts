import { constants } from 'node:os'
import type { Call } from '../../model/call.ts'
import { CnmError, fault } from '../../model/errors.ts'
import { LINK_GROUP } from '../../model/ids.ts'
import { isShared, type Sandbox } from '../../model/network.ts'
import { HOST, type Op, type Plan } from '../../model/op.ts'
import { applyLeniently, dump } from '../../netlink/kernel.ts'
import { inode, namespaceAt } from '../../netlink/namespace.ts'
import type { NetlinkError } from '../../netlink/refusal.ts'
import { replay } from '../endpoints/pools.ts'
import { replayLent } from '../engine/ipam.ts'
import { pathsIn } from '../execution/commit.ts'
import { deleteRetired, inGroups } from '../execution/deletion.ts'
import type { Hall } from '../hall.ts'
import { returnOrphans } from '../leases/leases.ts'
import { homes } from '../networks/homes.ts'
import { isAlive } from '../sandboxes/processes.ts'
import { removeSandboxes } from '../sandboxes/removal.ts'

/** How long a plugin is waited for, in ms, that may as well be told later. */
const MOMENT = 1000

/** Makes kernel and records agree after the previous controller, however it ended. */
export async function recover(hall: Hall): Promise<void> {
  hall.store.marks.put('host', await checkHost(hall))
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

/** An entry that cannot be finished now stays for the next controller; it must not keep this one from working. */
async function finishJournal(hall: Hall): Promise<void> {
  for (const { key, value } of hall.store.journal.list()) {
    const places = [hall.host, ...pathsIn(hall.host, value).map(namespaceAt)]
    const tellAll = async (calls: readonly Call[] = []) => {
      for (const call of calls) await hall.envoy.tellAgain(call, MOMENT)
    }
    try {
      await tellAll(value.before)
      const refusals = await applyLeniently(places, inGroups(await ours(hall, value.plan)))
      await tellAll(value.after)
      if (refusals.every(isElsewhere)) hall.store.journal.delete(key)
    } finally {
      for (const place of places.slice(1)) place.close()
    }
  }
}

/**
 * A published port that a step takes back leads elsewhere: the step was not carried out yet, or the one after it was already.
 * Either way nothing of it is there, for its elements come and go together.
 */
const isElsewhere = ({ refusal, errno }: NetlinkError): boolean => refusal.request === 'nft' && errno === -constants.errno.EEXIST

/** A step of the journal may never have been carried out: a link of that name that lacks our mark is somebody else's. */
async function ours(hall: Hall, plan: Plan): Promise<Plan> {
  const links = await dump(hall.host, 'link')
  const foreign = new Set(links.filter(({ group }) => group !== LINK_GROUP).map(({ name }) => name))
  return plan.filter((op: Op) => !(op.op === 'link.del' && (op.at ?? HOST) === HOST && foreign.has(String(op.link))))
}

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
