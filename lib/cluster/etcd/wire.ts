import { flag, list, object, optional, type Shape, text } from '../../model/shape.ts'
import type { Change, Condition, Row } from '../engine.ts'

// The JSON of etcd's gateway: bytes in base 64, 64-bit numbers as text, and what is zero or false is left out.

export const base64 = (key: string): string => Buffer.from(key).toString('base64')
const plain = (bytes: string): string => Buffer.from(bytes, 'base64').toString()

/** Everything that begins with a key. */
export const under = (prefix: string): { readonly key: string; readonly range_end: string } => {
  const end = Buffer.from(prefix)
  end[end.length - 1] = (end.at(-1) ?? 0) + 1
  return { key: base64(prefix), range_end: end.toString('base64') }
}

export function compare(condition: Condition, root: string) {
  if ('prefix' in condition) return { ...under(`${root}${condition.prefix}`), target: 'CREATE', result: 'EQUAL', create_revision: '0' }
  const key = base64(`${root}${condition.key}`)
  if ('value' in condition) return { key, target: 'VALUE', result: 'EQUAL', value: base64(condition.value) }
  if ('revision' in condition) return { key, target: 'MOD', result: 'EQUAL', mod_revision: String(condition.revision) }
  return { key, target: 'CREATE', result: condition.is === 'absent' ? 'EQUAL' : 'GREATER', create_revision: '0' }
}

export function operation(change: Change, root: string) {
  if ('deleteAll' in change) return { request_delete_range: under(`${root}${change.deleteAll}`) }
  if ('delete' in change) return { request_delete_range: { key: base64(`${root}${change.delete}`) } }
  const { put, value, lease } = change
  return { request_put: { key: base64(`${root}${put}`), value: base64(value), ...(lease === undefined ? {} : { lease }) } }
}

interface Kv {
  readonly key: string
  readonly value?: string
  readonly mod_revision?: string
}

const kv = object<Kv>({ key: text, value: optional(text), mod_revision: optional(text) })
const header = object<{ readonly revision?: string }>({ revision: optional(text) })

export interface RangeAnswer {
  readonly header: { readonly revision?: string }
  readonly kvs?: readonly Kv[]
}

export const rangeAnswer: Shape<RangeAnswer> = object<RangeAnswer>({ header, kvs: optional(list(kv)) })

interface TxnAnswer {
  readonly header: { readonly revision?: string }
  readonly succeeded?: boolean
  readonly responses?: readonly { readonly response_range?: Omit<RangeAnswer, 'header'> }[]
}

const ranged = object<Omit<RangeAnswer, 'header'>>({ kvs: optional(list(kv)) })

export const txnAnswer: Shape<TxnAnswer> = object<TxnAnswer>({
  header,
  succeeded: optional(flag),
  responses: optional(list(object<NonNullable<TxnAnswer['responses']>[number]>({ response_range: optional(ranged) }))),
})

interface WatchAnswer {
  readonly result: {
    readonly header: { readonly revision?: string }
    readonly created?: boolean
    readonly compact_revision?: string
    readonly cancel_reason?: string
    readonly events?: readonly { readonly type?: string; readonly kv: Kv }[]
  }
}

export const watchAnswer: Shape<WatchAnswer> = object<WatchAnswer>({
  result: object<WatchAnswer['result']>({
    header,
    created: optional(flag),
    compact_revision: optional(text),
    cancel_reason: optional(text),
    events: optional(list(object<NonNullable<WatchAnswer['result']['events']>[number]>({ type: optional(text), kv }))),
  }),
})

export const aliveAnswer = object<{ readonly result: { readonly TTL?: string } }>({
  result: object<{ readonly TTL?: string }>({ TTL: optional(text) }),
})

export const rowOf = ({ key, value = '', mod_revision = '0' }: Kv, root: string): Row => ({
  key: plain(key).slice(root.length),
  value: plain(value),
  revision: Number(mod_revision),
})
