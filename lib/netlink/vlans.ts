import type { VlanTable, VniTable } from '../../binding.d.ts'
import type { Address } from '../model/address.ts'
import { addressAt, at, familyAt, rows } from './cells.ts'

/** Networks that a vxlan of many carries, from `vni` to `end`. */
export interface VniRow {
  /** ifindex. */
  readonly link: number
  readonly vni: number
  readonly end: number
  /** A group, or the only other end. */
  readonly remote: Address | null
}

export function vniRows(columns: VniTable): readonly VniRow[] {
  return rows(columns, (row) => ({
    link: at(columns.link, row),
    vni: at(columns.vni, row),
    end: at(columns.end, row),
    remote: at(columns.family, row) === 0 ? null : addressAt(columns.remote, row, familyAt(columns.family, row)),
  }))
}

/** VLANs that a port of a bridge is in, or a bridge itself, from `vid` to `end`. */
export interface VlanRow {
  /** ifindex. */
  readonly link: number
  readonly vid: number
  readonly end: number
  /** What comes in without a tag is in it. */
  readonly pvid: boolean
  /** It goes out without a tag. */
  readonly untagged: boolean
}

export function vlanRows(columns: VlanTable): readonly VlanRow[] {
  return rows(columns, (row) => ({
    link: at(columns.link, row),
    vid: at(columns.vid, row),
    end: at(columns.end, row),
    pvid: at(columns.pvid, row) === 1,
    untagged: at(columns.untagged, row) === 1,
  }))
}
