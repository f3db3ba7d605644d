/** Milliseconds in each unit of Go's durations. */
const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g

/** Go's durations ('1h30m', '500ms', '-10s') in ms; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, sign, parts = ''] = /^([+-]?)(.+)$/.exec(text) ?? []
  if (parts !== '0' && (parts === '' || parts.replace(PART, '') !== '')) return null
  const sum = Array.from(parts.matchAll(PART)).reduce((total, [, number, unit]) => total + Number(number) * (UNITS[unit ?? ''] ?? 0), 0)
  return sign === '-' ? -sum : sum
}

const SECONDS = /^\d+(\.\d{1,9})?$/
const DATE = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d+)?))?)?)?(Z|[+-]\d{2}:\d{2})?$/

/**
 * What Docker takes for a moment, in ms since 1970: a duration before `now`, seconds since 1970, or a date with as much of a
 * time as there is. Without a zone it is local. null for anything else.
 */
export function parseMoment(text: string, now: number): number | null {
  if (SECONDS.test(text)) return Number(text) * 1000
  const duration = parseDuration(text)
  if (duration !== null) return now - duration
  const [date, day, hour = '00', minute = '00', second = '00', zone = ''] = DATE.exec(text) ?? []
  const moment = date === undefined ? Number.NaN : Date.parse(`${day}T${hour}:${minute}:${second}${zone}`)
  return Number.isNaN(moment) ? null : moment
}
