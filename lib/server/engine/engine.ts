import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Controller } from '../../controller/controller.ts'
import { fault } from '../../model/errors.ts'
import { exactJson } from '../../model/json.ts'
import { goneOf } from '../gone.ts'
import type { Certificates } from '../tls.ts'
import type { Errands } from '../verbs/errands.ts'
import { verbRoutes } from '../verbs/routes.ts'
import { absent, emptyRoutes } from './absent.ts'
import { complaint } from './complaint.ts'
import { containerRoutes } from './containers.ts'
import { eventRoutes } from './events.ts'
import { inOurWords, MOST, refuseMalformed } from './malformed.ts'
import { networkRoutes } from './networks.ts'
import type { Answer, Route } from './route.ts'
import { headersOf, systemRoutes } from './system.ts'
import { addressOf, checkVersion, isBefore, OLDEST } from './versions.ts'

const ROUTES: readonly Route[] = [...systemRoutes, ...networkRoutes, ...containerRoutes, ...eventRoutes, ...emptyRoutes, ...verbRoutes]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export interface EngineOptions {
  /** What is told as it happens ends when this is aborted. */
  readonly ending: AbortSignal
  /** Of cnm, as clients are told. */
  readonly release: string
  /** Speak TLS, with clients whose certificates these are. */
  readonly tls?: Certificates
  /** The unix socket at which it will listen; absent: by TCP. */
  readonly socket?: string
  /** Who does whole command lines; absent: nobody. */
  readonly errands?: Errands
}

/** The Docker Engine API over a controller; it does not listen yet. */
export function engineServer(cnm: Controller, { tls, ...rest }: EngineOptions): FastifyInstance {
  const headers = headersOf(rest.release)
  const refusal = refusalOf(headers)
  const app = fastify({
    bodyLimit: MOST,
    exposeHeadRoutes: false,
    frameworkErrors: (error, _, reply) => void refusal(error, reply),
    clientErrorHandler: (error, socket) => refuseMalformed(error, socket, headers),
    ...(tls ? { https: { ...tls, requestCert: true, rejectUnauthorized: true, maxHeaderSize: MOST } } : { http: { maxHeaderSize: MOST } }),
  }) as FastifyInstance
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, text, done) => done(null, text))
  app.setErrorHandler((error, request, reply) => refusal(error, reply, addressOf(pathOf(request)).version))
  app.setNotFoundHandler((_, reply) => refusal(fault('PAGE_NOT_FOUND', {}), reply))
  app.route({ method: METHODS, url: '*', handler: (request, reply) => answer({ cnm, ...rest }, request, reply) })
  return app
}

const pathOf = ({ raw: { url = '' } }: FastifyRequest): string => url.split('?', 1)[0] ?? ''
const queryOf = ({ raw: { url = '' } }: FastifyRequest): URLSearchParams => new URLSearchParams(/\?(.*)$/s.exec(url)?.[1] ?? '')

interface House extends Omit<EngineOptions, 'tls'> {
  readonly cnm: Controller
}

async function answer(house: House, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { origin, accept = '' } = request.headers
  if (origin !== undefined) throw fault('ORIGIN_REFUSED', { origin })
  const { version, path: encoded } = addressOf(pathOf(request))
  const path = decodeURIComponent(encoded)
  const { give, names } = wayTo(request.method, path) ?? refused(request.method, path, version)
  checkVersion(version)
  const said = await give({
    ...house,
    version,
    names,
    query: queryOf(request),
    body: bodyOf(request),
    accept,
    signal: goneOf(reply),
    reply,
  })
  return said ? send(reply.headers(headersOf(house.release)), said) : reply
}

/** The route of a request, and what the parts of its path are. */
function wayTo(method: string, path: string): { readonly give: Route['answer']; readonly names: readonly string[] } | undefined {
  for (const { method: of, path: pattern, answer: give } of ROUTES) {
    const match = of === method ? pattern.exec(path) : null
    if (match) return { give, names: match.slice(1) }
  }
  return undefined
}

function refused(method: string, path: string, version: string): never {
  const missing = absent(method, path)
  if (missing.code === 'NOT_SERVED') checkVersion(version)
  throw missing
}

function send(reply: FastifyReply, { status = 200, headers = {}, json, written, text = '' }: Answer): FastifyReply {
  reply.code(status).headers(headers)
  if (written !== undefined) return sendJson(reply, written)
  return json === undefined ? reply.send(text) : sendJson(reply, exactJson(json))
}

/** As bytes: to text fastify adds a charset, and docker(1) takes for JSON only what is called application/json and no more. */
const sendJson = (reply: FastifyReply, json: string): FastifyReply => reply.type('application/json').send(Buffer.from(`${json}\n`))

/** JSON, whatever shape it has; undefined where nothing was sent. */
function bodyOf({ body, headers: { 'content-type': type = '' } }: FastifyRequest): unknown {
  if (body === undefined || body === null || body === '') return undefined
  const [mime = ''] = type.split(';')
  if (mime.trim().toLowerCase() !== 'application/json') throw fault('CONTENT_TYPE', { type })
  try {
    return JSON.parse(String(body))
  } catch (error) {
    throw fault('REQUEST_INVALID', { what: (error as Error).message }, error)
  }
}

/** Docker's way to say no. A client from before its oldest version reads text. */
const refusalOf =
  (headers: Readonly<Record<string, string>>) =>
  (error: unknown, reply: FastifyReply, version = OLDEST): FastifyReply => {
    const { status, ...said } = complaint(inOurWords(error))
    reply.headers(headers).code(status)
    if (isBefore(version, OLDEST)) return reply.type('text/plain; charset=utf-8').send(`${said.message}\n`)
    return sendJson(reply, JSON.stringify(said))
  }
