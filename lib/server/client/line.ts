import { Agent, request as byHttp, type IncomingMessage } from 'node:http'
import { request as byTls, Agent as TlsAgent } from 'node:https'
import { createInterface } from 'node:readline'
import { CnmError, ERRORS, fault } from '../../model/errors.ts'
import type { Complaint } from '../engine/complaint.ts'
import { type Host, textOf } from '../host.ts'
import type { Certificates } from '../tls.ts'

/** A way to a daemon. */
export interface Line {
  /** The daemon is on this host. */
  readonly isHere: boolean
  /** What a verb answers, or what it would do. Throws what the verb throws there, and DAEMON_UNREACHABLE. */
  ask(verb: string, asked: object, signal?: AbortSignal): Promise<Said>
  /** The lines of an answer, as they come. */
  listen(path: string, signal?: AbortSignal): AsyncGenerator<string>
  close(): void
}

export interface Said {
  readonly result?: unknown
  readonly plan?: string
}

export function lineTo(host: Host, certificates?: Certificates): Line {
  const where = 'path' in host ? { socketPath: host.path } : { host: host.address, port: host.port }
  const agent = certificates ? new TlsAgent({ keepAlive: true, ...certificates }) : new Agent({ keepAlive: true })
  const send = (method: string, path: string, body: string | undefined, signal: AbortSignal | undefined): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
      const options = { ...where, method, path, headers, agent, ...(signal ? { signal } : {}) }
      const asked = (certificates ? byTls : byHttp)(options, resolve)
      asked.once('error', (error) => reject(signal?.aborted ? signal.reason : unreachable(host, error)))
      asked.end(body)
    })
  return {
    isHere: 'path' in host,
    async ask(verb, asked, signal) {
      const answer = await send('POST', `/cnm/v1/${verb}`, JSON.stringify(asked), signal)
      const text = await textIn(answer, host, signal)
      if (answer.statusCode !== 200) throw refusalIn(text)
      return JSON.parse(text)
    },
    async *listen(path, signal) {
      const answer = await send('GET', path, undefined, signal)
      if (answer.statusCode !== 200) throw refusalIn(await textIn(answer, host, signal))
      try {
        yield* createInterface({ input: answer })
      } catch (error) {
        throw signal?.aborted ? signal.reason : unreachable(host, error)
      } finally {
        answer.destroy()
      }
    },
    close: () => agent.destroy(),
  }
}

export const unreachable = (host: Host, error: unknown) =>
  fault('DAEMON_UNREACHABLE', { host: textOf(host), reason: (error as Error).message }, error)

async function textIn(answer: IncomingMessage, host: Host, signal: AbortSignal | undefined): Promise<string> {
  let text = ''
  try {
    for await (const part of answer.setEncoding('utf8')) text += part
  } catch (error) {
    throw signal?.aborted ? signal.reason : unreachable(host, error)
  }
  return text
}

/** The error that was thrown there. */
export const errorOf = ({ message = '', code, values }: Partial<Complaint>): Error =>
  code !== undefined && code in ERRORS ? new CnmError(code, values ?? {}) : new Error(message)

const refusalIn = (text: string): Error => errorOf({ message: text, ...jsonIn(text) })

function jsonIn(text: string): Partial<Complaint> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
