import { fault } from '../model/errors.ts'
import { type Plan, undoOf, withoutKeys } from '../model/op.ts'
import { apply, applyLeniently, PlanStopped } from '../netlink/kernel.ts'
import { type Netns, namespaceAt } from '../netlink/namespace.ts'
import type { JournalEntry, Store } from '../store/store.ts'
import type { Deletion } from './deletion.ts'

/** What a verb has decided. */
export interface Work {
  /** `up` makes something: all of it or nothing. `down` takes something away: as far as it goes, gone already is fine. */
  readonly way: 'up' | 'down'
  readonly plan: Plan
  /** Path of the namespace number SANDBOX; absent when no step is inside one. */
  readonly sandbox?: string
  /** What others have to agree to before anything is done. */
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
}

/**
 * Carries out work so that kernel and records agree, even when this process is killed half-way: the journal says what is
 * to be taken back, or taken down, and the next controller does it (recover.ts).
 */
export async function commit({ store, host, deletion }: Means, work: Work, signal?: AbortSignal): Promise<void> {
  const places = [host, ...pathsIn(host, work).map(namespaceAt)]
  try {
    await agreed(work, () => (work.way === 'up' ? up(store, deletion, places, work, signal) : down(store, deletion, places, work)))
  } catch (error) {
    // The native side looks at a plan as a whole before it begins; ours are valid.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_CNM_INVALID_ARG')
      throw fault('PLAN_INVALID', { reason: error.message }, error)
    throw error
  } finally {
    for (const place of places.slice(1)) place.close()
  }
}

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

async function up(store: Store, deletion: Deletion, places: readonly Netns[], work: Work, signal?: AbortSignal): Promise<void> {
  await deletion.precede(work.plan)
  const entry = store.journal.add(entryOf(work, undoOf(work.plan)))
  try {
    await apply(places, work.plan, signal ? { signal } : {})
  } catch (stop) {
    if (stop instanceof PlanStopped) await applyLeniently(places, undoOf(work.plan, await stop.done))
    store.journal.delete(entry)
    throw stop instanceof PlanStopped ? stop.cause : stop
  }
  try {
    store.transact(() => {
      work.record()
      store.journal.delete(entry)
    })
  } catch (error) {
    await applyLeniently(places, undoOf(work.plan))
    // Left to the next controller, the undo would meet what later verbs have built in the meantime.
    store.journal.delete(entry)
    throw error
  }
}

/** The journal is for whoever is killed. A refusal is told now; tried again later, its steps would meet what is newer. */
async function down(store: Store, deletion: Deletion, places: readonly Netns[], work: Work): Promise<void> {
  const entry = store.transact(() => {
    work.record()
    return store.journal.add(entryOf(work, work.plan))
  })
  // Also when a driver's plan was none: nobody could finish it later.
  const refusals = await applyLeniently(places, deletion.now(work.plan)).catch((error) => {
    store.journal.delete(entry)
    throw error
  })
  deletion.later(work.plan, entry, places)
  if (refusals[0]) throw refusals[0]
}

const entryOf = ({ sandbox, networks }: Work, plan: Plan): JournalEntry => ({
  plan: withoutKeys(plan),
  ...(sandbox === undefined ? {} : { sandbox }),
  ...(networks === undefined || networks.length === 0 ? {} : { networks }),
})
