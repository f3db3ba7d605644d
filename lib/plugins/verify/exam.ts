import type { Json, Said } from '../../model/call.ts'
import { CnmError } from '../../model/errors.ts'
import { isObject, parse, wordsOf } from '../answer.ts'
import type { Answer, PluginClient } from '../client.ts'

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
  #isReached = false

  constructor(client: PluginClient) {
    this.#client = client
  }

  /** The verdicts since the last time. */
  take(): readonly Verdict[] {
    return this.#verdicts.splice(0)
  }

  /** A call that is to succeed; null when it did not. */
  async ask(method: string, body?: Json): Promise<Said | null> {
    const answer = await this.#send(method, body)
    if (!answer) return null
    const { status, text } = answer
    const said = asInGo(parse(text))
    if (status !== 200) return this.#wrong(method, `answers ${status}: ${wordsOf(said) || text.trim()}`)
    // Go takes null for an object with nothing in it.
    if (said === null) return {}
    if (!isObject(said)) return this.#wrong(method, `answers what is no JSON object: ${text.slice(0, 80)}`)
    const words = wordsOf(said)
    return words ? this.#wrong(method, `answers 200 with an error: ${words}`) : said
  }

  /** A call that is to be refused, in words. */
  async refused(method: string, body: Json, what: string, weight: 'note' | 'wrong'): Promise<void> {
    const answer = await this.#send(method, body)
    if (!answer) return
    const words = wordsOf(asInGo(parse(answer.text)))
    if (answer.status === 200 && !words) this.note(weight, method, `${what} is accepted`)
    else if (answer.status !== 200 && !words)
      this.note('note', method, `${what} is refused with ${answer.status}, but not in words: {"Err": "…"}`)
    else this.ok(method, `${what} is refused: ${words}`)
  }

  /** A call whose answer does not matter as long as there is one. */
  async survives(method: string, body: Json, what: string): Promise<void> {
    const answer = await this.#send(method, body)
    if (answer) this.ok(method, `${what} is answered (${answer.status})`)
  }

  /** Whoever answered once and does not any more is judged; null then. */
  async #send(method: string, body: Json | undefined): Promise<Answer | null> {
    try {
      const answer = await this.#client.send(method, body)
      this.#isReached = true
      return answer
    } catch (error) {
      if (!(this.#isReached && error instanceof CnmError)) throw error
      const { reason = `nothing in ${error.values['seconds']} s` } = error.values
      return this.#wrong(method, `is not answered: ${reason}`)
    }
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

const NAMES = [
  ...['Err', 'Error', 'Implements', 'Scope', 'ConnectivityScope', 'Interface', 'Address', 'MacAddress', 'InterfaceName', 'SrcName'],
  ...['DstPrefix', 'Gateway', 'StaticRoutes', 'Destination', 'RouteType', 'NextHop', 'LocalDefaultAddressSpace'],
  ...['GlobalDefaultAddressSpace', 'PoolID', 'Pool'],
]
const BY_FOLDED: ReadonlyMap<string, string> = new Map(NAMES.map((name) => [name.toLowerCase(), name]))

/** Fields by the names they have in Go, which does not mind their case; one that is null is not there. */
function asInGo(said: Json | undefined): Json | undefined {
  if (Array.isArray(said)) return said.map((each) => asInGo(each) ?? null)
  if (!isObject(said)) return said
  const fields = Object.entries(said).filter(([, value]) => value !== null)
  return Object.fromEntries(fields.map(([name, value]) => [BY_FOLDED.get(name.toLowerCase()) ?? name, asInGo(value) ?? null]))
}
