import { CnmError, type ErrorCode, fill } from '../../model/errors.ts'

/** What clients of a Docker Engine know by another name. */
const WORDS: Partial<Record<ErrorCode, readonly [status: number, sentence: string]>> = {
  SANDBOX_NOT_FOUND: [404, 'No such container: {name}'],
  SANDBOX_AMBIGUOUS: [400, 'multiple IDs found with provided prefix: {name}'],
}

/** Docker reads the message; the code and the way out are for who knows us. */
export interface Complaint {
  readonly status: number
  readonly message: string
  readonly code?: ErrorCode
  readonly remedy?: string
  /** What the sentence is filled with. */
  readonly values?: Readonly<Record<string, string | number>>
}

export function complaint(error: unknown): Complaint {
  if (!(error instanceof CnmError)) {
    const { statusCode: status = 500, message } = error as Error & { readonly statusCode?: number }
    return { status, message }
  }
  const { code, values, remedy } = error
  const [status, sentence] = WORDS[code] ?? [error.status]
  const message = sentence === undefined ? error.message : fill(sentence, values)
  return { status, message, code, ...(remedy ? { remedy } : {}), values }
}
