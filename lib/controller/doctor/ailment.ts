import type { Finding } from '../../model/findings.ts'
import type { Work } from '../execution/commit.ts'
import type { Hall } from '../hall.ts'

/** A finding, and what mends it; where that is missing, somebody has to decide. */
export interface Ailment {
  readonly finding: Finding
  readonly mend?: Mend
}

export type Mend = (hall: Hall, signal?: AbortSignal) => Promise<unknown>

const mending =
  (way: Work['way']) =>
  (work: Partial<Work>): Mend =>
  (hall, signal) =>
    hall.commit({ plan: [], record: () => {}, ...work, way }, signal)

/** Mends by making something anew; all of it or nothing. */
export const making = mending('up')

/** Mends by taking something away. */
export const taking = mending('down')
