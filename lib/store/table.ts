import { fault } from '../model/errors.ts'
import { Mismatch, type Shape } from '../model/shape.ts'
import { decode, encode } from './codec.ts'
import type { StateFile } from './file.ts'
import { Groups } from './groups.ts'

export interface Row<T> {
  readonly key: string
  readonly value: T
}

/**
 * The records of one kind in a file, under 'KIND/KEY'. They are read once and remembered: their owner is the only one who
 * writes them. Reading throws STATE_BROKEN when one of them is not what it should be.
 */
export class Table<T, P extends keyof T = never> {
  readonly #file: StateFile
  readonly #kind: string
  readonly #shape: Shape<T>
  readonly #properties: readonly P[]
  #memory: Memory<T, P> = remember([], [])
  #readAfter = -1

  /** `properties`: by which many are asked for, whatever else there is. */
  constructor(file: StateFile, kind: string, shape: Shape<T>, properties: readonly P[] = []) {
    this.#file = file
    this.#kind = kind
    this.#shape = shape
    this.#properties = properties
  }

  get(key: string): T | undefined {
    return this.#remembered().rows.get(key)
  }

  /** Those whose key begins with `prefix`. */
  list(prefix = ''): readonly Row<T>[] {
    const rows: Row<T>[] = []
    for (const [key, value] of this.#remembered().rows) if (key.startsWith(prefix)) rows.push({ key, value })
    return rows
  }

  /** The same array as long as nothing is written. */
  values(): readonly T[] {
    const memory = this.#remembered()
    memory.values ??= [...memory.rows.values()]
    return memory.values
  }

  with(property: P, shared: T[P]): readonly T[] {
    return this.#remembered().groups.get(property)?.with(shared) ?? []
  }

  /** Throws RECORD_INVALID for what could not be read again: nobody could open this state any more. */
  put(key: string, value: T): void {
    const record = this.#checked(value)
    const memory = this.#remembered()
    this.#file.put(`${this.#kind}/${key}`, encode(record))
    note(memory, key, record)
  }

  /** For whom it may be lost when the process is killed; see StateFile.putIdly. */
  putIdly(key: string, value: T): void {
    const memory = this.#remembered()
    this.#file.putIdly(`${this.#kind}/${key}`, encode(value))
    note(memory, key, value)
  }

  deleteIdly(key: string): void {
    const memory = this.#remembered()
    this.#file.putIdly(`${this.#kind}/${key}`, null)
    strike(memory, key)
  }

  delete(key: string): void {
    const memory = this.#remembered()
    this.#file.delete(`${this.#kind}/${key}`)
    strike(memory, key)
  }

  /** As it would be read again: whoever has put it may do with his own what he likes. */
  #checked(value: T): T {
    try {
      return this.#shape(value, '')
    } catch (error) {
      if (error instanceof Mismatch) throw fault('RECORD_INVALID', { kind: this.#kind, reason: error.message }, error)
      throw error
    }
  }

  #remembered(): Memory<T, P> {
    if (this.#readAfter !== this.#file.aborts) {
      const read = this.#file.read(`${this.#kind}/`)
      this.#memory = remember(
        this.#properties,
        read.map(({ key, value }) => [key.slice(this.#kind.length + 1), this.#read(key, value)]),
      )
      this.#readAfter = this.#file.aborts
    }
    return this.#memory
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

interface Memory<T, P extends keyof T> {
  readonly rows: Map<string, T>
  readonly groups: ReadonlyMap<P, Groups<T>>
  values: readonly T[] | undefined
}

function remember<T, P extends keyof T>(properties: readonly P[], rows: Iterable<readonly [string, T]>): Memory<T, P> {
  const groups = new Map(properties.map((property) => [property, new Groups<T>(property)]))
  const memory: Memory<T, P> = { rows: new Map(), groups, values: undefined }
  for (const [key, value] of rows) note(memory, key, value)
  return memory
}

function note<T, P extends keyof T>(memory: Memory<T, P>, key: string, value: T): void {
  const before = memory.rows.get(key)
  for (const [property, group] of memory.groups) {
    if (before && before[property] !== value[property]) group.delete(key, before)
    group.put(key, value)
  }
  memory.rows.set(key, value)
  memory.values = undefined
}

function strike<T, P extends keyof T>(memory: Memory<T, P>, key: string): void {
  const before = memory.rows.get(key)
  if (before) for (const group of memory.groups.values()) group.delete(key, before)
  memory.rows.delete(key)
  memory.values = undefined
}
