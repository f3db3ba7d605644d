import { expect, it } from 'vitest'
import { spend } from '../../../../lib/controller/overlay/spent.ts'

it('what was sent with is never sent with again: not in the same session', () => {
  const notes = new Map<string, unknown>()
  const store = {
    marks: {
      get: (key: string) => notes.get(key),
      put: (key: string, value: unknown) => void notes.set(key, value),
      list: () => [],
      delete: () => {},
      putIdly: () => {},
      deleteIdly: () => {},
    },
  }
  expect(spend(store, 'a', 1, [10])).toBe(true)
  expect(spend(store, 'a', 1, [11, 12])).toBe(true)
  expect(spend(store, 'a', 1, [])).toBe(true)
  for (const spi of [10, 11, 12]) expect(spend(store, 'a', 1, [13, spi])).toBe(false)
  // With the next key, the numbers of the last one do not come again; that key does not either.
  expect(spend(store, 'a', 2, [10])).toBe(true)
  expect(spend(store, 'a', 1, [99])).toBe(false)
  expect(spend(store, 'a', 2, [10])).toBe(false)
  expect(spend(store, 'b', 1, [10])).toBe(true)
})
