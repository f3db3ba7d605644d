import { CnmError } from '../../../lib/model/errors.ts'

/** The error that `work` is refused with. */
export function refusal(work: () => unknown): CnmError {
  try {
    work()
  } catch (error) {
    if (error instanceof CnmError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
