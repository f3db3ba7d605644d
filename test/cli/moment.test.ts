import { describe, expect, it } from 'vitest'
import { localTime } from '../../lib/cli/clock.ts'
import { parseDuration, parseMoment } from '../../lib/model/moment.ts'

describe('a duration', () => {
  it.each([
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['500ms', 500],
    ['-10s', -10_000],
    ['0', 0],
  ])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it.each(['', '10', 'm', '10 m', '1d', '1h-2m'])('%j is none', (text) => expect(parseDuration(text)).toBeNull())
})

describe('a moment', () => {
  const NOW = Date.UTC(2026, 1, 3, 4, 5, 6)
  it.each([
    ['10m', NOW - 600_000],
    ['1770091506', 1_770_091_506_000],
    ['1770091506.5', 1_770_091_506_500],
    ['2026-02-03T04:05:06Z', NOW],
    ['2026-02-03T05:05:06+01:00', NOW],
    ['2026-02-03T04:05:06.25Z', NOW + 250],
    ['2026-02-03T04:05Z', NOW - 6000],
    ['2026-02-03Z', Date.UTC(2026, 1, 3)],
    ['2026-02-03T04:05:06', new Date(2026, 1, 3, 4, 5, 6).getTime()],
    ['2026-02-03', new Date(2026, 1, 3).getTime()],
  ])('%s', (text, ms) => expect(parseMoment(text, NOW)).toBe(ms))

  it.each(['', 'now', '2026-13-01', '2026-02-03 04:05:06', '03.02.2026'])('%j is none', (text) => {
    expect(parseMoment(text, NOW)).toBeNull()
  })

  it.each([
    ['UTC', '2026-02-03T04:05:06.120000000Z'],
    ['Asia/Kolkata', '2026-02-03T09:35:06.120000000+05:30'],
    ['America/New_York', '2026-02-02T23:05:06.120000000-05:00'],
  ])('is shown in %s', (zone, text) => {
    const before = process.env['TZ']
    process.env['TZ'] = zone
    try {
      expect(localTime(1_770_091_506_120_000)).toBe(text)
    } finally {
      if (before === undefined) delete process.env['TZ']
      else process.env['TZ'] = before
    }
  })
})
