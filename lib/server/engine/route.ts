import type { FastifyReply } from 'fastify'
import type { Controller } from '../../controller/controller.ts'
import type { Errands } from '../verbs/errands.ts'

/** One request of a client. */
export interface Call {
  readonly cnm: Controller
  /** Of cnm; '0.1.0'. */
  readonly release: string
  /** Of the API; '1.41'. */
  readonly version: string
  /** What the parts of the path in parentheses are. */
  readonly names: readonly string[]
  readonly query: URLSearchParams
  /** JSON that nobody has checked; undefined where nothing was sent. */
  readonly body: unknown
  /** What kind of answer the client wants. */
  readonly accept: string
  /** Aborted when the client is gone before it is answered. */
  readonly signal: AbortSignal
  /** Aborted when we are about to go. */
  readonly ending: AbortSignal
  readonly reply: FastifyReply
  /** The unix socket through which it came; undefined: by TCP. */
  readonly socket?: string | undefined
  /** Who does whole command lines; undefined: nobody. */
  readonly errands?: Errands | undefined
}

export interface Answer {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Absent: nothing is said. */
  readonly json?: unknown
  /** The same, as text already. */
  readonly written?: string
  readonly text?: string
}

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE' | 'OPTIONS'
  readonly path: RegExp
  /** undefined: it has answered by itself. */
  readonly answer: (call: Call) => Answer | undefined | Promise<Answer | undefined>
}

/** The way there, 'GET /networks/(.+)': what is in parentheses may have slashes in it, as ids do that Docker once gave. */
export function route(way: `${Route['method']} /${string}`, answer: Route['answer']): Route {
  const [method, path = ''] = way.split(' ', 2) as [Route['method'], string?]
  return { method, path: new RegExp(`^${path}$`, 's'), answer }
}
