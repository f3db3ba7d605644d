import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { type EngineAddress, formatMember } from './address.ts'

/** PEM. */
export interface Credentials {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** It did not answer. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
  /** It may have heard us. */
  readonly heard: boolean
  /** It will not answer next time either. */
  readonly hopeless: boolean

  constructor(reason: string, heard: boolean, hopeless = false) {
    super(reason)
    this.heard = heard
    this.hopeless = hopeless
  }
}

/** It answered with an error of gRPC. */
export class Declined extends Error {
  override readonly name = 'Declined'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** The question never left this host. */
const UNSENT = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])

/** One of us does not trust the other's certificate, or there is none. */
const DISTRUST = /^(ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|EPROTO|ENOENT|EACCES)/

/** One member of an etcd cluster, by HTTP. */
export class EtcdMember {
  readonly name: string
  readonly #where: EngineAddress['members'][number]
  readonly #credentials: (() => Credentials) | undefined
  #agent: HttpAgent | HttpsAgent | undefined
  #streams = new AbortController()

  /** `credentials` are asked for with each new connection after a failure: they may have been renewed. */
  constructor(where: EngineAddress['members'][number], credentials: (() => Credentials) | undefined) {
    this.name = formatMember(where)
    this.#where = where
    this.#credentials = credentials
  }

  /** One question, one answer. Throws Unanswered, Declined, or the signal's reason. */
  async ask(path: string, body: object, patience: number, signal?: AbortSignal): Promise<unknown> {
    const late = AbortSignal.timeout(patience)
    try {
      const answer = await this.#send(path, body, signal ? AbortSignal.any([late, signal]) : late)
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk as Buffer)
      return accepted(answer.statusCode ?? 0, Buffer.concat(chunks).toString())
    } catch (error) {
      signal?.throwIfAborted()
      throw late.aborted ? new Unanswered(`no answer in ${patience / 1000} s`, true) : unanswered(error)
    }
  }

  /** Lines of JSON, as long as they come; an end without a word is thrown as Unanswered. */
  async *listen(path: string, body: object, signal: AbortSignal): AsyncGenerator<unknown> {
    const until = AbortSignal.any([signal, this.#streams.signal])
    try {
      const answer = await this.#send(path, body, until)
      let rest = ''
      for await (const chunk of answer.setEncoding('utf8')) {
        const lines = `${rest}${chunk}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) yield accepted(answer.statusCode ?? 0, line)
      }
      if (rest !== '') yield accepted(answer.statusCode ?? 0, rest)
      throw new Unanswered('it has hung up', false)
    } catch (error) {
      signal.throwIfAborted()
      throw until.aborted ? new Unanswered('it was left for another', false) : unanswered(error)
    }
  }

  /** Whoever listens hears no more. */
  cut(): void {
    this.#streams.abort()
    this.#streams = new AbortController()
    this.#agent?.destroy()
    this.#agent = undefined
  }

  async #send(path: string, body: object, signal: AbortSignal): Promise<IncomingMessage> {
    const { host, port } = this.#where
    const credentials = this.#credentials
    this.#agent ??= credentials ? new HttpsAgent({ keepAlive: true, ...credentials() }) : new HttpAgent({ keepAlive: true })
    const text = JSON.stringify(body)
    // Without a leader a watch would be silent and look like one on which nothing happens.
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), 'grpc-metadata-hasleader': 'true' }
    const options = { host, port, path, method: 'POST', headers, agent: this.#agent, signal }
    return new Promise((resolve, reject) => {
      const request: ClientRequest = credentials ? httpsRequest(options) : httpRequest(options)
      request.once('response', resolve)
      request.once('error', reject)
      request.end(text)
    })
  }
}

function unanswered(error: unknown): unknown {
  if (error instanceof Unanswered || error instanceof Declined || !(error instanceof Error)) return error
  const { code = '' } = error as NodeJS.ErrnoException
  const distrusted = DISTRUST.test(code)
  return new Unanswered(error.message.replace(/^connect /, ''), !UNSENT.has(code) && !distrusted, distrusted)
}

interface Complaint {
  readonly code?: number
  readonly grpc_code?: number
  readonly message?: string
}

/** The value, where it is none of the forms in which errors come. */
function accepted(status: number, text: string): unknown {
  const answer = parsed(text) as { readonly error?: string | Complaint } & Complaint
  if (typeof answer.error === 'object') throw new Declined(answer.error.grpc_code ?? answer.error.code ?? 0, answer.error.message ?? text)
  if (status === 200 && answer.error === undefined) return answer
  throw new Declined(answer.code ?? 0, answer.message ?? answer.error ?? `HTTP ${status}`)
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // What follows is the better message.
  }
  throw new Declined(0, `this is not etcd: ${text.slice(0, 80)}`)
}
