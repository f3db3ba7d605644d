const two = (number: number): string => String(number).padStart(2, '0')

/** Microseconds since 1970 in RFC 3339, with nine decimals and the zone that we are in. */
export function localTime(micros: number): string {
  const zone = -new Date(micros / 1000).getTimezoneOffset()
  const seconds = Math.floor(micros / 1e6)
  const clock = new Date((seconds + zone * 60) * 1000).toISOString().slice(0, 19)
  const offset = `${zone < 0 ? '-' : '+'}${two(Math.floor(Math.abs(zone) / 60))}:${two(Math.abs(zone) % 60)}`
  return `${clock}.${String(micros - seconds * 1e6).padStart(6, '0')}000${zone === 0 ? 'Z' : offset}`
}
