import { readFileSync } from 'node:fs'
import { request as askPlainly, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as askSecretly } from 'node:https'
import type { Json } from '../model/call.ts'
import { Either } from '../model/either.ts'
import { fault } from '../model/errors.ts'
import type { Located } from './discovery.ts'

/** Paths of PEM files. */
export interface TlsFiles {
  readonly trustAnybody: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** What a plugin answered. */
export interface Answer {
  readonly status: number
  readonly text: string
}

export interface SendOptions {
  /** Milliseconds. Default: 10,000. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/** More than any answer of the protocol needs. */
const LONGEST = 1_000_000
const ACCEPT = 'application/vnd.docker.plugins.v1.2+json'

/** A plugin, asked as dockerd asks: POST, no Content-Type, JSON and a line feed, or nothing at all. */
export class PluginClient {
  readonly address: string
  readonly #where: RequestOptions
  readonly #secret: boolean

  /** Throws PLUGIN_TLS. */
  constructor({ address, tls }: Located) {
    this.address = address
    // A path has any character as it is, and so it is no URL.
    const [, socketPath] = /^unix:\/\/(.*)$/s.exec(address) ?? []
    const url = socketPath === undefined ? new URL(address) : undefined
    this.#secret = url?.protocol === 'https:' || tls !== undefined
    this.#where = url
      ? { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port, ...(tls ? secrets(tls) : {}) }
      : { socketPath, host: 'plugin.moby.localhost' }
  }

  /**
   * One call, and whatever is answered. Throws PLUGIN_UNREACHABLE, PLUGIN_SILENT when `timeout` (ms) has passed, or the reason of
   * `signal`.
   */
  async send(method: string, body?: Json, { timeout = 10_000, signal }: SendOptions = {}): Promise<Answer> {
    const late = AbortSignal.timeout(timeout)
    try {
      const text = body === undefined ? '' : `${JSON.stringify(body)}\n`
      using until = new Either(signal, late)
      return await this.#send(method, text, until.signal)
    } catch (error) {
      signal?.throwIfAborted()
      const { address } = this
      if (late.aborted) throw fault('PLUGIN_SILENT', { method, address, seconds: timeout / 1000 }, error)
      throw fault('PLUGIN_UNREACHABLE', { method, address, reason: (error as Error).message }, error)
    }
  }

  #send(method: string, text: string, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { Accept: ACCEPT, 'Content-Length': Buffer.byteLength(text) }
      // A connection of its own each time: one that was kept may be of a process that has ended meanwhile.
      const options = { ...this.#where, method: 'POST', path: `/${method}`, headers, signal, agent: false }
      const hear = (reply: IncomingMessage) =>
        void textOf(reply).then((said) => resolve({ status: reply.statusCode ?? 0, text: said }), reject)
      const asked = this.#secret ? askSecretly(options, hear) : askPlainly(options, hear)
      asked.once('error', reject).end(text)
    })
  }
}

async function textOf(reply: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of reply.setEncoding('utf8')) {
    text += chunk
    if (text.length > LONGEST) throw new Error(`its answer is longer than ${LONGEST} characters`)
  }
  return text
}

const secrets = ({ trustAnybody, ca, cert, key }: TlsFiles) => ({
  rejectUnauthorized: !trustAnybody,
  ...(ca ? { ca: secret(ca) } : {}),
  ...(cert ? { cert: secret(cert) } : {}),
  ...(key ? { key: secret(key) } : {}),
})

function secret(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw fault('PLUGIN_TLS', { path, reason: (error as Error).message }, error)
  }
}
