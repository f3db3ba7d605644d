import type { NexthopTable } from '../../binding.d.ts'
import type { Address } from '../model/address.ts'
import { addressAt, at, familyAt, rows } from './cells.ts'

export interface NexthopRow {
  readonly id: number
  readonly via: Address | null
  /** ifindex; 0 when there is none. */
  readonly link: number
  readonly blackhole: boolean
  /** Empty when it is none. */
  readonly group: readonly { readonly id: number; readonly weight: number }[]
  /** Of a resilient group; else 0. */
  readonly buckets: number
  /** For forwarding entries. */
  readonly fdb: boolean
  /** RTNH_F_*; 4 is onlink. */
  readonly flags: number
  /** RT_SCOPE_*. */
  readonly scope: number
  /** RTPROT_*. */
  readonly protocol: number
}

export function nexthopRows(columns: NexthopTable): readonly NexthopRow[] {
  const groups = columns.groups.split('\n')
  return rows(columns, (row) => {
    const via = addressAt(columns.via, row, familyAt(columns.family, row))
    return {
      id: at(columns.id, row),
      via: via.value === 0n ? null : via,
      link: at(columns.link, row),
      blackhole: at(columns.blackhole, row) === 1,
      group: groupOf(groups[row] ?? ''),
      buckets: at(columns.buckets, row),
      fdb: at(columns.fdb, row) === 1,
      flags: at(columns.flags, row),
      scope: at(columns.scope, row),
      protocol: at(columns.protocol, row),
    }
  })
}

/** '1,2/5' is 1 with weight 2, and 5 with weight 1. */
const groupOf = (text: string): NexthopRow['group'] =>
  text
    .split('/')
    .filter((member) => member !== '')
    .map((member) => {
      const [id, weight = 1] = member.split(',').map(Number)
      return { id: id ?? 0, weight }
    })
