import type { XfrmStateTable } from '../../binding.d.ts'
import type { Address } from '../model/address.ts'
import { addressAt, at, familyAt, rows } from './cells.ts'

/** A cipher or a hash, by the name that the kernel has for it. */
export interface AlgorithmRow {
  readonly name: string
  /** Bits of each packet that tell that it is true; 0 of a cipher. */
  readonly bits: number
  /** Null unless the filter asks for keys. */
  readonly key: Uint8Array | null
}

export interface XfrmStateRow {
  readonly src: Address
  readonly dst: Address
  /** IPPROTO_*; 50 is ESP. */
  readonly proto: number
  readonly spi: number
  /** XFRM_MODE_*; 1 is tunnel. */
  readonly mode: number
  readonly reqid: number
  readonly mark: number
  readonly mask: number
  readonly outputMark: number
  readonly outputMask: number
  /** 0 where none is meant. */
  readonly ifId: number
  /** XFRM_STATE_*; 128 is esn. */
  readonly flags: number
  /** XFRM_SA_XFLAG_*. */
  readonly extraFlags: number
  readonly replayWindow: number
  /** The number of the last packet that was sent, and of the latest that came. */
  readonly oseq: bigint
  readonly seq: bigint
  /** What passed. */
  readonly bytes: bigint
  readonly packets: bigint
  /** `type` is UDP_ENCAP_*; 2 is espinudp. */
  readonly encap: { readonly type: number; readonly sport: number; readonly dport: number } | null
  readonly aead: AlgorithmRow | null
  readonly auth: AlgorithmRow | null
  readonly enc: AlgorithmRow | null
  /** '' without. */
  readonly comp: string
}

export function xfrmStateRows(columns: XfrmStateTable): readonly XfrmStateRow[] {
  const algorithm = (names: string, keys: string, bits?: Uint32Array) => {
    const [name, key] = [names.split('\n'), keys.split('\n')]
    return (row: number) => algorithmOf(name[row] ?? '', key[row] ?? '', bits ? at(bits, row) : 0)
  }
  const aead = algorithm(columns.aead, columns.aeadKey, columns.aeadIcv)
  const auth = algorithm(columns.auth, columns.authKey, columns.authTrunc)
  const enc = algorithm(columns.enc, columns.encKey)
  const comp = columns.comp.split('\n')
  return rows(columns, (row) => ({
    src: addressAt(columns.src, row, familyAt(columns.family, row)),
    dst: addressAt(columns.dst, row, familyAt(columns.family, row)),
    proto: at(columns.proto, row),
    spi: at(columns.spi, row),
    mode: at(columns.mode, row),
    reqid: at(columns.reqid, row),
    mark: at(columns.mark, row),
    mask: at(columns.mask, row),
    outputMark: at(columns.outputMark, row),
    outputMask: at(columns.outputMask, row),
    ifId: at(columns.ifId, row),
    flags: at(columns.flags, row),
    extraFlags: at(columns.extraFlags, row),
    replayWindow: at(columns.replayWindow, row),
    oseq: columns.oseq[row] ?? 0n,
    seq: columns.seq[row] ?? 0n,
    bytes: columns.bytes[row] ?? 0n,
    packets: columns.packets[row] ?? 0n,
    encap: encapAt(columns, row),
    aead: aead(row),
    auth: auth(row),
    enc: enc(row),
    comp: comp[row] ?? '',
  }))
}

const algorithmOf = (name: string, key: string, bits: number): AlgorithmRow | null =>
  name === '' ? null : { name, bits, key: key === '' ? null : Uint8Array.from(Buffer.from(key, 'hex')) }

function encapAt(columns: XfrmStateTable, row: number): XfrmStateRow['encap'] {
  const type = at(columns.encap, row)
  return type === 0 ? null : { type, sport: at(columns.encapSport, row), dport: at(columns.encapDport, row) }
}
