import { CnmError } from '../../model/errors.ts'
import { goneName, newId, RETIRED_GROUP } from '../../model/ids.ts'
import { HOST, type LinkDel, type Op, type Plan, SANDBOX } from '../../model/op.ts'
import { applyLeniently } from '../../netlink/kernel.ts'
import { Netns } from '../../netlink/namespace.ts'
import type { JournalEntry, Store } from '../../store/store.ts'
import { type Forget, Forgetting } from './forgetting.ts'

/** Nothing was done for so long, in ms, and what has gathered is deleted. An engine's verb is several of ours, up to 50 ms apart. */
const PAUSE = 100
/** Nor does it wait longer than so many ms where there is always something to do. */
const LONGEST = 1000
/** How long RTNL may be held by us, about, in ms: everybody else on this kernel waits. */
const HOLD = 100
const FEWEST = 4

/**
 * Deletes behind what nobody waits for. Whoever deletes a link waits for a grace period of RCU, 16 to 30 ms, and whoever
 * looks for connections of an address looks through all of them, 5 ms and more; for many at once it is hardly more than for
 * one (of bridges, each has a grace period of its own). So a link is taken out of service at once, which sets its name, its
 * port and its routes free, and connections are forgotten before their address is given again. Should this process be
 * killed, the next one finds retired links by their group, and in the journal which connections to forget. It is done on a thread of
 * its own: RTNL is free most of that time, and verbs go on. They do so more slowly, though, and so does an engine that waits for a
 * grace period: to look through all connections keeps the kernel from ending one. So it is done when nothing else is, if it can be.
 */
export class Deletion {
  readonly #host: Netns
  readonly #store: Store
  readonly #forgetting: Forgetting
  #gathered = nothing()
  #most = FEWEST
  #timer: NodeJS.Timeout | undefined
  /** When the first of what has gathered came. */
  #since = 0
  #running: Promise<unknown> = Promise.resolve()

  constructor(host: Netns, store: Store) {
    this.#host = host
    this.#store = store
    this.#forgetting = new Forgetting(store)
  }

  get #isIdle(): boolean {
    return isNothing(this.#gathered) && this.#forgetting.isIdle
  }

  /** What is done of a plan at once. */
  now(plan: Plan): Plan {
    const rest = plan.filter((op) => !isForgetting(op))
    return areMany(plan) ? inGroups(rest) : rest.flatMap((op) => (isDeletion(op) ? retire(op) : [op]))
  }

  /** Takes the rest of a plan over, with the entry of the journal that has the whole of it; `places` are those of its steps. */
  later(plan: Plan, entry: string, places: readonly Netns[]): void {
    if (this.#isIdle) this.#since = performance.now()
    const forgetting = plan.filter(isForgetting)
    const deletions = areMany(plan) ? [] : plan.filter(isDeletion)
    const paths = new Set(deletions.map(({ at = HOST }) => places[at]?.path ?? ''))
    this.#store.transact(() => {
      this.#store.journal.delete(entry)
      const keep = (rest: JournalEntry) => this.#store.journal.add(rest)
      if (forgetting.length > 0) this.#forgetting.add(forgetting, keep({ plan: forgetting }))
      // Nobody looks for retired links in a sandbox otherwise.
      for (const path of paths) if (path !== this.#host.path) this.#gathered.entries.push(keep({ plan: retiredInside, sandbox: path }))
    })
    this.#gathered.links += deletions.length
    for (const path of paths) this.#gathered.places.add(path)
    this.putOff()
    if (this.#gathered.links >= this.#most) this.#begin()
  }

  /** Something is done. */
  putOff(): void {
    if (this.#isIdle) return
    const rest = this.#since + LONGEST - performance.now()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#begin(), Math.max(0, Math.min(PAUSE, rest)))
  }

  /** Connections of the addresses that a plan gives are forgotten, not those that come; no link has to be waited for. */
  async precede(plan: Plan): Promise<void> {
    if (this.#forgetting.concerns(plan)) await this.#forgetting.carryOut(this.#host).catch(leaveToNext)
  }

  /** Nothing is left to be deleted. */
  async finish(): Promise<void> {
    this.#begin()
    await this.#running
  }

  #begin(): void {
    clearTimeout(this.#timer)
    if (this.#isIdle) return
    this.#running = Promise.all([this.#running, this.#delete().catch(leaveToNext)])
  }

  async #delete(): Promise<void> {
    const { links, places, entries } = this.#gathered
    this.#gathered = nothing()
    const start = performance.now()
    const onHost = places.delete(this.#host.path) ? retired : []
    using host = Netns.behind(this.#host.path)
    await this.#forgetting.carryOut(host)
    await applyLeniently([host], onHost)
    await deleteRetired(places)
    if (links > 0) this.#most = Math.max(FEWEST, (links * HOLD) / (performance.now() - start))
    this.#store.transact(() => entries.forEach((entry) => this.#store.journal.delete(entry)))
  }
}

/** A disk that is full, say, keeps the journal as it is. */
function leaveToNext(error: unknown): void {
  if (!(error instanceof CnmError)) throw error
}

interface Gathered {
  links: number
  /** Paths of the namespaces in which they are. */
  readonly places: Set<string>
  /** Of the journal. */
  readonly entries: string[]
}

const nothing = (): Gathered => ({ links: 0, places: new Set(), entries: [] })
const isNothing = ({ links, entries }: Gathered): boolean => links === 0 && entries.length === 0

const retired: Plan = [{ op: 'link.del', group: RETIRED_GROUP }]
const retiredInside: Plan = [{ op: 'link.del', at: SANDBOX, group: RETIRED_GROUP }]

export async function deleteRetired(paths: Iterable<string>): Promise<void> {
  for (const path of paths) {
    using netns = Netns.behind(path)
    await applyLeniently([netns], retired)
  }
}

const isDeletion = (op: Op): op is LinkDel & Op => op.op === 'link.del' && op.link !== undefined && op.behind === true
/** To wait once for the kernel takes less time than to take each of them out of service. */
const MANY = 16

const areMany = (plan: Plan): boolean => plan.filter(isDeletion).length >= MANY

/** A plan with the links that it deletes marked, and deleted by their mark. */
export function inGroups(plan: Plan): Plan {
  const last = plan.findLastIndex(isDeletion)
  const places = new Set(plan.filter(isDeletion).map(({ at = HOST }) => at))
  return plan.flatMap((op, index) => [
    isDeletion(op) ? { op: 'link.set', at: op.at ?? HOST, link: op.link, group: RETIRED_GROUP } : op,
    ...(index === last ? [...places].map((at): Op => ({ op: 'link.del', at, group: RETIRED_GROUP })) : []),
  ])
}

const isForgetting = (op: Op): op is Forget => op.op === 'conntrack.delMany' && op.behind === true

const retire = ({ at = HOST, link }: LinkDel & Op): Plan => [
  // Two steps: a port that is up leaves its bridge in 10 ms, one that is down in 0.1; and before Linux 6.2 no link that is up
  // is renamed.
  { op: 'link.set', at, link, group: RETIRED_GROUP, up: false },
  { op: 'link.set', at, link, name: goneName(newId()), master: 0 },
]
