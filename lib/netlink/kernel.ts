import { constants } from 'node:os'
import type { Outcome, TableName } from '../../binding.d.ts'
import type { Plan } from '../model/op.ts'
import { printOp } from '../model/print.ts'
import { addon } from './addon.ts'
import type { Netns } from './namespace.ts'
import { isGone, NetlinkError } from './refusal.ts'
import { type Rows, rowsOf } from './tables.ts'

/**
 * A plan that did not come to its end: `done` steps were carried out and stay until they are undone. `cause` is a
 * NetlinkError, or the reason of the signal.
 */
export class PlanStopped extends Error {
  override readonly name = 'PlanStopped'

  constructor(
    readonly done: number,
    cause: unknown,
  ) {
    super(`stopped after ${done} steps: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

let jobs = 0

/**
 * Carries out the steps in order, in one crossing. Rejects with PlanStopped at the first that is refused, or when `signal`
 * is raised before the last has begun.
 */
export async function apply(
  namespaces: readonly Netns[],
  plan: Plan,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Outcome> {
  if (signal?.aborted) throw new PlanStopped(0, signal.reason)
  const job = ++jobs
  const running = addon().apply(namespaces, plan, job)
  const abort = () => addon().cancel(job)
  signal?.addEventListener('abort', abort)
  const outcome = await running.finally(() => signal?.removeEventListener('abort', abort))
  const { done, refusal } = outcome
  if (!refusal) return outcome
  throw new PlanStopped(done, refusal.errno === -constants.errno.ECANCELED ? signal?.reason : refusedStep(namespaces, plan, outcome))
}

/**
 * Carries out as many of the steps as it can, for undo and removal: what is gone already is fine. Answers with what the
 * kernel refused for another reason.
 */
export async function applyLeniently(namespaces: readonly Netns[], plan: Plan): Promise<readonly NetlinkError[]> {
  const refusals: NetlinkError[] = []
  for (let rest = plan; rest.length > 0; ) {
    const outcome = await addon().apply(namespaces, rest, ++jobs)
    if (outcome.refusal && !isGone(outcome.refusal)) refusals.push(refusedStep(namespaces, rest, outcome))
    rest = rest.slice(outcome.done + 1)
  }
  return refusals
}

function refusedStep(namespaces: readonly Netns[], plan: Plan, { done, refusal }: Outcome): NetlinkError {
  const step = plan[done]
  if (!step || !refusal) throw new RangeError('no step was refused')
  const places = namespaces.map(({ path }) => path)
  return new NetlinkError(refusal, printOp(step, places))
}

const COMMANDS: Readonly<Record<TableName, string>> = {
  link: 'ip link',
  address: 'ip addr',
  route: 'ip route show table all',
  neigh: 'ip neigh',
  fdb: 'bridge fdb',
}

/** One table of nftables as JSON text, see libnftables-json(5); null when there is no such table. */
export const nftTable = (netns: Netns, family: string, table: string): Promise<string | null> => addon().listNftTable(netns, family, table)

/** The rows of one table of the kernel, as they are now. Rejects with NetlinkError. */
export async function dump<T extends TableName>(netns: Netns, table: T): Promise<Rows<T>> {
  const columns = await addon().dump(netns, table, ++jobs)
  if (columns.refusal) throw new NetlinkError(columns.refusal, COMMANDS[table])
  return rowsOf(table, columns)
}
