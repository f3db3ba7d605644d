import type { FastifyReply } from 'fastify'
import { fault } from '../model/errors.ts'

/** The signal of `end`, which is aborted when the client hangs up before it is answered: what is half done is then taken back. */
export function goneOf({ raw }: FastifyReply, end = new AbortController()): AbortSignal {
  raw.once('close', () => raw.writableFinished || end.abort(fault('CLIENT_GONE', {})))
  return end.signal
}
