import { constants } from 'node:os'
import type { Filter, LinkRef, Outcome, Refusal, TableName, Tables } from '../../binding.d.ts'
import { withRow } from '../model/columns.ts'
import type { Op, Plan } from '../model/op.ts'
import { printOp } from '../model/print.ts'
import { linkRef } from '../model/words.ts'
import { addon } from './addon.ts'
import { inside, type Netns } from './namespace.ts'
import { mayAdministerNetworks } from './privilege.ts'
import { isGone, NetlinkError } from './refusal.ts'
import { type Rows, rowsOf } from './tables.ts'

/** A plan that did not come to its end. `cause` is a NetlinkError, or the reason of the signal. */
export class PlanStopped extends Error {
  override readonly name = 'PlanStopped'

  /**
   * `done`: how many steps were carried out and stay until they are undone. After an abort it is known once the step that
   * was under way is over.
   */
  constructor(
    readonly done: Promise<number>,
    cause: unknown,
  ) {
    super(`stopped: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

let jobs = 0

/** A number that no other job has. */
export const newJob = (): number => ++jobs

/** Nobody can call a step back that waits in the kernel; but nobody has to wait for it either. */
export function abortable<T>(running: Promise<T>, job: number, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return running
  return new Promise((resolve, reject) => {
    const abort = () => {
      addon().cancel(job)
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    running.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/**
 * Carries out the steps in order, in one crossing. Rejects with PlanStopped at the first that is refused, or as soon as
 * `signal` is raised.
 */
export async function apply(
  namespaces: readonly Netns[],
  plan: Plan,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Outcome> {
  if (signal?.aborted) throw new PlanStopped(Promise.resolve(0), signal.reason)
  const job = ++jobs
  const running = addon().apply(namespaces, plan, job)
  const stopped = (cause: unknown) =>
    new PlanStopped(
      running.then(({ done }) => done),
      cause,
    )
  const outcome = await abortable(running, job, signal).catch((reason) => Promise.reject(stopped(reason)))
  if (outcome.refusal) throw stopped(refusedStep(namespaces, plan, outcome))
  return outcome
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
  const first = refusedPart(step, refusal)
  return new NetlinkError(
    refusal,
    () => printOp(step, places),
    () => printOp(first, places),
    step,
  )
}

/** Of many rows, or commands, the first that was refused. */
function refusedPart(step: Op, { rows, command }: Refusal): Op {
  if (step.op === 'nft' && command !== undefined) return { ...step, commands: step.commands.slice(command, command + 1) }
  return withRow(step, rows?.row[0] ?? 0)
}

interface NftTable {
  readonly family: string
  readonly name: string
}

/** The ruleset of one table as libnftables' JSON; null when there is no such table. Rejects with NetlinkError. */
export async function listNftTable(netns: Netns, { family, name }: NftTable): Promise<string | null> {
  const refused = (errno: number, message = '') =>
    new NetlinkError({ op: 0, errno, message, attribute: '', request: 'nft' }, () => inside(netns, `nft list table ${family} ${name}`))
  // libnftables would say so on standard error.
  if (!mayAdministerNetworks()) throw refused(-constants.errno.EPERM)
  return addon()
    .listNftTable(netns, family, name)
    .catch((error: Error) => Promise.reject(refused(-constants.errno.EIO, error.message)))
}

const COMMANDS: Readonly<Record<TableName, string>> = {
  link: 'ip link',
  address: 'ip addr',
  route: 'ip route show table all',
  neigh: 'ip neigh',
  fdb: 'bridge fdb',
  nexthop: 'ip nexthop',
  conntrack: 'conntrack -L',
  linkStats: 'ip -s link',
  qdisc: 'tc qdisc',
  xfrmPolicy: 'ip xfrm policy',
  xfrmState: 'ip xfrm state',
  vni: 'bridge vni',
  vlan: 'bridge vlan',
}

/** What reads the same in a shell, where it is read, and of which link. */
function readingCommand(netns: Netns, table: TableName, link: LinkRef | undefined): string {
  const ofLink = link === undefined ? '' : `${table === 'route' ? '' : ' show'} dev ${linkRef(link)}`
  return inside(netns, COMMANDS[table] + ofLink)
}

/**
 * One table of the kernel as it is now, as columns: for those who read it by the hundred thousand. Rejects with
 * NetlinkError, or as soon as `signal` is raised.
 */
export async function dumpColumns<T extends TableName>(
  netns: Netns,
  table: T,
  filter?: Filter<T>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Tables[T]> {
  signal?.throwIfAborted()
  const job = ++jobs
  const columns = await abortable(addon().dump(netns, table, job, filter), job, signal)
  const { link } = (filter ?? {}) as { readonly link?: LinkRef }
  if (columns.refusal) throw new NetlinkError(columns.refusal, () => readingCommand(netns, table, link))
  return columns
}

/** The same as rows. */
export async function dump<T extends TableName>(
  netns: Netns,
  table: T,
  filter?: Filter<T>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Rows<T>> {
  return rowsOf(table, await dumpColumns(netns, table, filter, options))
}
