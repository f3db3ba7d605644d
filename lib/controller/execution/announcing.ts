import { setMaxListeners } from 'node:events'
import { setTimeout as pause, setImmediate as whenIdle } from 'node:timers/promises'
import { parseCidr, toBytes } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import type { Endpoint, Options, Sandbox } from '../../model/network.ts'
import type { Op } from '../../model/op.ts'
import { apply, applyLeniently, dump } from '../../netlink/kernel.ts'
import { type Netns, namespaceAt } from '../../netlink/namespace.ts'
import type { Store } from '../../store/store.ts'
import type { Seat } from '../endpoints/gateway.ts'

interface Knob {
  readonly key: string
  readonly what: string
  readonly least: number
  readonly most: number
  readonly usual: number
}

const COUNT: Knob = { key: 'com.docker.network.advertise_addr_nmsgs', what: 'an integer', least: 0, most: 3, usual: 3 }
const INTERVAL: Knob = { key: 'com.docker.network.advertise_addr_ms', what: 'integer milliseconds', least: 100, most: 2000, usual: 1000 }

/** How often, and with which pause in ms, a network's endpoints are announced; refused in Docker's words. */
export const announcingOf = (options: Options) => ({ count: read(options, COUNT), interval: read(options, INTERVAL) })

function read(options: Options, { key, what, least, most, usual }: Knob): number {
  const value = options[key]
  if (value === undefined) return usual
  if (!/^[+-]?\d+$/.test(value)) throw fault('OPTION_NOT_INTEGER', { key, value, what })
  const number = Number(value)
  if (number < least || number > most) throw fault('OPTION_OUT_OF_RANGE', { key, least, most })
  return number
}

/** That somebody elsewhere has an address. */
export interface Word {
  readonly op: Op
}

/** So many words at a time: each goes to every sandbox on the network. */
const FEW = 64
/** For each ms that words take, so many pass without any, up to an end: a kernel that is slow for other reasons is no reason to be late. */
const REST = 9
const LONGEST_REST_MS = 100

/**
 * Tells the neighbours of new endpoints at which MAC address they are: who knew the addresses by another goes to the wrong
 * one, or nowhere, for a minute. No verb waits for it. Announcements after the first are made as long as the controller is
 * open and the endpoint there.
 */
export class Announcer {
  readonly #store: Store
  readonly #end = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #relaying: Promise<void> = Promise.resolve()

  constructor(store: Store) {
    this.#store = store
    // One listener for each endpoint that is new.
    setMaxListeners(0, this.#end.signal)
  }

  announce({ path }: Sandbox, { endpoint, network }: Seat): void {
    const { count, interval } = announcingOf(network.options)
    if (endpoint.ifname === '') return
    const work = this.#repeat(path, endpoint, count, interval).finally(() => this.#underWay.delete(work))
    this.#underWay.add(work)
  }

  async #repeat(path: string, endpoint: Endpoint, count: number, interval: number): Promise<void> {
    await whenIdle()
    for (let said = 0; said < count; said++) {
      if (said > 0 && !(await this.#pause(interval))) return
      if (!this.#store.endpoints.get(endpoint.id)) return
      await say(path, endpoint)
    }
  }

  /**
   * Tells those on a network of others, elsewhere, from the namespace at `path`: a few at once, and the rest beside whatever else
   * is done. `stand`: those that are as true as they were.
   */
  async relay<T extends Word>(path: string, words: readonly T[], stand: (words: readonly T[]) => readonly T[]): Promise<void> {
    await speak(path, words.slice(0, FEW))
    if (words.length > FEW) this.#relaying = this.#relaying.then(() => this.#relayRest(path, words, stand))
  }

  async #relayRest<T extends Word>(path: string, words: readonly T[], stand: (words: readonly T[]) => readonly T[]): Promise<void> {
    let took = 1
    for (let from = FEW; from < words.length; from += FEW) {
      if (!(await this.#pause(Math.min(REST * took, LONGEST_REST_MS)))) return
      const start = performance.now()
      await speak(path, stand(words.slice(from, from + FEW)))
      took = performance.now() - start
    }
  }

  /** False when the controller was closed meanwhile. A process that has nothing else to do does not stay for it. */
  #pause(interval: number): Promise<boolean> {
    return pause(interval, true, { ref: false, signal: this.#end.signal }).catch(() => false)
  }

  /** Waits for what is being said. */
  async close(): Promise<void> {
    this.#end.abort()
    await Promise.all([...this.#underWay, this.#relaying])
  }
}

async function say(path: string, { ifname, address, address6 }: Endpoint): Promise<void> {
  const own = [address, address6].flatMap((text) => parseCidr(text ?? '') ?? [])
  const netns = namespaceAt(path)
  try {
    await untilUp(netns, ifname)
    await apply(
      [netns],
      own.map((cidr) => ({ op: 'announce', link: ifname, address: toBytes(cidr) }) as const),
    )
  } catch {
    // The sandbox may be gone, or its link; whoever has not heard asks when it has to know.
  } finally {
    netns.close()
  }
}

async function speak(path: string, words: readonly Word[]): Promise<void> {
  if (words.length === 0) return
  const netns = namespaceAt(path)
  try {
    await applyLeniently(
      [netns],
      words.map(({ op }) => op),
    )
  } catch {
    // The network may be gone from here.
  } finally {
    netns.close()
  }
}

/** IF_OPER_UP */
const UP = 6
const STEP_MS = 5
const MOST_STEPS = 40

/** A port of a bridge passes nothing on before the kernel has noticed its carrier, a moment after both ends are up. */
async function untilUp(netns: Netns, ifname: string): Promise<void> {
  for (let step = 0; step < MOST_STEPS; step++) {
    const link = (await dump(netns, 'link')).find(({ name }) => name === ifname)
    if (!link || link.operState === UP) return
    await pause(STEP_MS)
  }
}
