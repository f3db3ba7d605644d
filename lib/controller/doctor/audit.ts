import { fromBytes } from '../../model/address.ts'
import { type FilterAdd, HOST, type LinkAdd, type LinkSet, type Op, type Plan } from '../../model/op.ts'
import { addressText, macText } from '../../model/words.ts'
import type { LinkRow } from '../../netlink/tables.ts'
import type { Scene } from './scene.ts'

/** A step whose outcome is not there. */
export interface Lack {
  readonly op: Op
  /** What there is instead, in words. */
  readonly found: string
  /** Steps that put it right; none where what is in the way is not ours. */
  readonly remedy: Plan
}

const IFF_UP = 1
const NUD_PERMANENT = 128
const ETHERNET_MTU = 1500

/**
 * The steps of a plan whose outcome is not there any more, as far as tables tell; `scenes[at]` is the namespace number `at`.
 * Steps that no table shows count as done, as long as their link was not to be made anew. `taken`: links of the host whose names
 * ours have had.
 */
export async function lacksOf(plan: Plan, scenes: readonly Scene[], taken: ReadonlySet<string> = new Set()): Promise<readonly Lack[]> {
  const audit = new Audit(scenes, plan, taken)
  const lacks: Lack[] = []
  for (const op of plan) {
    const lack = await audit.look(op)
    if (lack) lacks.push(lack)
  }
  return lacks
}

const keyOf = (at: number | undefined, link: unknown): string => `${at ?? HOST} ${link}`

class Audit {
  readonly #scenes: readonly Scene[]
  /** Links that were moved, or renamed: where they were, and the step that did it. */
  readonly #moved: ReadonlyMap<string, LinkSet & Op>
  /** Links that are made anew, or put into their bridge anew: what was set on them is lost. */
  readonly #renewed = new Set<string>()
  /** Links with the kind of a qdisc that is made anew: its filters are lost. */
  readonly #requeued = new Set<string>()
  /** Links whose name somebody else has. */
  readonly #foreign: Set<string>

  constructor(scenes: readonly Scene[], plan: Plan, taken: ReadonlySet<string>) {
    this.#foreign = new Set(Array.from(taken, (link) => keyOf(HOST, link)))
    this.#scenes = scenes
    const moves = plan.filter((op): op is Op & LinkSet => op.op === 'link.set' && op.link !== undefined && isElsewhere(op))
    this.#moved = new Map(moves.map((op) => [keyOf(op.at, op.link), op]))
  }

  async look(op: Op): Promise<Lack | null> {
    const subject = op.op === 'link.add' ? op.name : 'link' in op ? op.link : undefined
    const place = op.op === 'link.add' ? (op.into ?? op.at) : op.at
    const key = keyOf(place, subject)
    const scene = this.#scenes[place ?? HOST]
    if (!scene || (op.op !== 'link.add' && this.#isForeign(op, key))) return null
    const move = this.#moved.get(key)
    if (move) return this.#movedOn(op, move, key)
    if (op.op === 'link.add') return this.#linkAdded(op, scene, key)
    if (op.op === 'filter.add') return this.#filterAdded(op, scene, key)
    const found = await this.#found(op, scene, key)
    return found === null ? null : { op, found, remedy: [repeatable(op)] }
  }

  /** A step on somebody else's link, or with it. */
  #isForeign(op: Op, key: string): boolean {
    if (op.op === 'sysctl') return op.path.split('/').some((part) => this.#foreign.has(keyOf(op.at, part)))
    return this.#foreign.has(key) || (op.op === 'link.set' && this.#foreign.has(keyOf(op.at, op.master)))
  }

  /** Of a link that is elsewhere by now, or has another name. */
  #movedOn(op: Op, { at = HOST, moveTo = at, link: was, name }: LinkSet & Op, key: string): Lack | null {
    const link = this.#scenes[moveTo]?.link(name ?? was)
    if (!link) return { op, found: 'it is not there', remedy: [op] }
    if (op.op !== 'link.add') return null
    if (link.kind === op.kind) return differing({ ...op, name: link.name }, link, moveTo)
    this.#foreign.add(key)
    return { op, found: another(link), remedy: [] }
  }

  #linkAdded(op: Op & LinkAdd, scene: Scene, key: string): Lack | null {
    const link = scene.link(op.name)
    if (!link) return this.#anew(op, scene, key, 'there is none', [op])
    if (link.kind !== op.kind || (op.group !== undefined && link.group !== op.group)) {
      this.#foreign.add(key)
      return { op, found: another(link), remedy: [] }
    }
    if (op.kind === 'veth' && op.peer && this.#scenes[op.peer.at]?.link(op.peer.name)?.index !== link.parent)
      return this.#anew(op, scene, key, `its other end is not ${op.peer.name} any more`, [delLink(op), op])
    const other = op.kind === 'veth' && op.peer ? this.#scenes[op.peer.at]?.link(op.peer.name) : undefined
    return (
      differing({ ...bornWith(op, link, scene), ...op }, link) ??
      (op.kind === 'veth' && op.peer && other ? differing({ ...op.peer, op: 'link.add', kind: 'veth' }, other) : null)
    )
  }

  /** One that led to a link which is made anew leads nowhere: it goes with its qdisc, which says whether it is there. */
  async #filterAdded(op: Op & FilterAdd, scene: Scene, key: string): Promise<Lack | null> {
    const { at, link, parent: kind, redirect } = op
    if (this.#requeued.has(`${key} ${kind}`)) return { op, found: 'its qdisc is made anew', remedy: [op] }
    if (kind !== 'ingress' || redirect === undefined || !this.#renewed.has(keyOf(at, redirect))) return null
    const there: Plan = (await scene.hasQdisc(link, kind)) ? [{ ...here(at), op: 'qdisc.del', link, kind }] : []
    return { op, found: `${redirect} is made anew`, remedy: [...there, { ...here(at), op: 'qdisc.add', link, kind }, op] }
  }

  #anew(op: Op & LinkAdd, scene: Scene, key: string, found: string, remedy: Plan): Lack {
    scene.forget(op.name)
    this.#renewed.add(key)
    if (op.kind === 'veth' && op.peer) {
      this.#scenes[op.peer.at]?.forget(op.peer.name)
      this.#renewed.add(keyOf(op.peer.at, op.peer.name))
    }
    return { op, found, remedy }
  }

  /** What there is instead of a step's outcome; null when that is there. */
  async #found(op: Op, scene: Scene, key: string): Promise<string | null> {
    switch (op.op) {
      case 'link.set':
        return op.link === undefined ? null : this.#linkSet(op, scene, key)
      case 'addr.add':
        return scene.hasAddress(op.link, op.address, op.prefix) ? null : 'the link does not have it'
      case 'route.add':
      case 'route.replace': {
        const to = { ...fromBytes(op.to), prefix: op.prefix }
        return scene.hasRoute(to, op.via && fromBytes(op.via), op.link) ? null : 'there is no such route'
      }
      case 'neigh.add':
      case 'neigh.replace':
        return neighbourFound(scene.neighbour(op.link, op.address), op.mac)
      case 'fdb.replace':
        return this.#renewed.has(key) ? 'its link is made anew' : (await scene.forwards(op.link, op.mac)) ? null : 'there is none'
      case 'qdisc.add':
        if (await scene.hasQdisc(op.link, op.kind)) return null
        this.#requeued.add(`${key} ${op.kind}`)
        return `there is no qdisc ${op.kind} on it`
      case 'sysctl': {
        if (op.path.split('/').some((part) => this.#renewed.has(keyOf(op.at, part)))) return 'its link is made anew'
        const value = await scene.sysctl(op.path)
        return value === op.value ? null : value === null ? 'there is no such setting' : `it is ${value}`
      }
      default:
        return this.#renewed.has(key) ? 'its link is made anew' : null
    }
  }

  #linkSet(op: Op & LinkSet, scene: Scene, key: string): string | null {
    const link = scene.link(op.link)
    if (!link) return 'there is no such link'
    if (op.master !== undefined && op.master !== 0 && link.master !== scene.link(op.master)?.index) {
      this.#renewed.add(key)
      return link.master === 0 ? 'it is in no bridge' : `it is in ${scene.nameOf(link.master) || 'another bridge'}`
    }
    if (op.up !== undefined && op.up !== ((link.flags & IFF_UP) !== 0)) return op.up ? 'it is down' : 'it is up'
    if (op.mtu !== undefined && op.mtu !== link.mtu) return `its mtu is ${link.mtu}`
    return op.port && this.#renewed.has(key) ? 'its port is new' : null
  }
}

const isElsewhere = ({ moveTo, name }: LinkSet): boolean => moveTo !== undefined || name !== undefined

const another = ({ kind }: LinkRow): string => `there is another link of that name, of kind ${kind || 'physical'} and not ours`

/** Of a link that was given none. The kernel has a bridge follow its narrowest port, until somebody says otherwise. */
function bornWith({ kind, at, into }: Op & LinkAdd, { index }: LinkRow, scene: Scene): { readonly mtu?: number } {
  if (kind === 'bridge') return { mtu: scene.narrowestPort(index) ?? ETHERNET_MTU }
  // What is inside is for who is at home there.
  return kind === 'veth' && (into ?? at ?? HOST) === HOST ? { mtu: ETHERNET_MTU } : {}
}

/** What was made right once and has been changed since. */
function differing(op: Op & LinkAdd, link: LinkRow, at = op.into ?? op.at ?? HOST): Lack | null {
  const mac = op.mac && macText(op.mac) !== link.mac ? { mac: op.mac } : {}
  const mtu = op.mtu !== undefined && op.mtu !== link.mtu ? { mtu: op.mtu } : {}
  const set = { ...mac, ...mtu }
  if (Object.keys(set).length === 0) return null
  const found = [...('mac' in mac ? [`its MAC address is ${link.mac}`] : []), ...('mtu' in mtu ? [`its mtu is ${link.mtu}`] : [])]
  return { op, found: found.join(', '), remedy: [{ at, op: 'link.set', link: op.name, ...set }] }
}

function neighbourFound(row: Scene['neighbours'][number] | undefined, mac: Uint8Array | undefined): string | null {
  if (!row) return 'there is none'
  if (mac && row.mac !== macText(mac)) return `it is at ${row.mac}`
  return row.state === NUD_PERMANENT ? null : 'it is not permanent'
}

const delLink = (op: Op & LinkAdd): Op => ({ at: op.into ?? op.at ?? HOST, op: 'link.del', link: op.name })

const here = (at: number | undefined): { readonly at?: number } => (at === undefined ? {} : { at })

/** In place of whatever is there now. */
function repeatable(op: Op): Op {
  switch (op.op) {
    case 'route.add':
      return { ...op, op: 'route.replace' }
    case 'neigh.add':
      return { ...op, op: 'neigh.replace' }
    case 'qdisc.add':
      return op.kind === 'ingress' || op.kind === 'clsact' ? op : { ...op, op: 'qdisc.replace' }
    default:
      return op
  }
}

/** The subject of a step, in words. */
export const subjectOf = (op: Op): string => {
  switch (op.op) {
    case 'link.add':
      return `link ${op.name}`
    case 'addr.add':
      return `address ${addressText(op.address)} of ${op.link}`
    case 'route.add':
    case 'route.replace':
      return op.prefix === 0 ? `default route of ${op.link}` : `route to ${addressText(op.to)}/${op.prefix}`
    case 'neigh.add':
    case 'neigh.replace':
      return `neighbour ${addressText(op.address)} of ${op.link}`
    case 'fdb.replace':
      return `forwarding of ${macText(op.mac)}`
    case 'sysctl':
      return op.path
    default:
      return 'link' in op && op.link !== undefined ? `link ${op.link}` : op.op
  }
}
