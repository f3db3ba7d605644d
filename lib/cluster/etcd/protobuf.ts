import { EngineRefused } from '../engine.ts'

/** A field of a message: its number, and text, bytes, a whole number that is not negative, or a message that is encoded already. */
export type Part = readonly [field: number, value: string | Uint8Array | number | bigint]

/** What was read is no message, or another one. */
const malformed = (what: string): EngineRefused => new EngineRefused(`this is not etcd v3: ${what}`)

const VARINT = 0
const EIGHT_BYTES = 1
const BYTES = 2
const FOUR_BYTES = 5

/** A message of Protocol Buffers; a field that is repeated is there several times. */
export function encode(parts: readonly Part[]): Buffer {
  const written: Uint8Array[] = []
  for (const [field, value] of parts) {
    if (typeof value === 'number' || typeof value === 'bigint') {
      written.push(varint((field << 3) | VARINT), varint(value))
      continue
    }
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    written.push(varint((field << 3) | BYTES), varint(bytes.length), bytes)
  }
  return Buffer.concat(written)
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt(value)
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.of(...bytes, Number(rest))
}

/** A message that was read; a field that is not there is what Protocol Buffers take it for. Throws EngineRefused. */
export class Message {
  readonly #fields = new Map<number, (number | Buffer)[]>()

  constructor(bytes: Buffer) {
    let at = 0
    const readVarint = (): number => {
      let [value, scale] = [0, 1]
      for (;;) {
        const byte = bytes[at++]
        if (byte === undefined) throw malformed('a message ends too early')
        value += (byte & 0x7f) * scale
        scale *= 128
        if (byte < 0x80) return value
      }
    }
    const take = (length: number): Buffer => {
      if (at + length > bytes.length) throw malformed('a message ends too early')
      at += length
      return bytes.subarray(at - length, at)
    }
    while (at < bytes.length) {
      const tag = readVarint()
      const [field, type] = [Math.floor(tag / 8), tag % 8]
      if (type === VARINT) this.#add(field, readVarint())
      else if (type === BYTES) this.#add(field, take(readVarint()))
      else if (type === EIGHT_BYTES || type === FOUR_BYTES) take(type === EIGHT_BYTES ? 8 : 4)
      else throw malformed(`there is no type ${type}`)
    }
  }

  /** Exact up to 2^53: ids of members are larger, and nobody asks for them. */
  number(field: number): number {
    const value = this.#fields.get(field)?.at(-1) ?? 0
    return typeof value === 'number' ? value : wrong(field)
  }

  has(field: number): boolean {
    return this.#fields.has(field)
  }

  text(field: number): string {
    const value = this.#fields.get(field)?.at(-1) ?? ''
    return typeof value === 'number' ? wrong(field) : value.toString()
  }

  message(field: number): Message {
    return this.all(field).at(-1) ?? EMPTY
  }

  all(field: number): readonly Message[] {
    return (this.#fields.get(field) ?? []).map((value) => (typeof value === 'number' ? wrong(field) : new Message(value)))
  }

  #add(field: number, value: number | Buffer): void {
    const known = this.#fields.get(field)
    if (known) known.push(value)
    else this.#fields.set(field, [value])
  }
}

const EMPTY = new Message(Buffer.alloc(0))

const wrong = (field: number): never => {
  throw malformed(`field ${field} is of another type`)
}
