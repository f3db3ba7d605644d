import type { Store } from '../../store/store.ts'

/** States by which this host has sent: each counts its packets from one, so none may be made again. */
interface Spent {
  /** See KeyRing. */
  readonly session: string
  /** Of the last key. */
  readonly tag: number
  /** Those made with it. */
  readonly spis: readonly number[]
}

const SPENT = 'esp/spent'

/** States were made since the boot. */
export const hasSpent = ({ marks }: Pick<Store, 'marks'>): boolean => marks.get(SPENT) !== undefined

/**
 * Remembers that states are about to be made, before they are. False: one of them, or one with a later key, was made in this session
 * before, and has gone.
 */
export function spend({ marks }: Pick<Store, 'marks'>, session: string, tag: number, spis: readonly number[]): boolean {
  if (spis.length === 0) return true
  const known = marks.get(SPENT) as Spent | undefined
  const before = known?.session === session ? known : { tag: 0, spis: [] }
  if (tag < before.tag) return false
  const used = tag === before.tag ? before.spis : []
  if (spis.some((spi) => used.includes(spi))) return false
  marks.put(SPENT, { session, tag, spis: [...used, ...spis] } satisfies Spent)
  return true
}
