import type { Op } from '../model/op.ts'
import { type Declared, TABLE } from './names.ts'

/**
 * The little of libnftables' JSON that we speak, see libnftables-json(5): what every nft since 0.9.8 reads. It has no map
 * whose data is a concatenation, which is why a published port takes two maps (names.ts). native/kernel/nft_command.cc has the
 * same words, and makes of them the kernel's own messages; what it lacks goes by libnftables, whose cost grows with what is there.
 */
export type Command = object
export type Statement = object
export type Rule = readonly Statement[]
export type Expression = string | number | object

const inTable = (fields: object) => ({ family: TABLE.family, table: TABLE.name, ...fields })

/** One transaction: all of it happens, or nothing. */
export const transaction = (commands: readonly Command[], undo: readonly Command[]): Op => ({
  op: 'nft',
  commands,
  undo: undo.length > 0 ? [{ op: 'nft', commands: undo }] : [],
})

export const addTable: Command = { add: { table: TABLE } }
export const deleteTable: Command = { delete: { table: TABLE } }

const kindOf = ({ map }: Declared): 'set' | 'map' => (map === undefined ? 'set' : 'map')

export const addSet = (set: Declared): Command => ({ add: { [kindOf(set)]: inTable(set) } })

/** Priorities of chains. */
export const PRIORITY = { raw: -300, dstnat: -100, filter: 0, srcnat: 100 } as const

interface Hook {
  readonly type: 'filter' | 'nat'
  readonly hook: 'prerouting' | 'forward' | 'output' | 'postrouting'
  readonly prio: number
}

/** A base chain never drops by itself: what is not ours passes. */
export const addBaseChain = (name: string, hook: Hook): Command => ({ add: { chain: inTable({ name, ...hook, policy: 'accept' }) } })
export const addChain = (name: string): Command => ({ add: { chain: inTable({ name }) } })

/** The chain's rules, whatever it had before. */
export const setRules = (chain: string, ...rules: readonly Rule[]): readonly Command[] => [
  { flush: { chain: inTable({ name: chain }) } },
  ...rules.map((expr) => ({ add: { rule: inTable({ chain, expr }) } })),
]

/** A chain that does nothing and says something, in place of what it said before. */
export const commented = (chain: string, comments: readonly string[]): readonly Command[] => [
  ...setRules(chain),
  ...comments.map((comment) => ({ add: { rule: inTable({ chain, expr: [skip], comment }) } })),
]

export const flushSet = (set: Declared): Command => ({ flush: { [kindOf(set)]: inTable({ name: set.name }) } })
export const deleteSet = (set: Declared): Command => ({ delete: { [kindOf(set)]: inTable({ name: set.name }) } })
export const deleteChain = (name: string): Command => ({ delete: { chain: inTable({ name }) } })

/** Deletes a chain that is there, and that nothing leads to any more. */
export const removeChain = (name: string): readonly Command[] => [...setRules(name), deleteChain(name)]

/** An element of a set is a key; of a map, key and value. */
export type Element = Expression | readonly [Expression, Expression]

/** No change where they are there already; in a map, EEXIST where the key leads elsewhere. */
export const addElements = (set: Declared, elem: readonly Element[]): Command => ({ add: { element: inTable({ ...set, elem }) } })

/** Deletes elements that may be there or not; EEXIST, and nothing is deleted, where a key of a map leads elsewhere. */
export const removeElements = (set: Declared, elem: readonly Element[]): readonly Command[] => [
  addElements(set, elem),
  { delete: { element: inTable({ ...set, elem }) } },
]

/** A link's name as a constant: nft takes an asterisk at the end for a wildcard. */
export const linkName = (name: string): string => name.replace(/\*$/, '\\*')

export const concat = (...parts: readonly Expression[]): Expression => ({ concat: parts })
export const prefix = (subnet: string): Expression => {
  const [addr, len] = subnet.split('/')
  return { prefix: { addr, len: Number(len) } }
}

export const meta = (key: string): Expression => ({ meta: { key } })
export const payload = (protocol: string, field: string): Expression => ({ payload: { protocol, field } })
export const lookup = (key: Expression, { name }: Declared): Expression => ({ map: { key, data: `@${name}` } })

/** Its bits that are in `mask`, an address. */
export const masked = (expression: Expression, mask: string): Expression => ({ '&': [expression, mask] })

export const inputLink = meta('iifname')
export const outputLink = meta('oifname')

export const is = (left: Expression, right: Expression): Statement => ({ match: { op: '==', left, right } })
export const isNot = (left: Expression, right: Expression): Statement => ({ match: { op: '!=', left, right } })
export const isIn = (left: Expression, { name }: Declared): Statement => is(left, `@${name}`)
export const isNotIn = (left: Expression, { name }: Declared): Statement => isNot(left, `@${name}`)
/** Conntrack's state or status has one of these bits. */
export const tracked = (key: 'state' | 'status', ...bits: readonly string[]): Statement => ({
  match: { op: 'in', left: { ct: { key } }, right: bits },
})
export const toThisHost: Statement = is({ fib: { result: 'type', flags: ['daddr'] } }, 'local')

export const accept: Statement = { accept: null }
export const drop: Statement = { drop: null }
export const skip: Statement = { return: null }
export const masquerade: Statement = { masquerade: null }
export const snat = (family: 'ip' | 'ip6', addr: Expression): Statement => ({ snat: { family, addr } })
export const jump = (target: string): Statement => ({ jump: { target } })
export const dnat = (family: 'ip' | 'ip6', addr: Expression, port: Expression): Statement => ({ dnat: { family, addr, port } })
