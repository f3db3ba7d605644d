import type { Taken } from '../../cluster/cluster.ts'
import type { CnmError } from '../../model/errors.ts'

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
