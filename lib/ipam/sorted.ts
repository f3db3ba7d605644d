/** Long enough that there are few chunks, short enough that moving one up by a place costs nothing. */
const CHUNK = 512

/** Items in the order of their keys, no two alike; finding, inserting and removing one takes O(log n). */
export class Sorted<T> {
  readonly #keyOf: (item: T) => bigint
  /** None is empty. */
  readonly #chunks: T[][] = []

  constructor(keyOf: (item: T) => bigint) {
    this.#keyOf = keyOf
  }

  /** The last item with a key of at most `limit`. */
  floor(limit: bigint): T | undefined {
    const chunk = this.#chunks[this.#chunkAt(limit)]
    return chunk?.[this.#indexIn(chunk, limit)]
  }

  /** The first item with a key above `limit`. */
  above(limit: bigint): T | undefined {
    const at = this.#chunkAt(limit)
    const chunk = this.#chunks[at]
    return chunk?.[this.#indexIn(chunk, limit) + 1] ?? this.#chunks[at + 1]?.[0]
  }

  insert(item: T): void {
    const key = this.#keyOf(item)
    const at = Math.max(0, this.#chunkAt(key))
    const chunk = this.#chunks[at]
    if (!chunk) {
      this.#chunks.push([item])
      return
    }
    chunk.splice(this.#indexIn(chunk, key) + 1, 0, item)
    if (chunk.length > CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK / 2))
  }

  remove(item: T): void {
    const key = this.#keyOf(item)
    const at = this.#chunkAt(key)
    const chunk = this.#chunks[at]
    if (!chunk) return
    chunk.splice(this.#indexIn(chunk, key), 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const chunk of this.#chunks) yield* chunk
  }

  #chunkAt(limit: bigint): number {
    return lastUpTo(this.#chunks, (chunk) => this.#keyOf(chunk[0] as T), limit)
  }

  #indexIn(chunk: readonly T[], limit: bigint): number {
    return lastUpTo(chunk, this.#keyOf, limit)
  }
}

/** Index of the last of `items`, which are sorted, with a key of at most `limit`; -1 when there is none. */
function lastUpTo<T>(items: readonly T[], keyOf: (item: T) => bigint, limit: bigint): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keyOf(items[middle] as T) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
