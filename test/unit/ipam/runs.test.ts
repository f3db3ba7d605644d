import { describe, expect, it } from 'vitest'
import { Runs } from '../../../lib/ipam/runs.ts'
import { seeded } from '../../support/random.ts'

/** The same questions, answered by looking at every number. */
const naive = (set: ReadonlySet<number>) => ({
  firstFree(from: number, to: number): number | undefined {
    for (let n = from; n <= to; n++) if (!set.has(n)) return n
    return undefined
  },
  countWithin: (from: number, to: number): number => [...set].filter((n) => n >= from && n <= to).length,
})

describe('Runs', () => {
  it.each([
    [1, 300],
    [2, 300],
    [3, 300],
    // Wide enough for more runs than fit into one chunk of Sorted.
    [4, 6_000],
    [5, 6_000],
  ])('answers as a plain set does through thousands of operations (seed %i, numbers below %i)', (seed, span) => {
    const random = seeded(seed * 7919)
    const runs = new Runs()
    const set = new Set<number>()
    for (let step = 0; step < 12 * span; step++) {
      const value = random(span)
      // Long phases of filling and of emptying, so that runs meet, grow, split and vanish.
      const fills = random(10) < (Math.floor(step / (2 * span)) % 2 === 0 ? 8 : 2)
      const changed = fills ? runs.add(BigInt(value)) : runs.delete(BigInt(value))
      expect(changed).toBe(fills ? !set.has(value) : set.has(value))
      if (fills) set.add(value)
      else set.delete(value)

      // The plain set looks at every number, so it is asked less often about many.
      if (step % (span / 300) !== 0) continue
      const from = random(span)
      const to = from + random(span)
      const free = naive(set).firstFree(from, to)
      expect(runs.has(BigInt(from))).toBe(set.has(from))
      expect(runs.firstFree(BigInt(from), BigInt(to))).toBe(free === undefined ? undefined : BigInt(free))
      expect(runs.countWithin(BigInt(from), BigInt(to))).toBe(BigInt(naive(set).countWithin(from, to)))
      expect(runs.size).toBe(BigInt(set.size))
    }
    for (const value of set) runs.delete(BigInt(value))
    expect([runs.size, runs.firstFree(5n, 5n), runs.add(5n), runs.firstFree(5n, 5n)]).toEqual([0n, 5n, true, undefined])
  })

  it.each([6, 7, 8])('takes and gives up whole stretches, and finds room for one (seed %i)', (seed) => {
    const random = seeded(seed * 7919)
    const runs = new Runs()
    const set = new Set<number>()
    for (let step = 0; step < 5_000; step++) {
      const first = random(300)
      const stretch = Array.from({ length: 1 + random(20) }, (_, i) => first + i)
      const last = first + stretch.length - 1
      const fills = random(2) === 0
      const possible = stretch.every((n) => set.has(n) !== fills)
      expect(fills ? runs.add(BigInt(first), BigInt(last)) : runs.delete(BigInt(first), BigInt(last))).toBe(possible)
      if (possible) for (const n of stretch) fills ? set.add(n) : set.delete(n)
      expect(runs.size).toBe(BigInt(set.size))

      const size = 2 ** random(5)
      const gaps = Array.from({ length: Math.floor(321 / size) }, (_, i) => i * size)
      const gap = gaps.find(
        (at) => at >= first && at + size <= 321 && Array.from({ length: size }, (_, i) => at + i).every((n) => !set.has(n)),
      )
      expect(runs.firstGap(BigInt(first), 320n, BigInt(size))).toBe(gap === undefined ? undefined : BigInt(gap))
    }
  })

  it('is as exact beyond 2^64 as at 0', () => {
    const base = 0xfd00n << 112n
    const runs = new Runs()
    for (const n of [0n, 2n, 1n, (1n << 80n) - 1n]) runs.add(base + n)
    expect(runs.firstFree(base, base + (1n << 80n))).toBe(base + 3n)
    expect(runs.countWithin(base, base + (1n << 80n))).toBe(4n)
  })
})
