import { Mismatch, type Shape } from '../model/shape.ts'
import { decode, encode } from './codec.ts'
import type { StateFile } from './file.ts'

export interface Row<T> {
  readonly key: string
  readonly value: T
}

/**
 * The records of one kind in a file, under 'KIND/KEY'. They are read once and remembered: their owner is the only one who
 * writes them. Reading throws STATE_BROKEN when one of them is not what it should be.
 */
export class Table<T> {
  readonly #file: StateFile
  readonly #kind: string
  readonly #shape: Shape<T>
  #rows: Map<string, T> = new Map()
  #readAfter = -1

  constructor(file: StateFile, kind: string, shape: Shape<T>) {
    this.#file = file
    this.#kind = kind
    this.#shape = shape
  }

  get(key: string): T | undefined {
    return this.#remembered().get(key)
  }

  /** Those whose key begins with `prefix`. */
  list(prefix = ''): readonly Row<T>[] {
    return Array.from(this.#remembered(), ([key, value]) => ({ key, value })).filter(({ key }) => key.startsWith(prefix))
  }

  values(): readonly T[] {
    return [...this.#remembered().values()]
  }

  put(key: string, value: T): void {
    const rows = this.#remembered()
    this.#file.put(`${this.#kind}/${key}`, encode(value))
    rows.set(key, value)
  }

  /** For whom it may be lost when the process is killed; see StateFile.putIdly. */
  putIdly(key: string, value: T): void {
    const rows = this.#remembered()
    this.#file.putIdly(`${this.#kind}/${key}`, encode(value))
    rows.set(key, value)
  }

  deleteIdly(key: string): void {
    const rows = this.#remembered()
    this.#file.putIdly(`${this.#kind}/${key}`, null)
    rows.delete(key)
  }

  delete(key: string): void {
    const rows = this.#remembered()
    this.#file.delete(`${this.#kind}/${key}`)
    rows.delete(key)
  }

  #remembered(): Map<string, T> {
    if (this.#readAfter !== this.#file.aborts) {
      this.#rows = new Map(
        this.#file.read(`${this.#kind}/`).map(({ key, value }) => [key.slice(this.#kind.length + 1), this.#read(key, value)]),
      )
      this.#readAfter = this.#file.aborts
    }
    return this.#rows
  }

  #read(key: string, text: string): T {
    try {
      return this.#shape(decode(text), '')
    } catch (error) {
      if (error instanceof Mismatch || error instanceof SyntaxError) throw this.#file.broken(key, error.message)
      throw error
    }
  }
}
