import type { Op } from './op.ts'

type Column = Uint8Array | Uint32Array | Int32Array

/** Elements that each packed column has for a row. */
function widthsOf(family: 4 | 6 | undefined): Readonly<Record<string, number>> {
  const address = family === 6 ? 16 : 4
  return { macs: 6, addresses: address, dsts: address, tos: address, vias: address, vnis: 1, links: 1, prefixes: 1 }
}

/** The op with one of its rows alone, where it has many. */
export function withRow(op: Op, row: number): Op {
  if (!op.op.endsWith('Many')) return op
  const widths = widthsOf('family' in op ? op.family : undefined)
  const fields = Object.entries(op).map(([key, value]) => {
    const width = widths[key]
    return [key, width && value ? (value as Column).subarray(row * width, (row + 1) * width) : value]
  })
  return Object.fromEntries(fields)
}
