import { AjvCompiler } from '@fastify/ajv-compiler'
import fastify, { type FastifyInstance } from 'fastify'
import type { Controller } from '../../controller/controller.ts'
import { CnmError, fault } from '../../model/errors.ts'
import { goneOf } from '../gone.ts'
import { ipamMethods } from './ipam.ts'
import type { Method, Methods } from './method.ts'
import { networkMethods } from './network.ts'

export interface PluginOptions {
  /** The network driver that is served; absent: none. */
  readonly network?: string
  /** The IPAM driver that is served; absent: none. */
  readonly ipam?: string
  /** The engine is in no swarm of its own: networks over several hosts, it borrows of ours. */
  readonly alone?: boolean
  /** Told at which address this host's tunnels end, where the engine says so: it is in a swarm of its own. */
  readonly discovered?: (address: string) => Promise<void>
  /** Milliseconds a method may take. An engine waits without end, and holds its locks meanwhile. Default: 10,000. */
  readonly patience?: number
}

const JSON_TYPE = 'application/vnd.docker.plugins.v1.2+json'

/** What is said is taken as it is. Our own schemas are not held against that of schemas at each start, which takes 0.1 s. */
const AJV = { coerceTypes: false, removeAdditional: false, validateSchema: false } as const

/** Several plugins of one process have the same schemas: what one has compiled does for all. */
const buildValidator = AjvCompiler()

/** A Docker plugin over a controller; it does not listen yet. */
export function pluginServer(cnm: Controller, { network, ipam, patience = 10_000, ...engine }: PluginOptions): FastifyInstance {
  const methods: Methods = {
    'Plugin.Activate': { answer: () => ({ Implements: [...(network ? ['NetworkDriver'] : []), ...(ipam ? ['IpamDriver'] : [])] }) },
    ...(network ? networkMethods(cnm, network, engine) : {}),
    ...(ipam ? ipamMethods(cnm, ipam) : {}),
  }
  // An engine keeps its connection; one that is closed while it asks makes it ask again, a second later and with nothing in its body.
  const app = fastify({ keepAliveTimeout: 0, ajv: { customOptions: AJV }, schemaController: { compilersFactory: { buildValidator } } })
  // The engine does not say what it sends, and sends nothing at all when it asks again.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, text, done) => done(null, text === '' ? undefined : parse(String(text))))
  app.setErrorHandler((error, request, reply) => {
    const { status, words } = complaint(error)
    return reply
      .code(status)
      .type(JSON_TYPE)
      .send({ Err: words, ...(request.url.startsWith('/IpamDriver.') ? { Error: words } : {}) })
  })
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .type(JSON_TYPE)
      .send({ Err: `${request.method} ${request.url} is not of this plugin` }),
  )
  for (const [name, { body, answer, told }] of Object.entries(methods)) {
    app.post(`/${name}`, body ? { schema: { body } } : {}, async (request, reply) => {
      reply.type(JSON_TYPE)
      const end = new AbortController()
      goneOf(reply, end)
      const said = await inTime(name, answer, request.body, patience, end)
      // What then fails has been done and answered.
      if (told) reply.raw.once('finish', () => void told(said as never).catch(() => {}))
      return said
    })
  }
  return app
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw fault('ENGINE_MISTAKE', { what: `its body is no JSON: ${(error as Error).message}` }, error)
  }
}

/** An answer in time, whatever a lower room does; what makes something and comes too late, or for nobody, takes it back. */
async function inTime(name: string, answer: Method['answer'], asked: unknown, patience: number, end: AbortController): Promise<object> {
  let alarm: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    alarm = setTimeout(() => {
      const slow = fault('ENGINE_SLOW', { method: name, seconds: patience / 1000 })
      reject(slow)
      end.abort(slow)
    }, patience)
  })
  try {
    return await Promise.race([answer(asked as never, end.signal), late])
  } finally {
    clearTimeout(alarm)
  }
}

function complaint(error: unknown): { readonly status: number; readonly words: string } {
  if (error instanceof CnmError) return { status: error.status, words: error.remedy ? `${error.message} (${error.remedy})` : error.message }
  const { statusCode = 500, message } = error as Error & { readonly statusCode?: number }
  return { status: statusCode, words: message }
}
