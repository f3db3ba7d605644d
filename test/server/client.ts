import type { Controller } from '../../lib/index.ts'
import { engineServer } from '../../lib/server/engine/engine.ts'
import type { Json } from './recorded.ts'

export interface Said {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly json: Json
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS'

/** A client of the Docker Engine API, for what no docker(1) can be brought to ask. */
export class Client {
  readonly #app: ReturnType<typeof engineServer>

  constructor(cnm: Controller) {
    this.#app = engineServer(cnm, { ending: new AbortController().signal, release: '1.2.3' })
  }

  /** `body`: JSON, or text as it stands. */
  async ask(way: `${Method} /${string}`, body?: object | string, headers: Readonly<Record<string, string>> = {}): Promise<Said> {
    const [method, url] = way.split(' ', 2) as [Method, string]
    const sent = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const reply = await this.#app.inject({ method, url, ...sent, headers: { ...type, ...headers } })
    return { status: reply.statusCode, headers: reply.headers, text: reply.body, json: jsonIn(reply.body) }
  }

  /** What is said when all goes well. */
  async must(way: `${Method} /${string}`, body?: object): Promise<Json> {
    const { status, text, json } = await this.ask(way, body)
    if (status >= 300) throw new Error(`${way}: ${status} ${text}`)
    return json
  }
}

/** null for what is no JSON. */
function jsonIn(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
