/** A mark that no text has, for the way through JSON.stringify, which knows no bigint. */
const MARK = '\u0000'

/** As Docker indents it; a bigint is written in full, for a counter of 64 bits is more than a number can hold. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${MARK}${item}` : item), 4).replace(/"\\u0000(\d+)"/g, '$1')
