import type { Batch, Change, Condition, Row } from '../engine.ts'
import { encode, type Message, type Part } from './protobuf.ts'

// etcd's messages, field by field, as its rpc.proto and kv.proto number them.

/** Everything that begins with a key: `key` and `range_end` of several messages. */
export function under(prefix: string): readonly [Part, Part] {
  const end = Buffer.from(prefix)
  end[end.length - 1] = (end.at(-1) ?? 0) + 1
  return [
    [1, prefix],
    [2, end],
  ]
}

export interface Page {
  /** Of the first key that may be in it; the last that may is that of `under`. */
  readonly from: string
  readonly end: Part
  readonly limit: number
  /** 0: as it is now. */
  readonly revision: number
}

export const rangeRequest = ({ from, end, limit, revision }: Page): Buffer =>
  encode([[1, from], end, [3, limit], ...(revision > 0 ? [[4, revision] as const] : [])])

const EQUAL = 0
const GREATER = 1
const CREATE = 1
const MOD = 2
const VALUE = 3
const CREATE_REVISION = 5
const MOD_REVISION = 6
const RANGE_END = 64

function comparison(condition: Condition, root: string): Buffer {
  if ('prefix' in condition) {
    const [key, [, end]] = under(`${root}${condition.prefix}`)
    return compare(key, EQUAL, CREATE, [CREATE_REVISION, 0], [RANGE_END, end])
  }
  const key: Part = [1, `${root}${condition.key}`]
  if ('value' in condition) return compare(key, EQUAL, VALUE, [7, condition.value])
  if ('revision' in condition) return compare(key, EQUAL, MOD, [MOD_REVISION, condition.revision])
  return compare(key, condition.is === 'absent' ? EQUAL : GREATER, CREATE, [CREATE_REVISION, 0])
}

const compare = ([, key]: Part, result: number, target: number, ...more: readonly Part[]): Buffer =>
  encode([[1, result], [2, target], [3, key], ...more])

function operation(change: Change, root: string): Buffer {
  if ('deleteAll' in change) return encode([[3, encode(under(`${root}${change.deleteAll}`))]])
  if ('delete' in change) return encode([[3, encode([[1, `${root}${change.delete}`]])]])
  const { put, value, lease } = change
  const row: readonly Part[] = [
    [1, `${root}${put}`],
    [2, value],
  ]
  return encode([[2, encode(lease === undefined ? row : [...row, [3, BigInt(lease)]])]])
}

/** `otherwise`: prefixes of what is to be read where a condition does not hold, and then one key. */
export function txnRequest(
  when: readonly Condition[],
  then: readonly Change[],
  otherwise: { readonly prefixes: readonly string[]; readonly key: string | undefined },
  root: string,
): Buffer {
  const ranges = [
    ...otherwise.prefixes.map((prefix) => encode(under(`${root}${prefix}`))),
    ...(otherwise.key === undefined ? [] : [encode([[1, `${root}${otherwise.key}`]])]),
  ]
  return encode([
    ...when.map((condition): Part => [1, comparison(condition, root)]),
    ...then.map((change): Part => [2, operation(change, root)]),
    ...ranges.map((range): Part => [3, encode([[1, range]])]),
  ])
}

export const leaseRequest = (lease: string): Buffer => encode([[1, BigInt(lease)]])

export const grantRequest = (lease: string, seconds: number): Buffer =>
  encode([
    [1, Math.ceil(seconds)],
    [2, BigInt(lease)],
  ])

export const watchRequest = (prefix: string, from: number): Buffer => encode([[1, encode([...under(prefix), [3, from]])]])

/** Of every answer. */
export const revisionOf = (answer: Message): number => answer.message(1).number(3)

/** Rows of a RangeResponse. */
export const rowsOf = (answer: Message, root: string): readonly Row[] => answer.all(2).map((kv) => rowOf(kv, root))

const rowOf = (kv: Message, root: string): Row => ({ key: kv.text(1).slice(root.length), value: kv.text(5), revision: kv.number(3) })

/** Of a TxnResponse: undefined where the conditions held, else what was read instead, range by range. */
export const readInstead = (answer: Message, root: string): readonly (readonly Row[])[] | undefined =>
  answer.number(2) === 1 ? undefined : answer.all(3).map((response) => rowsOf(response.message(1), root))

/** Seconds that a lease has left; 0: it is dead. */
export const timeLeft = (answer: Message): number => answer.number(3)

export interface Watched {
  readonly revision: number
  readonly created: boolean
  /** 0: nothing that was asked for is forgotten. */
  readonly compacted: number
  /** Why there is no watch any more; '' where there is. */
  readonly ended: string
  readonly written: Batch['written']
}

export const watched = (answer: Message, root: string): Watched => ({
  revision: revisionOf(answer),
  created: answer.number(3) === 1,
  compacted: answer.number(5),
  ended: answer.text(6),
  written: answer.all(11).map((event) => {
    const { key, value, revision } = rowOf(event.message(2), root)
    return event.number(1) === 1 ? { key, revision } : { key, value, revision }
  }),
})
