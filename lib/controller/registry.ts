import type { CnmError } from '../model/errors.ts'

/** Drivers by name. */
export class Registry<T extends { readonly name: string }> {
  readonly #byName: ReadonlyMap<string, T>
  readonly #unknown: (name: string, known: string) => CnmError

  /** A later driver of the same name replaces an earlier one. */
  constructor(drivers: readonly T[], unknown: (name: string, known: string) => CnmError) {
    this.#byName = new Map(drivers.map((driver) => [driver.name, driver]))
    this.#unknown = unknown
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()].sort()
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  get(name: string): T {
    const driver = this.#byName.get(name)
    if (!driver) throw this.#unknown(name, this.names.join(', '))
    return driver
  }
}
