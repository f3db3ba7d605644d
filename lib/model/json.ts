import { randomUUID } from 'node:crypto'

/** Marks a whole number on its way through JSON.stringify, which knows no bigint; nobody can guess it. */
const MARK = randomUUID()
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g')

/** JSON.stringify, and a bigint is a number with all its digits. */
export const exactJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${MARK}${item}` : item), indent).replace(MARKED, '$1')
