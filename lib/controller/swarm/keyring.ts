import { randomUUID } from 'node:crypto'
import type { Member } from '../../cluster/member.ts'
import { isReadableBy, newRing, nextRing, readable, type SealedRing } from '../../cluster/ring.ts'
import { type NodeKey, wireguardKeyOf } from '../../cluster/seal.ts'
import { CnmError } from '../../model/errors.ts'
import type { Key, KeyRing } from '../../model/keys.ts'
import type { Network } from '../../model/network.ts'
import type { Membership, SwarmNode } from '../../model/swarm.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { tunnelOf } from '../overlay/known.ts'
import { hasSecrets, keepSecrets } from '../overlay/secrecy.ts'
import { keepAllWireguard } from '../overlay/wireguard-keys.ts'
import { nodeKeyIn } from './node-key.ts'

/** Of this boot: it ends with the states of the kernel. */
const SESSION = 'swarm/session'
/** Who has not heard for so many heartbeats is not waited for: a node that is dead is known to be by then. */
const PATIENCE = 3
/** What was sent has arrived by then, or will not, in ms. */
const ON_ITS_WAY = 2000
/** Until what could not be told is told again, in ms. */
const AGAIN = 1000

export interface KeyringOptions {
  readonly hall: Hall
  readonly membership: Membership
  readonly member: Member
  /** Settles once more, in so many ms at the latest. */
  readonly again: (ms: number) => void
}

/** What encrypted networks of a swarm are encrypted with: makes the data path of this node agree with the ring, and tends the ring. */
export class Keyring {
  readonly #hall: Hall
  readonly #membership: Membership
  readonly #member: Member
  readonly #again: (ms: number) => void
  readonly #own: NodeKey
  readonly #wireguard: ReturnType<typeof wireguardKeyOf>
  #session: string
  /** The last ring that was read, and what was in it. */
  #read: { readonly ring: SealedRing | undefined; readonly keys: readonly Key[] } = { ring: undefined, keys: [] }
  #told = ''
  /** The kernel does not have yet what the data path was told. */
  #pending = false
  /** Since when others are waited for, and for what. */
  #wait = { step: 0, since: 0 }
  /** Since when nobody is waited for any more. */
  #heard = { step: 0, since: 0 }

  constructor({ hall, membership, member, again }: KeyringOptions) {
    this.#hall = hall
    this.#membership = membership
    this.#member = member
    this.#again = again
    this.#own = nodeKeyIn(hall.root)
    this.#wireguard = wireguardKeyOf(this.#own)
    this.#session = (hall.store.marks.get(SESSION) as string | undefined) ?? this.#begin()
    hall.secrets.renew = () => {
      this.#begin()
      this.learn()
      again(0)
    }
  }

  /** Tells the data path what the swarm has told, before it hears of endpoints that need it. */
  learn(): void {
    const { view } = this.#member
    if (this.#read.ring !== view.ring)
      this.#read = { ring: view.ring, keys: view.ring ? readable(this.#membership.id, view.ring, this.#own) : [] }
    const ring = this.#ring()
    const peers = this.#byAddress(({ wireguardKey }) => wireguardKey)
    const told = JSON.stringify([view.ring, ring?.session, ring?.sessions, peers])
    if (told === this.#told) return
    this.#told = told
    this.#pending = true
    const { secrets } = this.#hall
    secrets.ring = ring
    const keys = Object.entries(peers).map(([vtep, key]) => [vtep, Buffer.from(key, 'base64url')])
    secrets.wireguard = { privateKey: this.#wireguard.privateKey, peers: Object.fromEntries(keys) }
  }

  /** Makes the kernel agree, tells the others, and does for the ring what is this node's to do. */
  async settle(): Promise<void> {
    if (this.#pending && hasSecrets(this.#hall)) await keepSecrets(this.#hall)
    if (this.#pending) await keepAllWireguard(this.#hall)
    this.#pending = false
    try {
      await this.#introduce()
      await this.#answer()
      if (this.#isKeeper()) await this.#tend()
    } catch (error) {
      if (!(error instanceof CnmError)) throw error
      this.#again(AGAIN)
    }
  }

  /** This node is none of the swarm, as far as is known: it neither reads nor speaks. */
  async forget(): Promise<void> {
    const { secrets } = this.#hall
    if (secrets.wireguard === null) return
    secrets.ring = secrets.wireguard = null
    this.#told = ''
    await keepAllWireguard(this.#hall)
    if (hasSecrets(this.#hall)) await keepSecrets(this.#hall)
  }

  close(): void {
    delete this.#hall.secrets.ring
    delete this.#hall.secrets.wireguard
    delete this.#hall.secrets.renew
  }

  #begin(): string {
    this.#session = randomUUID()
    this.#hall.store.marks.put(SESSION, this.#session)
    return this.#session
  }

  /** null: this node can read none. */
  #ring(): KeyRing | null {
    const { ring, keys } = this.#read
    if (!ring || !isReadable(ring, keys)) return null
    return { keys, primary: ring.primary, session: this.#session, sessions: this.#sessions() }
  }

  #sessions(): Record<string, string> {
    const { hearings } = this.#member.view
    return this.#byAddress(({ id }) => hearings.get(id)?.session)
  }

  /** What is known of the other nodes, by the address of their tunnels. Of two with the same, one is dead. */
  #byAddress(known: (node: SwarmNode) => string | undefined): Record<string, string> {
    const { nodes, alive } = this.#member.view
    const others = [...nodes.values()].filter(({ id }) => id !== this.#membership.node.id)
    const sorted = [...others.filter(({ id }) => !alive.has(id)), ...others.filter(({ id }) => alive.has(id))]
    return Object.fromEntries(
      sorted.flatMap((node) => {
        const text = known(node)
        return text === undefined ? [] : [[node.dataPath, text]]
      }),
    )
  }

  /** The swarm has an encrypted network. */
  #isNeeded(): boolean {
    const { networks } = this.#member.view
    return [...networks.values()].some((network) => isEncrypted(this.#hall, network))
  }

  /** The key of this node was lost with its file: the others are told of the new one. */
  async #introduce(): Promise<void> {
    const { view, cluster } = this.#member
    const known = view.nodes.get(this.#membership.node.id)
    if (!known || known.publicKey === this.#own.publicKey) return
    const node = { ...this.#membership.node, publicKey: this.#own.publicKey, wireguardKey: this.#wireguard.publicKey }
    if (await cluster.redescribe(node)) this.#hall.store.memberships.put({ ...this.#membership, node })
  }

  async #answer(): Promise<void> {
    const { ring, keys } = this.#read
    const { view, cluster } = this.#member
    const { id } = this.#membership.node
    if (!ring || !isReadable(ring, keys)) return
    const told = view.hearings.get(id)
    if (told?.session !== this.#session || told.step !== ring.step) await cluster.hear(id, { session: this.#session, step: ring.step })
  }

  /** Of those who are there and can read the ring, the one that joined first tends it; of all, where nobody can. */
  #isKeeper(): boolean {
    const { nodes, alive, ring } = this.#member.view
    const there = [...nodes.values()].filter(({ id }) => alive.has(id))
    const able = there.filter(({ publicKey }) => ring && isReadableBy(ring, publicKey))
    const [first] = (able.length > 0 ? able : there).sort(byAge)
    return first?.id === this.#membership.node.id
  }

  async #tend(): Promise<void> {
    const { view, cluster } = this.#member
    const { ring } = view
    const recipients = recipientsIn(view.nodes.values())
    const swarm = this.#membership.id
    if (!ring) {
      if (this.#isNeeded()) await cluster.turnRing(newRing(swarm, recipients), view.swarm?.keyRotation)
      return
    }
    // It has just become another one, and is looked at next.
    if (this.#read.ring !== ring) return
    const due = this.#isNeeded() && !view.isFresh
    const heard = this.#isHeard(ring)
    const arrived = heard && ring.keys.length > 1 && this.#hasArrived(ring)
    const next = nextRing(ring, { swarm, recipients, keys: this.#read.keys, heard, arrived, due })
    if (!next) return
    const isNew = next.keys.at(-1)?.tag !== ring.keys.at(-1)?.tag
    await cluster.turnRing(next, isNew ? view.swarm?.keyRotation : undefined)
  }

  #isHeard(ring: SealedRing): boolean {
    const { nodes, alive, hearings } = this.#member.view
    const awaited = [...nodes.values()].filter(({ id, publicKey }) => alive.has(id) && isReadableBy(ring, publicKey))
    if (awaited.every(({ id }) => hearings.get(id)?.step === ring.step)) return true
    if (this.#wait.step !== ring.step) this.#wait = { step: ring.step, since: performance.now() }
    return this.#isOver(this.#wait.since + PATIENCE * 1000 * this.#membership.heartbeat)
  }

  #hasArrived({ step }: SealedRing): boolean {
    if (this.#heard.step !== step) this.#heard = { step, since: performance.now() }
    return this.#isOver(this.#heard.since + ON_ITS_WAY)
  }

  /** Looked at again when it is: an alarm may ring a fraction of a millisecond early. */
  #isOver(time: number): boolean {
    const left = time - performance.now()
    if (left > 0) this.#again(left)
    return left <= 0
  }
}

const isReadable = ({ primary }: SealedRing, keys: readonly Key[]): boolean => keys.some(({ tag }) => tag === primary)

const byAge = (a: SwarmNode, b: SwarmNode): number => (`${a.joined} ${a.id}` < `${b.joined} ${b.id}` ? -1 : 1)

/** For whom a ring is sealed. */
export const recipientsIn = (nodes: Iterable<SwarmNode>): readonly string[] => [...new Set(Array.from(nodes, ({ publicKey }) => publicKey))]

/** Of networks that other programs wrote, some may not be what their driver takes. */
function isEncrypted(hall: Hall, network: Network): boolean {
  try {
    return tunnelOf(hall, network, configOf(hall, network))?.encrypted === true
  } catch (error) {
    if (error instanceof CnmError) return false
    throw error
  }
}
