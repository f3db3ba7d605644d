import { type ConntrackDelMany, HOST, type Op, type Plan } from '../../model/op.ts'
import { applyLeniently } from '../../netlink/kernel.ts'
import type { Netns } from '../../netlink/namespace.ts'
import type { Store } from '../../store/store.ts'

export type Forget = ConntrackDelMany & Op

/**
 * Addresses that were given back, whose connections have to be forgotten before they are given again. It takes 5 ms and more, however
 * few they are: the kernel looks through all connections that there are.
 */
export class Forgetting {
  readonly #store: Store
  readonly #left = new Map<string, Forget>()
  /** Of the journal. */
  #entries: string[] = []
  #running: Promise<unknown> = Promise.resolve()

  constructor(store: Store) {
    this.#store = store
  }

  /** None waits; some may be under way. */
  get isIdle(): boolean {
    return this.#entries.length === 0
  }

  /** `entry` of the journal has them, for whoever is there when this process is killed. */
  add(all: readonly Forget[], entry: string): void {
    for (const one of all) this.#left.set(String(one.addresses), one)
    this.#entries.push(entry)
  }

  /** Whether a plan gives one of them to somebody. An engine gives an address without us, and the driver tells the neighbours. */
  concerns(plan: Plan): boolean {
    if (this.#left.size === 0) return false
    return plan.some((op) => (op.op === 'addr.add' || op.op === 'neigh.replace') && this.#left.has(String(op.address)))
  }

  /** They are forgotten, those too that somebody else has begun with. */
  carryOut(host: Netns): Promise<unknown> {
    this.#running = this.#running.catch(() => {}).then(() => this.#forget(host))
    return this.#running
  }

  async #forget(host: Netns): Promise<void> {
    if (this.#left.size === 0) return
    const [all, entries] = [[...this.#left], this.#entries]
    this.#entries = []
    await applyLeniently([host], inOne(all.map(([, one]) => one)))
    // One that was given back once more meanwhile stays.
    for (const [address, one] of all) if (this.#left.get(address) === one) this.#left.delete(address)
    this.#store.transact(() => entries.forEach((entry) => this.#store.journal.delete(entry)))
  }
}

const inOne = (all: readonly Forget[]): Plan =>
  ([4, 6] as const).flatMap((family) => {
    const addresses = all.filter((one) => one.family === family).map((one) => one.addresses)
    return addresses.length === 0 ? [] : [{ op: 'conntrack.delMany', at: HOST, family, addresses: Buffer.concat(addresses) }]
  })
