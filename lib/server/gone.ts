import type { FastifyReply } from 'fastify'
import { fault } from '../model/errors.ts'

/** Aborted when the client hangs up before it is answered: what is half done is then taken back. */
export function goneOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => raw.writableFinished || gone.abort(fault('CLIENT_GONE', {})))
  return gone.signal
}
