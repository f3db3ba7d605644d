import type { Hall } from '../hall.ts'
import type { Way } from './forwarding.ts'
import type { Lent } from './raised.ts'

const LENT = 'forwarding'
const UPLINKS = 'uplinks'

/** The host's links that forward for our networks only. */
export const uplinksOf = ({ store }: Hall) => Object.values((store.marks.get(UPLINKS) ?? {}) as Record<string, Way['uplinks'][number]>)

export function recordWay({ store: { marks } }: Hall, { lent, uplinks }: Pick<Way, 'lent' | 'uplinks'>): void {
  marks.put(LENT, { ...lent, ...(marks.get(LENT) as Lent | undefined) })
  const byFamily = Object.fromEntries(uplinks.map((uplink) => [uplink.family, uplink]))
  marks.put(UPLINKS, { ...(marks.get(UPLINKS) as object | undefined), ...byFamily })
}

/** A link of the host that was lent has another name. */
export function renameWay(hall: Hall, from: string, to: string): void {
  const lent = Object.entries(lentOf(hall)).map(([path, value]) => [path.replace(`/conf/${from}/`, `/conf/${to}/`), value] as const)
  const uplinks = uplinksOf(hall).map(({ family, names }) => ({ family, names: names.map((name) => (name === from ? to : name)) }))
  hall.store.marks.delete(LENT)
  recordWay(hall, { lent: Object.fromEntries(lent), uplinks })
}

export function forgetWay({ store: { marks } }: Hall): void {
  marks.delete(LENT)
  marks.delete(UPLINKS)
}

/** Forwarding that we switched on for all that is raised. */
export const lentOf = ({ store }: Hall): Lent => (store.marks.get(LENT) ?? {}) as Lent
