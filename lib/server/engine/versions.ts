import { fault } from '../../model/errors.ts'

/** Of the Engine API: what Docker 1.12 spoke, and the newest that has news for networks. */
export const OLDEST = '1.24'
export const NEWEST = '1.54'

/** What a request is about, and in which version of the API. */
export interface Address {
  readonly version: string
  /** '/networks/front' */
  readonly path: string
}

/** '/v1.41/networks' is '/networks' in version 1.41; without a version it is the newest. */
export function addressOf(path: string): Address {
  const [, version = NEWEST, rest = path] = /^\/v([0-9.]+)(\/.*)$/s.exec(path) ?? []
  return { version, path: rest }
}

/** Numbers apart by dots; what is none counts as 0. */
export function isBefore(version: string, other: string): boolean {
  const [ours, theirs] = [version, other].map((text) => text.split('.').map((part) => Number(part) || 0)) as [number[], number[]]
  for (let part = 0; part < Math.max(ours.length, theirs.length); part++) {
    const difference = (ours[part] ?? 0) - (theirs[part] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** Throws in the words that clients look for when they negotiate. */
export function checkVersion(version: string): void {
  if (isBefore(version, OLDEST)) throw fault('API_TOO_OLD', { version, oldest: OLDEST })
  if (isBefore(NEWEST, version)) throw fault('API_TOO_NEW', { version, newest: NEWEST })
}
