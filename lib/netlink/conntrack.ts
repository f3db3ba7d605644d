import type { ConntrackTable } from '../../binding.d.ts'
import type { Address } from '../model/address.ts'
import { addressAt, at, familyAt, rows } from './cells.ts'

/** Whom the packets of one direction are from, and whom they are for. */
export interface Tuple {
  readonly src: Address
  readonly dst: Address
  /** As the other: 0 where the protocol has no ports. */
  readonly sport: number
  readonly dport: number
}

export interface ConntrackRow {
  /** IPPROTO_*; 6 is TCP, 17 UDP. */
  readonly proto: number
  readonly orig: Tuple
  readonly reply: Tuple
  readonly mark: number
  readonly zone: number
  /** IPS_*. */
  readonly status: number
  /** TCP_CONNTRACK_*; 3 is established. */
  readonly tcpState: number
  /** Seconds. */
  readonly timeout: number
  readonly id: number
}

export function conntrackRows(columns: ConntrackTable): readonly ConntrackRow[] {
  return rows(columns, (row) => {
    const address = (column: Uint8Array) => addressAt(column, row, familyAt(columns.family, row))
    return {
      proto: at(columns.proto, row),
      orig: {
        src: address(columns.origSrc),
        dst: address(columns.origDst),
        sport: at(columns.origSport, row),
        dport: at(columns.origDport, row),
      },
      reply: {
        src: address(columns.replySrc),
        dst: address(columns.replyDst),
        sport: at(columns.replySport, row),
        dport: at(columns.replyDport, row),
      },
      mark: at(columns.mark, row),
      zone: at(columns.zone, row),
      status: at(columns.status, row),
      tcpState: at(columns.tcpState, row),
      timeout: at(columns.timeout, row),
      id: at(columns.id, row),
    }
  })
}
