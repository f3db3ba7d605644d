import { type Address, type Family, formatCidr, fromBytes } from '../model/address.ts'
import { macText } from '../model/words.ts'

// What the columns of a table have in one row.

/** Of thousands of rows, those that are worth being read: it gets the number of a row. */
export type Wanted = (row: number) => boolean

/** `read` gets the number of a row; rows exist in each column, so what it finds there is never undefined. */
export function rows<Row>(
  { length }: { readonly length: number },
  read: (row: number) => Row,
  wanted: Wanted = () => true,
): readonly Row[] {
  const found: Row[] = []
  for (let row = 0; row < length; row++) if (wanted(row)) found.push(read(row))
  return found
}

export const at = (column: ArrayLike<number>, row: number): number => column[row] ?? 0

const MAC_SIZE = 6
const ADDRESS_SIZE = 16

export const macAt = (column: Uint8Array, row: number): string => macText(column.subarray(row * MAC_SIZE, (row + 1) * MAC_SIZE))

export const familyAt = (column: Uint8Array, row: number): Family => (column[row] === 6 ? 6 : 4)

/** 'IP/PREFIX' as formatCidr() has it, without the detour of a bigint. */
export function cidrTextAt(column: Uint8Array, row: number, family: Family, prefix: number): string {
  if (family === 6) return formatCidr({ ...addressAt(column, row, family), prefix })
  const start = row * ADDRESS_SIZE
  return `${column[start]}.${column[start + 1]}.${column[start + 2]}.${column[start + 3]}/${prefix}`
}

export function addressAt(column: Uint8Array, row: number, family: Family): Address {
  const start = row * ADDRESS_SIZE
  return fromBytes(column.subarray(start, start + (family === 4 ? 4 : ADDRESS_SIZE)))
}
