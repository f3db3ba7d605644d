import { contains, type Family, formatAddress, parseAddress, parseCidr } from '../model/address.ts'
import { printNft } from '../model/print-nft.ts'

/** A packet as rules see it, the first of a connection. */
export interface Packet {
  readonly family: Family
  /** 'tcp', 'udp', 'sctp', 'icmp'. */
  readonly protocol: string
  readonly source: string
  readonly target: string
  readonly port: number
  /** Names of links; '' where there is none. */
  readonly input: string
  readonly output: string
  /** Its target was changed on the way. */
  readonly redirected: boolean
  /** It takes the address of the link by which it leaves. */
  readonly masqueraded: boolean
  /** It is one of the others. */
  readonly answers?: boolean
}

/** A rule that decided or changed something. */
export interface Step {
  readonly chain: string
  readonly rule: string
}

/** Where no rule of a chain did. */
export const POLICY = 'policy drop'

export interface Passage {
  readonly packet: Packet
  readonly dropped: boolean
  readonly steps: readonly Step[]
}

export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'

type Json = any

/** Takes packets through the rules of one table, listed by `nft -j list table`. `isLocal`: the host has this address. */
export class Tracer {
  readonly #chains: readonly Json[]
  readonly #rules: readonly Json[]
  readonly #sets: ReadonlyMap<string, readonly Json[]>
  readonly #isLocal: (address: string) => boolean

  /** `objects`: see objectsIn(). */
  constructor(objects: readonly Json[], isLocal: (address: string) => boolean) {
    this.#chains = objects.flatMap(({ chain }) => chain ?? [])
    this.#rules = objects.flatMap(({ rule }) => rule ?? [])
    this.#sets = new Map(objects.flatMap(({ set, map }) => (set || map ? [[(set ?? map).name, (set ?? map).elem ?? []]] : [])))
    this.#isLocal = isLocal
  }

  /** All base chains of a hook, in the order of their priorities; one that drops has the last word. */
  pass(hook: Hook, packet: Packet): Passage {
    const steps: Step[] = []
    let now = packet
    for (const { name, policy } of this.#chains.filter((chain) => chain.hook === hook).toSorted((a, b) => a.prio - b.prio)) {
      const end = this.#chain(name, now, steps)
      now = end.packet
      if (end.verdict === 'continue' && policy === 'drop') steps.push({ chain: name, rule: POLICY })
      if (end.verdict === 'drop' || (end.verdict === 'continue' && policy === 'drop')) return { packet: now, dropped: true, steps }
    }
    return { packet: now, dropped: false, steps }
  }

  #chain(name: string, packet: Packet, steps: Step[]): End {
    let now = packet
    for (const rule of this.#rules.filter(({ chain }) => chain === name)) {
      const end = this.#rule(rule, now, steps)
      now = end.packet
      if (end.verdict === 'return') return { packet: now, verdict: 'continue' }
      if (end.verdict !== 'continue') return { packet: now, verdict: end.verdict }
    }
    return { packet: now, verdict: 'continue' }
  }

  #rule(rule: Json, packet: Packet, steps: Step[]): End {
    const facts = new Facts(packet, this.#sets, this.#isLocal)
    let now = packet
    for (const statement of rule.expr) {
      const [kind, inner] = Object.entries<Json>(statement)[0] ?? []
      if (kind === 'match' && !facts.match(inner)) return { packet: now, verdict: 'continue' }
      const action = kind === 'vmap' ? facts.lookup(inner) : statement
      if (action === undefined) return { packet: now, verdict: 'continue' }
      const changed = facts.change(action, now)
      if (changed) {
        steps.push(stepOf(rule))
        now = changed
        return { packet: now, verdict: 'accept' }
      }
      const verdict = VERDICTS.find((word) => word in action)
      if (verdict === 'jump' || verdict === 'goto') {
        const end = this.#chain(action[verdict].target, now, steps)
        if (end.verdict !== 'continue' || verdict === 'goto') return end
        now = end.packet
      } else if (verdict) {
        if (verdict !== 'return') steps.push(stepOf(rule))
        return { packet: now, verdict: verdict === 'reject' ? 'drop' : verdict }
      }
    }
    return { packet: now, verdict: 'continue' }
  }
}

const VERDICTS = ['accept', 'drop', 'reject', 'return', 'jump', 'goto'] as const

interface End {
  readonly packet: Packet
  readonly verdict: 'continue' | 'accept' | 'drop' | 'return'
}

/** A rule in nft's words, without what it has counted. */
function stepOf({ family, table, chain, expr: statements }: Json): Step {
  const head = `add rule ${family} ${table} ${chain} `
  const expr = statements.filter((statement: Json) => !('counter' in statement))
  return { chain, rule: printNft({ add: { rule: { family, table, chain, expr } } })?.slice(head.length) ?? JSON.stringify(expr) }
}

/** What expressions of rules come to for one packet. What is not known here has no value, so nothing matches it. */
class Facts {
  readonly #packet: Packet
  readonly #sets: ReadonlyMap<string, readonly Json[]>
  readonly #isLocal: (address: string) => boolean

  constructor(packet: Packet, sets: ReadonlyMap<string, readonly Json[]>, isLocal: (address: string) => boolean) {
    this.#packet = packet
    this.#sets = sets
    this.#isLocal = isLocal
  }

  match({ op, left, right }: Json): boolean {
    const values = this.#values(left)
    if (values === undefined) return false
    const found = values.some((value) => this.#fits(value, right))
    return op === '!=' ? !found : found
  }

  /** What a map says for a key; undefined when it says nothing. */
  lookup({ key, data }: Json): Json {
    const values = this.#values(key) ?? []
    return this.#elements(data).find(([candidate]: Json) => values.some((value) => this.#fits(value, candidate)))?.[1]
  }

  /** The packet after a translation of addresses; undefined for any other statement. */
  change(action: Json, packet: Packet): Packet | undefined {
    if ('masquerade' in action) return { ...packet, masqueraded: true }
    const { addr, port } = action.dnat ?? action.snat ?? {}
    const target = this.#resolve(addr)
    if (target === undefined) return undefined
    if (action.snat) return { ...packet, source: target }
    return { ...packet, target, port: Number(this.#resolve(port) ?? packet.port), redirected: true }
  }

  #resolve(expression: Json): string | undefined {
    const value = expression?.map ? this.lookup(expression.map) : expression
    return value === undefined ? undefined : String(value)
  }

  /** Alternatives, each a value or, for a concatenation, its parts. */
  #values(expression: Json): readonly Value[] | undefined {
    if (expression?.concat) {
      const parts = expression.concat.map((part: Json) => this.#values(part)?.[0])
      return parts.includes(undefined) ? undefined : [parts]
    }
    if (expression?.['&']) {
      const [of, bits] = expression['&']
      const [address, mask] = [this.#values(of)?.[0], bits].map((text) => parseAddress(String(text)))
      return address && mask ? [formatAddress({ ...address, value: address.value & mask.value })] : undefined
    }
    const value = this.#value(expression)
    return value === undefined ? undefined : Array.isArray(value) ? value : [value]
  }

  #value({ meta, payload, ct, fib }: Json): string | readonly string[] | undefined {
    if (meta) return this.#meta(meta.key)
    if (payload) return this.#payload(payload)
    if (ct)
      return { state: [this.#packet.answers ? 'established' : 'new'], status: this.#packet.redirected ? ['dnat'] : [] }[ct.key as string]
    if (fib?.result === 'type')
      return this.#isLocal(fib.flags.includes('saddr') ? this.#packet.source : this.#packet.target) ? 'local' : 'unicast'
    return undefined
  }

  #meta(key: string): string | undefined {
    const { family, protocol, input, output } = this.#packet
    const icmp = family === 4 ? 'icmp' : 'ipv6-icmp'
    return { iifname: input, oifname: output, nfproto: `ipv${family}`, l4proto: protocol === 'icmp' ? icmp : protocol, mark: '0' }[key]
  }

  #payload({ protocol, field }: Json): string | undefined {
    const { family, source, target, port, protocol: carried } = this.#packet
    if (protocol === (family === 4 ? 'ip' : 'ip6')) return { saddr: source, daddr: target }[field as string]
    return field === 'dport' && [carried, 'th'].includes(protocol) && carried !== 'icmp' ? String(port) : undefined
  }

  #elements(set: Json): readonly Json[] {
    const list = typeof set === 'string' ? (this.#sets.get(set.slice(1)) ?? []) : (set?.set ?? [])
    return list.map((element: Json) => (Array.isArray(element) ? [bare(element[0]), element[1]] : bare(element)))
  }

  #fits(value: Value, wanted: Json): boolean {
    if (Array.isArray(wanted)) return wanted.some((one) => this.#fits(value, one))
    if (isSet(wanted)) return this.#elements(wanted).some((one) => this.#fits(value, one))
    if (typeof value === 'string') return fitsOne(value, wanted)
    return typeof wanted === 'object' && wanted.concat?.every((part: Json, index: number) => this.#fits(value[index] ?? '', part))
  }
}

/** Named, or written out in the rule. */
const isSet = (wanted: Json): boolean => (typeof wanted === 'string' ? wanted.startsWith('@') : wanted?.set !== undefined)

type Value = string | readonly string[]

/** An element may come with a comment or a time. */
const bare = (element: Json): Json => element?.elem?.val ?? element

function fitsOne(value: string, wanted: Json): boolean {
  const address = parseAddress(value)
  if (wanted?.prefix) {
    const subnet = parseCidr(`${wanted.prefix.addr}/${wanted.prefix.len}`)
    return address !== null && subnet !== null && contains(subnet, address)
  }
  if (wanted?.range) return inRange(value, wanted.range)
  const other = parseAddress(String(wanted))
  if (address && other) return formatAddress(address) === formatAddress(other)
  return isPattern(wanted) ? value.startsWith(wanted.slice(0, -1)) : value === String(wanted).replace(/\\\*$/, '*')
}

const isPattern = (wanted: Json): boolean => typeof wanted === 'string' && /[^\\]\*$/.test(wanted)

function inRange(value: string, [from, to]: readonly [Json, Json]): boolean {
  const [low, at, high] = [from, value, to].map((one) => parseAddress(String(one))?.value ?? BigInt(Number(one) || 0))
  return low !== undefined && at !== undefined && high !== undefined && low <= at && at <= high
}
