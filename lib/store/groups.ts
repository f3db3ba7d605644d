/** Values by a property that many of them may share. */
export class Groups<T> {
  readonly #property: keyof T
  readonly #groups = new Map<unknown, Map<string, T>>()

  constructor(property: keyof T) {
    this.#property = property
  }

  with(shared: unknown): readonly T[] {
    return [...(this.#groups.get(shared)?.values() ?? [])]
  }

  put(key: string, value: T): void {
    const shared = value[this.#property]
    this.#groups.set(shared, (this.#groups.get(shared) ?? new Map<string, T>()).set(key, value))
  }

  delete(key: string, value: T): void {
    const shared = value[this.#property]
    const group = this.#groups.get(shared)
    group?.delete(key)
    if (group?.size === 0) this.#groups.delete(shared)
  }
}
