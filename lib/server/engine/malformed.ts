import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { fault } from '../../model/errors.ts'
import { complaint } from './complaint.ts'

/** In bytes: as much may stand before the body, and as much in it. In an address is whatever is looked for, a thousand ids too. */
export const MOST = 1 << 20

interface Misread extends Error {
  readonly code?: string
}

/** Answers bytes that Node.js could not read as a request, and hangs up. */
export function refuseMalformed(error: Misread, socket: Socket, headers: Readonly<Record<string, string>>): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const { status, ...said } = complaint(
    error.code === 'HPE_HEADER_OVERFLOW' ? fault('REQUEST_LONG', { most: MOST }) : fault('REQUEST_MALFORMED', { reason: error.message }),
  )
  const body = Buffer.from(`${JSON.stringify(said)}\n`)
  const all = { ...headers, 'Content-Type': 'application/json', 'Content-Length': body.length, Connection: 'close' }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`)
  socket.write(body)
  socket.destroySoon()
}

/** What fastify says of a body, in our words. */
export const inOurWords = (error: unknown): unknown =>
  (error as Misread).code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? fault('REQUEST_LARGE', { most: MOST }, error) : error
