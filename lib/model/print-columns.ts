import type { AddrManyOp, LinkRef, RouteManyOp } from '../../binding.d.ts'
import { cidrText, hereDocument, linkRef, option, verbOf, viaWords, words } from './words.ts'

/** What a row has of its own, or what it shares with all. */
type Cells = (row: number) => {
  readonly address: (column: Uint8Array) => Uint8Array
  readonly prefix: number
  readonly link: LinkRef | undefined
}

const cellsOf =
  ({ family, prefix, prefixes, link, links }: Pick<RouteManyOp, 'family' | 'prefix' | 'prefixes' | 'link' | 'links'>): Cells =>
  (row) => {
    const width = family === 4 ? 4 : 16
    return {
      address: (column) => column.subarray(row * width, (row + 1) * width),
      prefix: prefixes?.[row] ?? prefix ?? 0,
      link: links?.[row] ?? link,
    }
  }

const ipBatch = (family: 4 | 6, lines: readonly string[]): string => hereDocument(family === 6 ? 'ip -6 -batch -' : 'ip -batch -', lines)

const rowsOf = (column: Uint8Array, family: 4 | 6): readonly number[] =>
  Array.from({ length: column.length / (family === 4 ? 4 : 16) }, (_, row) => row)

export function routeManyCommand(op: RouteManyOp): string {
  const cells = cellsOf(op)
  const line = (row: number): string => {
    const { address, prefix, link } = cells(row)
    const via = op.vias ? address(op.vias) : op.via
    return words(
      'route',
      verbOf(op.op),
      prefix === 0 ? 'default' : cidrText(address(op.tos), prefix),
      viaWords(via, op.family === 4 ? 4 : 16),
      link === undefined ? [] : ['dev', linkRef(link)],
      option('table', op.table),
      option('metric', op.metric),
    )
  }
  return ipBatch(op.family, rowsOf(op.tos, op.family).map(line))
}

export function addrManyCommand(op: AddrManyOp): string {
  const cells = cellsOf(op)
  const isDel = op.op === 'addr.delMany'
  const line = (row: number): string => {
    const { address, prefix, link = '' } = cells(row)
    const nodad = !isDel && op.family === 6 ? ['nodad'] : []
    return words('addr', verbOf(op.op), cidrText(address(op.addresses), prefix), 'dev', linkRef(link), nodad)
  }
  const rows = rowsOf(op.addresses, op.family)
  // The first address of a link takes those along that came after it.
  return ipBatch(op.family, (isDel ? rows.toReversed() : rows).map(line))
}
