import { setInterval as every, setTimeout as pause } from 'node:timers/promises'
import { TABLE, USER } from '../../firewall/firewall.ts'
import { LINK_GROUP, RETIRED_GROUP } from '../../model/ids.ts'
import type { Network } from '../../model/network.ts'
import type { Op } from '../../model/op.ts'
import { monitor } from '../../netlink/monitor.ts'
import { rulesetChanges } from '../../netlink/ruleset.ts'
import { repair } from '../doctor/repair.ts'
import { forgetLost } from '../engine/lost.ts'
import type { Turns } from '../execution/turns.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { linkAt } from '../networks/links.ts'
import { raisedNetworks, walledLink } from '../networks/raised.ts'
import { raise, standsOn } from '../networks/raising.ts'
import { isDamaged, look } from '../overlay/look.ts'
import { selfTest } from '../overlay/offload.ts'
import { isWayClosed, reopenWay } from './forwarding.ts'
import { checkFirewall, commitOnWalls, reloadFirewall } from './mend.ts'
import { aftermath, stirred } from './parents.ts'
import { Patience } from './patience.ts'
import { isOrphan, removeOrphans, unlessRefused } from './recover.ts'
import { followRename } from './uplinks.ts'

/** Something of ours that somebody has taken away, and how it comes back. */
interface Damage {
  /** 'firewall', 'forwarding', or the name of a link. */
  readonly what: string
  readonly network: Network | null
  /** Who did it, where the kernel says so. */
  readonly by?: string
  readonly heal: () => Promise<void>
}

/**
 * Stands by while a controller is open: rules that somebody changes, bridges that somebody deletes and forwarding that somebody
 * switches off come back without a verb. Who takes them away again at once is met with growing patience, and named in the events: two that undo one another
 * must not keep a host busy.
 */
export class Guard {
  readonly #hall: Hall
  readonly #turns: Turns
  readonly #end = new AbortController()
  readonly #patience = new Patience()
  /** What is known to be damaged, and waits. */
  readonly #pending = new Set<string>()
  readonly #underWay = new Set<Promise<void>>()

  readonly #period: number

  /** `period`: between two looks at what tunnels know of other hosts, in ms. */
  constructor(hall: Hall, turns: Turns, period = PERIOD_MS) {
    this.#hall = hall
    this.#turns = turns
    this.#period = period
  }

  /** What is damaged by now is healed before it resolves, rules at least. */
  async start(): Promise<void> {
    this.#keep(this.#watchRules())
    this.#keep(this.#watchLinks())
    this.#keep(this.#watchTunnels())
    this.#keep(this.#watchOwners())
    this.#keep(this.#watchForwarding())
    await this.#turns.take(() => checkFirewall(this.#hall))
  }

  async close(): Promise<void> {
    this.#end.abort()
    await Promise.all(this.#underWay)
  }

  #keep(work: Promise<void>): void {
    const kept = work.catch((error) => this.#warn(error)).finally(() => this.#underWay.delete(kept))
    this.#underWay.add(kept)
  }

  /** A guard that ended on its own must not take the program with it. */
  #warn(error: Error): void {
    if (!this.#end.signal.aborted) process.emitWarning(`nobody is on guard: ${error.message}`, { code: 'CNM_UNGUARDED' })
  }

  async #watchRules(): Promise<void> {
    for await (const { transactions, lost } of rulesetChanges(this.#hall.host, this.#end.signal)) {
      const change = transactions.find(({ own, touched }) => !own && touched.some(isOurs))
      if (change) {
        const by = `${change.process} (${change.pid})`
        this.#damaged({ what: 'firewall', network: null, by, heal: () => reloadFirewall(this.#hall) })
      } else if (lost) {
        this.#keep(this.#turns.take(() => checkFirewall(this.#hall)))
      }
    }
  }

  async #watchLinks(): Promise<void> {
    for await (const event of monitor(this.#hall.host, ['link'], { signal: this.#end.signal, gather: GATHER_MS })) {
      if (event.type === 'removed') this.#missing((link) => link === event.row.name)
      if (event.type === 'snapshot') this.#missing((link) => event.rows.every(({ name }) => name !== link))
      // What is out of service is renamed by ourselves.
      if (event.type === 'changed' && event.before && event.row.group !== RETIRED_GROUP) this.#renamed(event.before.name, event.row.name)
      this.#stirred(stirred(event))
    }
  }

  #renamed(from: string, to: string): void {
    if (from === to) return
    this.#keep(this.#turns.take(() => followRename(this.#hall, from, to), this.#end.signal))
    for (const network of this.#hall.store.networks.list()) {
      if (walledLink(this.#hall, network) !== from || configOf(this.#hall, network).found) continue
      this.#damaged({ what: from, network, heal: () => this.#nameAgain(network, from, to) })
    }
  }

  /** If it is still so; else it may have gone with that name. */
  async #nameAgain(network: Network, from: string, to: string): Promise<void> {
    const { host } = this.#hall
    const [own, other] = await Promise.all([from, to].map((name) => linkAt(host, name)))
    if (own || other?.group !== LINK_GROUP || walledLink(this.#hall, network) !== from) return this.#raise(network)
    await this.#hall.commit({ way: 'up', plan: [rename(to, from)], record: () => {} })
  }

  /** A process that is gone tells nobody, least of all after kill -9. */
  async #watchOwners(): Promise<void> {
    for await (const _ of every(OWNERS_MS, undefined, { signal: this.#end.signal, ref: false })) {
      if (this.#hall.store.sandboxes.list().some(isOrphan)) await this.#turns.take(() => removeOrphans(this.#hall)).catch(unlessRefused)
    }
  }

  /** Nobody tells of sysctls, and a link that comes may forward only once it has an address. */
  async #watchForwarding(): Promise<void> {
    for await (const _ of every(FORWARDING_MS, undefined, { signal: this.#end.signal, ref: false })) {
      // A verb may be about to change it.
      if (await isWayClosed(this.#hall)) await this.#turns.take(() => this.#inspectWay(), this.#end.signal)
    }
  }

  async #inspectWay(): Promise<void> {
    if (!(await isWayClosed(this.#hall))) return
    this.#damaged({ what: 'forwarding', network: null, heal: () => reopenWay(this.#hall) })
  }

  #missing(isGone: (link: string) => boolean): void {
    for (const network of this.#hall.store.networks.list()) {
      const link = walledLink(this.#hall, network)
      // A bridge that was adopted is its maker's to delete.
      if (link === undefined || !isGone(link) || configOf(this.#hall, network).found) continue
      this.#damaged({ what: link, network, heal: () => this.#raise(network) })
    }
  }

  /** Endpoints that are on a link of the host go with it, and are put on it again when it is back. */
  #stirred(links: ReadonlySet<string>): void {
    for (const network of links.size > 0 ? this.#hall.store.networks.list() : []) {
      const what = standsOn(this.#hall, network).find((link) => links.has(link))
      if (what !== undefined) this.#keep(this.#turns.take(() => this.#inspect(what, network), this.#end.signal))
    }
  }

  async #inspect(what: string, network: Network): Promise<void> {
    if (standsOn(this.#hall, network).length === 0) return
    const { obstacle, mend } = await aftermath(this.#hall, network)
    if (!mend) return
    if (obstacle === undefined) this.#damaged({ what, network, heal: mend })
    else this.#hall.tell('damage', network, { what, healing: 'when it is back', by: obstacle })
  }

  /** The kernel tells of every row, ours too, and there may be a hundred thousand: looking now and then costs less. */
  async #watchTunnels(): Promise<void> {
    for (;;) {
      await pause(this.#period, undefined, { signal: this.#end.signal })
      for (const network of raisedNetworks(this.#hall)) {
        await this.#turns.take(() => forgetLost(this.#hall, network), this.#end.signal)
        if (!this.#hall.rosters.get(network.id)?.complete) continue
        await this.#turns.take(() => this.#audit(network), this.#end.signal)
        this.#keep(this.#test(network))
      }
    }
  }

  /** Hosts that a network has not led to yet. */
  async #test(network: Network): Promise<void> {
    for (const vtep of await selfTest(this.#hall, network, this.#end.signal)) {
      this.#hall.tell('damage', network, { what: 'checksums', healing: 'no', by: vtep })
      process.emitWarning(`network ${network.name}: datagrams to ${vtep} get lost, echo requests do not: cnm doctor`, {
        code: 'CNM_OFFLOAD',
      })
    }
  }

  async #audit(network: Network): Promise<void> {
    const found = await look(this.#hall, network, true)
    const damaged = isDamaged(this.#hall, network, found)
    const differences = found?.differences.length ?? 0
    if (!damaged && differences === 0) return
    const what = damaged ? 'tunnel' : 'peers'
    this.#hall.tell('damage', network, { what, healing: 'now', differences: String(differences) })
    if (damaged) await repair(this.#hall)
    this.#hall.tell('heal', network, { what })
  }

  async #raise(network: Network): Promise<void> {
    if (walledLink(this.#hall, network) === undefined) return
    const { plan, networks, record } = await raise(this.#hall, network)
    await commitOnWalls(this.#hall, { way: 'up', plan, networks, record })
  }

  #damaged(damage: Damage): void {
    const { what, network, by } = damage
    const key = keyOf(damage)
    if (this.#pending.has(key)) return
    this.#pending.add(key)
    const delay = this.#patience.next(key)
    const healing = delay === 0 ? 'now' : `in ${delay / 1000} s`
    this.#hall.tell('damage', network, { what, healing, ...(by ? { by } : {}) })
    this.#keep(this.#heal(damage, delay))
  }

  async #heal(damage: Damage, delay: number): Promise<void> {
    const { what, network, heal } = damage
    await pause(delay, undefined, { signal: this.#end.signal })
    try {
      await this.#turns.take(() => {
        this.#pending.delete(keyOf(damage))
        return heal()
      }, this.#end.signal)
      this.#hall.tell('heal', network, { what })
    } catch (error) {
      this.#end.signal.throwIfAborted()
      this.#damaged({ ...damage, by: (error as Error).message })
    }
  }
}

const rename = (link: string, name: string): Op => ({ op: 'link.set', link, name, undo: [{ op: 'link.set', link: name, name: link }] })

/** Several networks may be on one link. */
const keyOf = ({ what, network }: Damage): string => `${what} ${network?.id ?? ''}`

/** A container that comes or goes is a dozen changes of links. */
const GATHER_MS = 100
const PERIOD_MS = 10_000
/** How often owners of sandboxes are looked for. */
const OWNERS_MS = 1000
const FORWARDING_MS = 1000

const OURS = `${TABLE.family} ${TABLE.name}`

/** The operator's own rules are nobody's business. */
const isOurs = (touched: string): boolean => touched === OURS || (touched.startsWith(`${OURS} `) && touched !== `${OURS} ${USER}`)
