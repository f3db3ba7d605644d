import type { Call } from '../../model/call.ts'
import { fault } from '../../model/errors.ts'
import { type Plan, SANDBOX, undoOf, withoutKeys } from '../../model/op.ts'
import { apply, applyLeniently, PlanStopped } from '../../netlink/kernel.ts'
import { type Netns, namespaceAt } from '../../netlink/namespace.ts'
import type { NetlinkError } from '../../netlink/refusal.ts'
import type { JournalEntry, Store } from '../../store/store.ts'
import type { Envoy, Turn } from '../remote/envoy.ts'
import type { Deletion } from './deletion.ts'

/** What a verb has decided. */
export interface Work {
  /** `up` makes something: all of it or nothing. `down` takes something away: as far as it goes, gone already is fine. */
  readonly way: 'up' | 'down'
  readonly plan: Plan
  /** What plugins are told, and whether they like it or not, before the steps. Of work that takes something away. */
  readonly before?: readonly Call[]
  /** The same, when the steps are done. */
  readonly after?: readonly Call[]
  /** What plugins are told when the steps are done, and have to agree to. Of work that makes something. */
  readonly turns?: readonly Turn[]
  /** Path of the namespace number SANDBOX; absent when no step is inside one. */
  readonly sandbox?: string
  /** Told what the kernel refused of work that takes something away; otherwise the first refusal is thrown. All else is done. */
  readonly refused?: (refusals: readonly NetlinkError[]) => void
  /** What others have to agree to before anything is done that they could notice. */
  readonly agreement?: Agreement
  /** Paths of the namespaces number NETWORK and up. */
  readonly networks?: readonly string[]
  /** Writes to the store what is true afterwards. Synchronous: it is one transaction with the journal. */
  readonly record: () => void
}

/** Between the nodes of a swarm. */
export interface Agreement {
  /** Nothing was agreed when it throws. */
  reach(): Promise<void>
  /** The work has failed. */
  retract(): Promise<void>
}

/** By which work is done. */
export interface Means {
  readonly store: Store
  readonly host: Netns
  readonly deletion: Deletion
  readonly envoy: Envoy
}

/**
 * Carries out work so that kernel and records agree, even when this process is killed half-way: the journal says what is
 * to be taken back, or taken down, and the next controller does it (recover.ts).
 */
export async function commit(means: Means, work: Work, signal?: AbortSignal): Promise<void> {
  means.deletion.putOff()
  if (isOnlyRecorded(work)) return means.store.transact(work.record)
  const places = [means.host, ...pathsIn(means.host, work).map(namespaceAt)]
  try {
    await (work.way === 'up' ? up(means, places, work, signal) : agreed(work, () => down(means, places, work)))
  } catch (error) {
    // The native side looks at a plan as a whole before it begins; ours are valid.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_CNM_INVALID_ARG')
      throw fault('PLAN_INVALID', { reason: error.message }, error)
    throw error
  } finally {
    for (const place of places.slice(1)) place.close()
  }
}

/** Nothing of it could be left half-done. */
const isOnlyRecorded = ({ plan, agreement, before = [], after = [], turns = [] }: Work): boolean =>
  agreement === undefined && [plan, before, after, turns].every(({ length }) => length === 0)

async function agreed({ agreement }: Work, work: () => Promise<void>): Promise<void> {
  await agreement?.reach()
  try {
    await work()
  } catch (error) {
    await agreement?.retract()
    throw error
  }
}

/** Paths of the namespaces behind that of the host. */
export const pathsIn = (host: Netns, { sandbox, networks = [] }: Pick<Work, 'sandbox' | 'networks'>): readonly string[] =>
  sandbox === undefined && networks.length === 0 ? [] : [sandbox ?? host.path, ...networks]

/** Others are asked while those steps are made which nobody notices: to wait for their answer takes as long as the steps. */
async function up(means: Means, places: readonly Netns[], work: Work, signal?: AbortSignal): Promise<void> {
  const { agreement } = work
  if (!agreement) return build(means, places, work, undefined, signal)
  const agreeing = agreement.reach()
  // It may be refused before anybody waits for it.
  agreeing.catch(() => {})
  try {
    await build(means, places, work, agreeing, signal)
  } catch (error) {
    // What they refuse is what is told.
    await agreeing
    await agreement.retract()
    throw error
  }
}

async function build(
  { store, deletion, envoy }: Means,
  places: readonly Netns[],
  work: Work,
  agreeing: Promise<void> | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const { turns = [] } = work
  await deletion.precede(work.plan)
  const backs = turns.map(({ back }) => back).reverse()
  const undo = undoOf(work.plan)
  // Steps that only ask leave nothing to be taken back.
  const entry = undo.length + backs.length > 0 ? store.journal.add(entryOf(work, undo, [], backs)) : undefined
  const crossOut = () => void (entry !== undefined && store.journal.delete(entry))
  await carriedOut(places, work.plan, agreeing, signal).catch((error) => {
    crossOut()
    throw error
  })
  let turned = 0
  try {
    for (const turn of turns) {
      await envoy.turn(turn, signal ? { signal } : {})
      turned++
    }
    store.transact(() => {
      work.record()
      crossOut()
    })
  } catch (error) {
    for (const back of backs.slice(turns.length - turned)) await envoy.tell(back)
    await applyLeniently(places, undo)
    // Left to the next controller, the undo would meet what later verbs have built in the meantime.
    crossOut()
    throw error
  }
}

/** All steps of a plan, those that others could notice only when they have agreed; or none. */
async function carriedOut(
  places: readonly Netns[],
  plan: Plan,
  agreeing: Promise<void> | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = signal ? { signal } : {}
  const quiet = agreeing ? quietIn(plan) : plan.length
  let done = 0
  try {
    await apply(places, plan.slice(0, quiet), options)
    done = quiet
    if (!agreeing) return
    await agreeing
    await apply(places, plan.slice(quiet), options)
  } catch (stop) {
    if (stop instanceof PlanStopped) done += await stop.done
    await applyLeniently(places, undoOf(plan, done))
    throw stop instanceof PlanStopped ? stop.cause : stop
  }
}

/** How many steps there are before the sandbox has an address, or a link by which it speaks. */
function quietIn(plan: Plan): number {
  const first = plan.findIndex(
    (op) => op.at === SANDBOX && (op.op === 'addr.add' || (op.op === 'link.set' && op.up === true && op.link !== 'lo')),
  )
  return first < 0 ? plan.length : first
}

/** The journal is for whoever is killed. A refusal is told now; tried again later, its steps would meet what is newer. */
async function down({ store, deletion, envoy }: Means, places: readonly Netns[], work: Work): Promise<void> {
  const { before = [], after = [] } = work
  const entry = store.transact(() => {
    work.record()
    return store.journal.add(entryOf(work, work.plan, before, after))
  })
  for (const call of before) await envoy.tell(call)
  // Also when a driver's plan was none: nobody could finish it later.
  const refusals = await applyLeniently(places, deletion.now(work.plan)).catch((error) => {
    store.journal.delete(entry)
    throw error
  })
  for (const call of after) await envoy.tell(call)
  deletion.later(work.plan, entry, places)
  const [refusal] = refusals
  if (!refusal) return
  if (!work.refused) throw refusal
  work.refused(refusals)
}

const entryOf = ({ sandbox, networks }: Work, plan: Plan, before: readonly Call[], after: readonly Call[]): JournalEntry => ({
  plan: withoutKeys(plan),
  ...(before.length > 0 ? { before } : {}),
  ...(after.length > 0 ? { after } : {}),
  ...(sandbox === undefined ? {} : { sandbox }),
  ...(networks === undefined || networks.length === 0 ? {} : { networks }),
})
