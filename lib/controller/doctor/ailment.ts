import type { Finding } from '../../model/findings.ts'
import type { Work } from '../commit.ts'
import type { Hall } from '../hall.ts'
import { commitOnWalls } from '../mend.ts'

/** A finding, and what mends it; where that is missing, somebody has to decide. */
export interface Ailment {
  readonly finding: Finding
  readonly mend?: (hall: Hall, signal?: AbortSignal) => Promise<unknown>
}

/** Mends by making something anew; all of it or nothing. */
export const making =
  (work: Partial<Work>): NonNullable<Ailment['mend']> =>
  (hall, signal) =>
    commitOnWalls(hall, { way: 'up', plan: [], record: () => {}, ...work }, signal)

/** Mends by taking something away. */
export const taking =
  (work: Partial<Work>): NonNullable<Ailment['mend']> =>
  (hall) =>
    hall.commit({ way: 'down', plan: [], record: () => {}, ...work })
