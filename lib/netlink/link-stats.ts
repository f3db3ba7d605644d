import type { LinkStatsTable } from '../../binding.d.ts'
import { at, rows } from './cells.ts'

/** What passed a link, received (rx) and sent (tx). */
export interface LinkStatsRow {
  /** ifindex. */
  readonly link: number
  readonly rxBytes: bigint
  readonly txBytes: bigint
  readonly rxPackets: bigint
  readonly txPackets: bigint
  readonly rxErrors: bigint
  readonly txErrors: bigint
  readonly rxDropped: bigint
  readonly txDropped: bigint
}

export function linkStatsRows(columns: LinkStatsTable): readonly LinkStatsRow[] {
  return rows(columns, (row) => ({
    link: at(columns.link, row),
    rxBytes: columns.rxBytes[row] ?? 0n,
    txBytes: columns.txBytes[row] ?? 0n,
    rxPackets: columns.rxPackets[row] ?? 0n,
    txPackets: columns.txPackets[row] ?? 0n,
    rxErrors: columns.rxErrors[row] ?? 0n,
    txErrors: columns.txErrors[row] ?? 0n,
    rxDropped: columns.rxDropped[row] ?? 0n,
    txDropped: columns.txDropped[row] ?? 0n,
  }))
}
