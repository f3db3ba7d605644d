import type { Reader } from './options.ts'

/** A number and a unit, in tc(8)'s words: '1.5mbit', '16kb', '50ms'. Units are of any case, as there. */
const readUnits =
  (what: string, units: Readonly<Record<string, number>>, [least, most]: readonly [number, number]): Reader<number> =>
  (text) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(text.toLowerCase()) ?? []
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
    if (number === '' || factor === undefined) throw new Error(`expected ${what}`)
    const value = Math.floor(Number(number) * factor)
    if (value < least || value > most) throw new Error(`expected ${what}, from ${least} to ${most}`)
    return value
  }

const POWERS = { '': 1, k: 1e3, ki: 2 ** 10, m: 1e6, mi: 2 ** 20, g: 1e9, gi: 2 ** 30, t: 1e12, ti: 2 ** 40 }
const RATES = Object.fromEntries(
  Object.entries(POWERS).flatMap(([prefix, factor]) => [
    [`${prefix}bit`, factor],
    [`${prefix}bps`, 8 * factor],
  ]),
)

/** Bits per second. The kernel counts in whole bytes. */
export const readRate = readUnits('a rate such as 10mbit or 1.5mbps', { '': 1, ...RATES }, [8, Number.MAX_SAFE_INTEGER])

const SIZES = { '': 1, b: 1, k: 2 ** 10, kb: 2 ** 10, kbit: 2 ** 7, m: 2 ** 20, mb: 2 ** 20, mbit: 2 ** 17 }

/** Bytes; the kernel counts them in 32 bits. */
export const MOST_BYTES = 2 ** 31
export const readSize = readUnits('a size such as 16kb', SIZES, [1, MOST_BYTES])

const SECOND = 1e6
const TIMES = { '': 1, us: 1, usec: 1, usecs: 1, ms: 1e3, msec: 1e3, msecs: 1e3, s: SECOND, sec: SECOND, secs: SECOND }

/** Microseconds. */
export const readTime = readUnits('a time such as 50ms', TIMES, [1, 60 * SECOND])
