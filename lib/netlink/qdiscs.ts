import type { QdiscTable } from '../../binding.d.ts'
import { at, rows } from './cells.ts'

export interface QdiscRow {
  /** ifindex. */
  readonly link: number
  /** As tc(8) writes it: '1:'. */
  readonly handle: string
  /** 'root', or a handle such as '1:10'. */
  readonly parent: string
  readonly kind: string
  /** What has left it; as the next. */
  readonly bytes: bigint
  readonly packets: number
  readonly drops: number
  /** Bytes that wait. */
  readonly backlog: number
}

const ROOT = 0xffff_ffff

/** Of a qdisc the second half is 0, and left out. */
function handleText(handle: number): string {
  if (handle === ROOT) return 'root'
  const minor = handle & 0xffff
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`
}

export function qdiscRows(columns: QdiscTable): readonly QdiscRow[] {
  const kinds = columns.kinds.split('\n')
  return rows(columns, (row) => ({
    link: at(columns.link, row),
    handle: handleText(at(columns.handle, row)),
    parent: handleText(at(columns.parent, row)),
    kind: kinds[row] ?? '',
    bytes: columns.bytes[row] ?? 0n,
    packets: at(columns.packets, row),
    drops: at(columns.drops, row),
    backlog: at(columns.backlog, row),
  }))
}
