import type { XfrmPolicyTable } from '../../binding.d.ts'
import type { Address, Cidr } from '../model/address.ts'
import { addressAt, at, familyAt, rows } from './cells.ts'

/** What is done to a packet. */
export interface TemplateRow {
  readonly src: Address
  readonly dst: Address
  /** IPPROTO_*; 50 is ESP. */
  readonly proto: number
  readonly spi: number
  readonly reqid: number
  /** XFRM_MODE_*; 1 is tunnel. */
  readonly mode: number
  /** The packet goes as it is where there is no state. */
  readonly optional: boolean
}

export interface XfrmPolicyRow {
  /** XFRM_POLICY_*: 0 in, 1 out, 2 fwd. */
  readonly dir: number
  readonly src: Cidr
  readonly dst: Cidr
  /** IPPROTO_*; this and the ports are 0 where any is meant. */
  readonly proto: number
  readonly sport: number
  readonly dport: number
  readonly mark: number
  readonly mask: number
  /** 0 where none is meant. */
  readonly ifId: number
  readonly priority: number
  /** XFRM_POLICY_*; 1 is block. */
  readonly action: number
  readonly index: number
  /** How many there are. */
  readonly tmpls: number
  /** The first of them. */
  readonly tmpl: TemplateRow | null
}

export function xfrmPolicyRows(columns: XfrmPolicyTable): readonly XfrmPolicyRow[] {
  return rows(columns, (row) => {
    const end = (column: Uint8Array, prefix: Uint8Array): Cidr => ({
      ...addressAt(column, row, familyAt(columns.family, row)),
      prefix: at(prefix, row),
    })
    return {
      dir: at(columns.dir, row),
      src: end(columns.src, columns.srcPrefix),
      dst: end(columns.dst, columns.dstPrefix),
      proto: at(columns.proto, row),
      sport: at(columns.sport, row),
      dport: at(columns.dport, row),
      mark: at(columns.mark, row),
      mask: at(columns.mask, row),
      ifId: at(columns.ifId, row),
      priority: at(columns.priority, row),
      action: at(columns.action, row),
      index: at(columns.index, row),
      tmpls: at(columns.tmpls, row),
      tmpl: at(columns.tmpls, row) === 0 ? null : templateAt(columns, row),
    }
  })
}

function templateAt(columns: XfrmPolicyTable, row: number): TemplateRow {
  const family = familyAt(columns.tmplFamily, row)
  return {
    src: addressAt(columns.tmplSrc, row, family),
    dst: addressAt(columns.tmplDst, row, family),
    proto: at(columns.tmplProto, row),
    spi: at(columns.tmplSpi, row),
    reqid: at(columns.tmplReqid, row),
    mode: at(columns.tmplMode, row),
    optional: at(columns.tmplOptional, row) === 1,
  }
}
