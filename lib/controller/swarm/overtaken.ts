import type { Taken } from '../../cluster/cluster.ts'
import type { CnmError } from '../../model/errors.ts'

/** So often something is decided upon, because another node was faster. */
export const MOST = 64

/** Another node was faster; decided anew, the verb may still do what it was asked for. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken'
  /** What to say when it happens again and again. */
  readonly refusal: CnmError
  /** Addresses that are held by now. */
  readonly taken: readonly Taken[]

  constructor(refusal: CnmError, taken: readonly Taken[] = []) {
    super(refusal.message)
    this.refusal = refusal
    this.taken = taken
  }
}

/** Decides anew as long as other nodes are faster. */
export async function anew<T>(decide: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await decide()
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
      if (tries === MOST) throw error.refusal
    }
  }
}
