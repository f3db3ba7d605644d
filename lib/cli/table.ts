const LEAST = 10
const GAP = 3

const widthOf = (cell: string): number => Array.from(cell).length

/** Rows as Docker aligns them: a column is as wide as its widest cell and three blanks, at least ten; the last one ends its row. */
export function table(...rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(LEAST, GAP + Math.max(...rows.map((row) => widthOf(row[column] ?? '')))))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))).join('')
  return rows.map(line).join('\n')
}
