import type { AddrManyOp, AddrOp, FdbManyOp, FdbOp, NeighManyOp, NeighOp, RouteManyOp, RouteOp } from '../../binding.d.ts'
import type { Op } from './op.ts'

type ManyOp = AddrManyOp | FdbManyOp | NeighManyOp | RouteManyOp
type RowOf<Many extends ManyOp> = Many extends AddrManyOp
  ? AddrOp
  : Many extends FdbManyOp
    ? FdbOp
    : Many extends NeighManyOp
      ? NeighOp
      : RouteOp

type Column = Uint8Array | Uint32Array | Int32Array
type Read = (column: Column, row: number) => Column | number | undefined

const numbers: Read = (column, row) => column[row]
const bytes =
  (width: number): Read =>
  (column, row) =>
    column.subarray(row * width, (row + 1) * width)

const MAC_SIZE = 6
const widthOf = (family: 4 | 6 | undefined): number => (family === 6 ? 16 : 4)

/** What an op with one row calls that which is a column here, and what the column has in a row. */
function columnsOf(family: 4 | 6 | undefined): Readonly<Record<string, readonly [field: string, read: Read]>> {
  const addresses = bytes(widthOf(family))
  return {
    addresses: ['address', addresses],
    dsts: ['dst', addresses],
    links: ['link', numbers],
    macs: ['mac', bytes(MAC_SIZE)],
    nexthopIds: ['nexthopId', numbers],
    peers: ['peer', addresses],
    prefixes: ['prefix', numbers],
    tos: ['to', addresses],
    vias: ['via', addresses],
    vnis: ['vni', numbers],
  }
}

function countOf(op: ManyOp): number {
  if ('tos' in op) return op.tos.length / widthOf(op.family)
  return 'addresses' in op ? op.addresses.length / widthOf(op.family) : op.macs.length / MAC_SIZE
}

function rowOf<Many extends ManyOp>(op: Many, row: number): RowOf<Many> {
  const { family, ...rest } = op
  const columns = columnsOf(family)
  const fields = Object.entries(rest).map(([key, value]) => {
    const [field, read] = columns[key] ?? []
    return field && read && value ? [field, read(value as Column, row)] : [key, value]
  })
  return { ...Object.fromEntries(fields), op: op.op.replace('Many', '') }
}

/** Each row of an op as an op of its own. */
export const rowsOf = <Many extends ManyOp>(op: Many): readonly RowOf<Many>[] =>
  Array.from({ length: countOf(op) }, (_, row) => rowOf(op, row))

const isMany = (op: Op): op is ManyOp => op.op.endsWith('Many')

/** One row of an op that has many; of another op, the op. */
export const withRow = (op: Op, row: number): Op => (isMany(op) ? rowOf(op, row) : op)
