import { expect, it } from 'vitest'
import { Patience } from '../../../../lib/controller/guard/patience.ts'

let now = 0
const patience = () => new Patience(() => now)

it('does at once what has stood for a minute', () => {
  const one = patience()
  expect(one.next('firewall')).toBe(0)
  now += 60_000
  expect(one.next('firewall')).toBe(0)
})

it('waits twice as long each time that it is undone again, a minute at most', () => {
  const one = patience()
  const delays = Array.from({ length: 9 }, () => {
    const delay = one.next('firewall')
    now += delay + 10
    return delay
  })
  expect(delays).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
})

it('counts from when it was done', () => {
  const one = patience()
  one.next('firewall')
  expect(one.next('firewall')).toBe(1000)
  now += 60_000
  expect(one.next('firewall')).toBe(2000)
})

it('keeps one thing apart from another', () => {
  const one = patience()
  one.next('firewall')
  expect(one.next('br0')).toBe(0)
})
