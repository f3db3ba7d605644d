/** Sorted as Docker's lists are: numbers by value, so 'web2' is before 'web10'; digits before other characters. */
export const inNaturalOrder = <T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] =>
  items
    .map((item) => ({ item, name: pieces(nameOf(item)) }))
    .sort((a, b) => compareAll(a.name, b.name))
    .map(({ item }) => item)

function compareAll(left: readonly string[], right: readonly string[]): number {
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compare(left[i] ?? '', right[i] ?? '')
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** Numbers whole, everything else character by character. */
const pieces = (text: string): readonly string[] => text.match(/\d+|\D/gu) ?? []

const isNumber = (piece: string): boolean => /^\d/.test(piece)

function compare(a: string, b: string): number {
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1
  if (!isNumber(a)) return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)
  const difference = BigInt(a) - BigInt(b)
  return difference === 0n ? a.length - b.length : difference < 0n ? -1 : 1
}
