import { array, assert, bigInt, constantFrom, oneof, property, string, tuple, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EngineRefused } from '../../../lib/cluster/engine.ts'
import { encode, Message, type Part } from '../../../lib/cluster/etcd/protobuf.ts'

describe('messages of Protocol Buffers', () => {
  it('are as the specification has them', () => {
    expect(encode([[1, 150]]).toString('hex')).toBe('089601')
    expect(encode([[2, 'testing']]).toString('hex')).toBe('120774657374696e67')
    expect(encode([[3, encode([[1, 150]])]]).toString('hex')).toBe('1a03089601')
    expect(encode([[64, Uint8Array.of(0)]]).toString('hex')).toBe('82040100')
    // The largest id of a lease.
    expect(encode([[1, 2n ** 63n - 1n]]).toString('hex')).toBe('08ffffffffffffffff7f')
  })

  it('are read as they were written, the last of what is there several times', () => {
    const field = constantFrom(1, 2, 15, 16, 64)
    const value = oneof(bigInt({ min: 0n, max: 2n ** 53n - 1n }), string({ unit: 'binary' }), uint8Array())
    assert(
      property(array(tuple(field, value)), (parts) => {
        const message = new Message(encode(parts as Part[]))
        for (const [number, last] of new Map(parts)) {
          if (typeof last === 'bigint') expect(message.number(number)).toBe(Number(last))
          if (typeof last === 'string') expect(message.text(number)).toBe(Buffer.from(last).toString())
          expect(message.has(number)).toBe(true)
        }
      }),
    )
  })

  it('have nothing where nothing is, and skip what nobody asks for', () => {
    const message = new Message(Buffer.from('0d01020304110102030405060708089601', 'hex'))
    expect([message.number(1), message.number(7), message.text(7), message.has(7), message.message(7).number(1)]).toEqual([
      150,
      0,
      '',
      false,
      0,
    ])
  })

  it('are none that end too early, or are of another kind', () => {
    const whole = encode([
      [1, 300],
      [2, 'text'],
    ])
    for (const length of [1, 2, 4, 6, 8]) expect(() => new Message(whole.subarray(0, length))).toThrow(EngineRefused)
    expect(() => new Message(Buffer.from([0x0b]))).toThrow('this is not etcd v3: there is no type 3')
    const message = new Message(whole)
    expect(() => message.number(2)).toThrow(EngineRefused)
    expect(() => message.text(1)).toThrow(EngineRefused)
    expect(() => message.all(1)).toThrow(EngineRefused)
  })

  it('do no harm whatever they are', () => {
    assert(
      property(uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          new Message(Buffer.from(bytes)).all(1)
        } catch (error) {
          expect(error).toBeInstanceOf(EngineRefused)
        }
      }),
    )
  })
})
