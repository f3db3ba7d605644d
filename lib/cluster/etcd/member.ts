import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { Either } from '../../model/either.ts'
import { EngineRefused } from '../engine.ts'
import { type EngineAddress, formatMember } from './address.ts'
import { Message } from './protobuf.ts'

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

/** Without a leader a watch would be silent and look like one on which nothing happens. */
const HEADERS = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', hasleader: 'true' }

/** Of what is on its way and was not read yet: all rows of a page, and what a watch has to say at once. */
const WINDOW = 8 << 20
const MOST_MEGABYTES = 64

/** A connection, and what became of it. */
interface Line {
  readonly session: ClientHttp2Session
  fault?: Error
}

interface Asking {
  /** Nothing more is said. */
  readonly once: boolean
  readonly signal: AbortSignal
}

/** One member of an etcd cluster, by gRPC: messages of its own framing over HTTP/2. */
export class EtcdMember {
  readonly name: string
  readonly #where: string
  readonly #credentials: (() => Credentials) | undefined
  #line: Line | undefined
  #streams = new AbortController()

  /** `credentials` are asked for with each new connection: they may have been renewed. */
  constructor(where: EngineAddress['members'][number], credentials: (() => Credentials) | undefined) {
    this.name = formatMember(where)
    this.#where = `${credentials ? 'https' : 'http'}://${this.name}`
    this.#credentials = credentials
  }

  /** One question, one answer. Throws Unanswered, Declined, or the signal's reason. */
  async ask(method: string, question: Uint8Array, patience: number, signal?: AbortSignal): Promise<Message> {
    const late = AbortSignal.timeout(patience)
    try {
      const answers: Message[] = []
      using until = new Either(late, signal)
      for await (const answer of this.#call(method, question, { once: true, signal: until.signal })) answers.push(answer)
      const [first] = answers
      if (!first) throw new Declined(0, 'this is not etcd: it has no answer')
      return first
    } catch (error) {
      signal?.throwIfAborted()
      throw late.aborted ? new Unanswered(`no answer in ${patience / 1000} s`, true) : error
    }
  }

  /** Answers, as long as they come; an end without a word is thrown as Unanswered. */
  async *listen(method: string, question: Uint8Array, signal: AbortSignal): AsyncGenerator<Message> {
    using until = new Either(signal, this.#streams.signal)
    try {
      yield* this.#call(method, question, { once: false, signal: until.signal })
      throw new Unanswered('it has hung up', false)
    } catch (error) {
      signal.throwIfAborted()
      throw until.signal.aborted ? new Unanswered('it was left for another', false) : error
    }
  }

  /** Whoever listens hears no more. */
  cut(): void {
    this.#streams.abort()
    this.#streams = new AbortController()
    this.#line?.session.destroy()
    this.#line = undefined
  }

  async *#call(method: string, question: Uint8Array, { once, signal }: Asking): AsyncGenerator<Message> {
    let line: Line | undefined
    let abort = () => {}
    try {
      signal.throwIfAborted()
      line = this.#connected()
      const stream = line.session.request({ ...HEADERS, ':path': `/etcdserverpb.${method}` })
      // Whoever reads it hears of it; it may be told when nobody reads any more.
      stream.on('error', () => {})
      abort = () => stream.destroy(new Error('called off'))
      signal.addEventListener('abort', abort)
      const said: IncomingHttpHeaders[] = []
      stream.on('response', (headers) => said.push(headers)).on('trailers', (headers) => said.push(headers))
      stream.write(framed(question))
      if (once) stream.end()
      let rest = Buffer.alloc(0)
      for await (const chunk of stream) {
        checkGrpc(said)
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
        for (let size = sizeOf(rest); size <= rest.length; size = sizeOf(rest)) {
          yield new Message(rest.subarray(HEAD, size))
          rest = rest.subarray(size)
        }
      }
      checkGrpc(said)
      checkStatus(said)
    } catch (error) {
      throw unanswered(isSaid(error) ? error : (line?.fault ?? error))
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  #connected(): Line {
    if (this.#line) return this.#line
    const settings = { initialWindowSize: WINDOW }
    const session = connect(this.#where, { ...this.#credentials?.(), settings, maxSessionMemory: MOST_MEGABYTES })
    const line: Line = { session }
    this.#line = line
    const drop = () => {
      if (this.#line === line) this.#line = undefined
    }
    // One that was cut at that very moment is told all the same.
    session.once('connect', () => session.destroyed || session.setLocalWindowSize(WINDOW))
    session.on('error', (error) => {
      line.fault ??= error
      drop()
    })
    session.once('goaway', drop).once('close', drop)
    return line
  }
}

/** Of a message: whether it is compressed, and its length. */
const HEAD = 5

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** Of the first message with its head. */
const sizeOf = (bytes: Buffer): number => (bytes.length < HEAD ? HEAD : HEAD + bytes.readUInt32BE(1))

function checkGrpc([head]: readonly IncomingHttpHeaders[]): void {
  const { ':status': status = 200, 'content-type': type = 'application/grpc' } = head ?? {}
  if (status !== 200 || !type.startsWith('application/grpc')) throw new Declined(0, `this is not etcd: HTTP ${status}, ${type}`)
}

/** The end of a call says how it went; one that was only cut off says nothing. */
function checkStatus(said: readonly IncomingHttpHeaders[]): void {
  const end = said.find((headers) => headers['grpc-status'] !== undefined)
  if (!end) throw new Unanswered('it has hung up', true)
  const code = Number(end['grpc-status'])
  if (code !== 0) throw new Declined(code, decodeURIComponent(String(end['grpc-message'] ?? `gRPC status ${code}`)))
}

/** It has answered, whatever that was. */
const isSaid = (error: unknown): boolean => error instanceof Declined || error instanceof EngineRefused

function unanswered(error: unknown): unknown {
  if (error instanceof Unanswered || isSaid(error) || !(error instanceof Error)) return error
  // Of a question that waited for a connection.
  if (error.cause instanceof Error) return unanswered(error.cause)
  const { code = '' } = error as NodeJS.ErrnoException
  const distrusted = DISTRUST.test(code)
  return new Unanswered(error.message.replace(/^connect /, ''), !UNSENT.has(code) && !distrusted, distrusted)
}
