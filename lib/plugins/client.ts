import { readFileSync } from 'node:fs'
import { request as askPlainly, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as askSecretly } from 'node:https'
import { fault } from '../model/errors.ts'
import type { Located } from './discovery.ts'

/** Paths of PEM files. */
export interface TlsFiles {
  readonly trustAnybody: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What a plugin answered. */
export interface Answer {
  readonly status: number
  readonly text: string
}

const ACCEPT = 'application/vnd.docker.plugins.v1.2+json'

/** A plugin, asked as dockerd asks: POST, no Content-Type, JSON and a line feed, or nothing at all. */
export class PluginClient {
  readonly address: string
  readonly #where: RequestOptions
  readonly #secret: boolean

  constructor({ address, tls }: Located) {
    this.address = address
    const { protocol, hostname, port, pathname } = new URL(address)
    this.#secret = protocol === 'https:' || tls !== undefined
    this.#where =
      protocol === 'unix:'
        ? { socketPath: pathname, host: 'plugin.moby.localhost' }
        : { host: hostname, port, ...(tls ? secrets(tls) : {}) }
  }

  /** One call, and whatever is answered. Throws PLUGIN_UNREACHABLE, also when `timeout` (ms) has passed. */
  async send(method: string, body?: Json, { timeout = 10_000 }: { readonly timeout?: number } = {}): Promise<Answer> {
    try {
      return await this.#send(method, body === undefined ? '' : `${JSON.stringify(body)}\n`, AbortSignal.timeout(timeout))
    } catch (error) {
      const reason = (error as Error).name === 'AbortError' ? `no answer in ${timeout / 1000} s` : (error as Error).message
      throw fault('PLUGIN_UNREACHABLE', { method, address: this.address, reason }, error)
    }
  }

  #send(method: string, text: string, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { Accept: ACCEPT, 'Content-Length': Buffer.byteLength(text) }
      const options = { ...this.#where, method: 'POST', path: `/${method}`, headers, signal }
      const hear = (reply: IncomingMessage) =>
        void textOf(reply).then((said) => resolve({ status: reply.statusCode ?? 0, text: said }), reject)
      const asked = this.#secret ? askSecretly(options, hear) : askPlainly(options, hear)
      asked.once('error', reject).end(text)
    })
  }
}

async function textOf(reply: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of reply.setEncoding('utf8')) text += chunk
  return text
}

const secrets = ({ trustAnybody, ca, cert, key }: TlsFiles) => ({
  rejectUnauthorized: !trustAnybody,
  ...(ca ? { ca: readFileSync(ca) } : {}),
  ...(cert ? { cert: readFileSync(cert) } : {}),
  ...(key ? { key: readFileSync(key) } : {}),
})
