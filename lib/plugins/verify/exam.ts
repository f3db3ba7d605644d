import type { Json, Said } from '../../model/call.ts'
import { wordsOf } from '../answer.ts'
import type { PluginClient } from '../client.ts'

/** ok: as dockerd needs it. note: dockerd gets along with it. wrong: it does not, or something leaks. */
export interface Verdict {
  readonly verdict: 'ok' | 'note' | 'wrong'
  /** 'NetworkDriver.Join' */
  readonly method: string
  readonly what: string
}

/** Asks a plugin, and writes down what is to be said of its answers. */
export class Exam {
  readonly #client: PluginClient
  readonly #verdicts: Verdict[] = []

  constructor(client: PluginClient) {
    this.#client = client
  }

  /** The verdicts since the last time. */
  take(): readonly Verdict[] {
    return this.#verdicts.splice(0)
  }

  /** A call that is to succeed; null when it did not. */
  async ask(method: string, body?: Json): Promise<Said | null> {
    const { status, text } = await this.#client.send(method, body)
    const said = parse(text)
    if (status !== 200) return this.#wrong(method, `answers ${status}: ${wordsOf(said) || text.trim()}`)
    // Go takes null for an object with nothing in it.
    if (said === null) return {}
    if (said === undefined || typeof said !== 'object' || Array.isArray(said))
      return this.#wrong(method, `answers what is no JSON object: ${text.slice(0, 80)}`)
    const words = wordsOf(said)
    return words ? this.#wrong(method, `answers 200 with an error: ${words}`) : (said as Said)
  }

  /** A call that is to be refused, in words. */
  async refused(method: string, body: Json, what: string, weight: 'note' | 'wrong'): Promise<void> {
    const { status, text } = await this.#client.send(method, body)
    const words = wordsOf(parse(text))
    if (status === 200 && !words) this.note(weight, method, `${what} is accepted`)
    else if (status !== 200 && !words) this.note('note', method, `${what} is refused with ${status}, but not in words: {"Err": "…"}`)
    else this.ok(method, `${what} is refused: ${words}`)
  }

  /** A call whose answer does not matter as long as there is one. */
  async survives(method: string, body: Json, what: string): Promise<void> {
    const { status } = await this.#client.send(method, body)
    this.ok(method, `${what} is answered (${status})`)
  }

  ok(method: string, what: string): void {
    this.#verdicts.push({ verdict: 'ok', method, what })
  }

  note(verdict: 'note' | 'wrong', method: string, what: string): void {
    this.#verdicts.push({ verdict, method, what })
  }

  /** Wrong unless `isTrue`; `what` is what should be. */
  expect(isTrue: boolean, method: string, what: string, found: Json | undefined): boolean {
    if (isTrue) this.ok(method, what)
    else this.#wrong(method, `${what}, but it is ${JSON.stringify(found) ?? 'missing'}`)
    return isTrue
  }

  #wrong(method: string, what: string): null {
    this.note('wrong', method, what)
    return null
  }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
