import { type Address, type Family, fromBytes } from '../model/address.ts'
import { macText } from '../model/words.ts'

// What the columns of a table have in one row.

/** `read` gets the number of a row; rows exist in each column, so what it finds there is never undefined. */
export const rows = <Row>({ length }: { readonly length: number }, read: (row: number) => Row): readonly Row[] =>
  Array.from({ length }, (_, row) => read(row))

export const at = (column: ArrayLike<number>, row: number): number => column[row] ?? 0

const MAC_SIZE = 6
const ADDRESS_SIZE = 16

export const macAt = (column: Uint8Array, row: number): string => macText(column.subarray(row * MAC_SIZE, (row + 1) * MAC_SIZE))

export const familyAt = (column: Uint8Array, row: number): Family => (column[row] === 6 ? 6 : 4)

export function addressAt(column: Uint8Array, row: number, family: Family): Address {
  const start = row * ADDRESS_SIZE
  return fromBytes(column.subarray(start, start + (family === 4 ? 4 : ADDRESS_SIZE)))
}
