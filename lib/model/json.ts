import { randomUUID } from 'node:crypto'

/** Marks a whole number on its way through JSON.stringify, which knows no bigint; nobody can guess it. */
const MARK = randomUUID()
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g')

/** JSON.stringify, and a bigint is a number with all its digits. */
export function exactJson(value: unknown, indent?: number): string {
  try {
    // Most have none, and looking at each value takes three times as long.
    return JSON.stringify(value, null, indent)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${MARK}${item}` : item), indent).replace(MARKED, '$1')
}
