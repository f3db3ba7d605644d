import { FUNCTIONS } from './functions.ts'
import { lex, syntaxError, type Token } from './lex.ts'

/** Where a piece of a template stands: `at` is what an error points to. */
interface Placed {
  readonly at: number
  readonly text: string
}

export type Operand = Placed &
  (
    | { readonly kind: 'literal'; readonly value: unknown }
    | { readonly kind: 'dot' }
    | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
    | { readonly kind: 'field'; readonly path: readonly string[] }
    | { readonly kind: 'chain'; readonly inner: Pipeline; readonly path: readonly string[] }
    | { readonly kind: 'function'; readonly name: string }
  )

export interface Command extends Placed {
  readonly operands: readonly [Operand, ...Operand[]]
}

export interface Pipeline {
  /** What the value is assigned to; a range may name two. */
  readonly variables: readonly string[]
  readonly declares: boolean
  readonly commands: readonly Command[]
}

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range'
      readonly pipeline: Pipeline
      readonly then: readonly Node[]
      readonly otherwise: readonly Node[]
    }
  | { readonly kind: 'break' | 'continue' }

const BLOCKS = ['if', 'with', 'range'] as const
type Block = (typeof BLOCKS)[number]

export const parse = (source: string): readonly Node[] => new Parser(source).template()

class Parser {
  readonly #source: string
  readonly #tokens: readonly Token[]
  #next = 0
  /** Names in scope, and how many loops we are in. */
  #variables = ['$']
  #loops = 0

  constructor(source: string) {
    this.#source = source
    this.#tokens = lex(source)
  }

  template(): readonly Node[] {
    const { nodes, end } = this.#list()
    if (end) throw this.#error(`unexpected {{${end}}}`)
    return nodes
  }

  get #token(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', start: this.#source.length, end: this.#source.length }
  }

  #error(message: string, at = this.#token.start) {
    return syntaxError(this.#source, at, message)
  }

  #is(kind: Token['kind'], text?: string): boolean {
    return this.#token.kind === kind && (text === undefined || this.#token.text === text)
  }

  #take(): Token {
    const token = this.#token
    this.#next++
    return token
  }

  #accept(kind: Token['kind'], text?: string): boolean {
    const found = this.#is(kind, text)
    if (found) this.#next++
    return found
  }

  #close(context: string): void {
    if (this.#is('symbol', ')')) throw this.#error('unexpected right paren')
    if (!this.#accept('close')) throw this.#error(`unexpected ${JSON.stringify(this.#token.text)} in ${context}`)
  }

  /** Up to the end of the template, or to an `else` or `end`, whose name is answered and which stays open. */
  #list(): { readonly nodes: readonly Node[]; readonly end: '' | 'else' | 'end' } {
    const nodes: Node[] = []
    while (!this.#is('end')) {
      if (this.#is('text')) {
        nodes.push({ kind: 'text', text: this.#take().text })
        continue
      }
      this.#take()
      for (const end of ['else', 'end'] as const) if (this.#accept('word', end)) return { nodes, end }
      nodes.push(this.#action())
    }
    return { nodes, end: '' }
  }

  #action(): Node {
    const block = BLOCKS.find((word) => this.#accept('word', word))
    if (block) return this.#block(block)
    const jump = (['break', 'continue'] as const).find((word) => this.#accept('word', word))
    if (jump) {
      if (this.#loops === 0) throw this.#error(`{{${jump}}} outside {{range}}`)
      this.#close(jump)
      return { kind: jump }
    }
    const pipeline = this.#pipeline('command')
    this.#close('command')
    return { kind: 'action', pipeline }
  }

  #block(kind: Block): Node {
    const outer = this.#variables
    this.#variables = [...outer]
    const pipeline = this.#pipeline(kind)
    this.#close(kind)
    if (kind === 'range') this.#loops++
    const { nodes, end } = this.#list()
    if (kind === 'range') this.#loops--
    const otherwise = end === 'else' ? this.#else(kind) : []
    if (end === 'end') this.#close('end')
    if (end === '') throw this.#error('unexpected EOF')
    this.#variables = outer
    return { kind, pipeline, then: nodes, otherwise }
  }

  /** `{{else}} … {{end}}`, or `{{else if …}}`, which shares the end. */
  #else(kind: Block): readonly Node[] {
    if (kind !== 'range' && this.#accept('word', kind)) return [this.#block(kind)]
    this.#close('else')
    const { nodes, end } = this.#list()
    if (end === '') throw this.#error('unexpected EOF')
    if (end === 'else') throw this.#error('expected end; found {{else}}')
    this.#close('end')
    return nodes
  }

  #pipeline(context: string): Pipeline {
    const { variables, declares } = this.#assignment(context)
    const commands = [this.#command(context)]
    while (this.#accept('symbol', '|')) commands.push(this.#command(context))
    const constant = commands.slice(1).find(({ operands: [first] }) => first.kind === 'literal' || first.kind === 'dot')
    if (constant) throw this.#error(`non executable command in pipeline stage ${commands.indexOf(constant) + 1}`)
    if (declares) this.#variables.push(...variables)
    return { variables, declares, commands }
  }

  #assignment(context: string): Pick<Pipeline, 'variables' | 'declares'> {
    const start = this.#next
    const variables: string[] = []
    while (this.#is('variable')) {
      variables.push(this.#take().text)
      if (!(context === 'range' && variables.length < 2 && this.#accept('symbol', ','))) break
    }
    const sign = variables.length > 0 ? [':=', '='].find((text) => this.#accept('symbol', text)) : undefined
    if (sign === undefined) {
      this.#next = start
      return { variables: [], declares: false }
    }
    if (sign === '=') for (const name of variables) this.#known(name)
    return { variables, declares: sign === ':=' }
  }

  #known(name: string): void {
    if (!this.#variables.includes(name)) throw this.#error(`undefined variable ${JSON.stringify(name)}`)
  }

  #command(context: string): Command {
    const { start } = this.#token
    const operands: Operand[] = []
    while (!this.#is('close') && !this.#is('symbol', '|') && !this.#is('symbol', ')')) operands.push(this.#operand(context))
    const [first, ...rest] = operands
    if (!first) throw this.#error(`missing value for ${context}`)
    return { operands: [first, ...rest], at: start, text: this.#since(start) }
  }

  #since(start: number): string {
    return this.#source.slice(start, this.#tokens[this.#next - 1]?.end)
  }

  #operand(context: string): Operand {
    const token = this.#take()
    if (token.kind === 'symbol' && token.text === '(') {
      const inner = this.#pipeline('parenthesized pipeline')
      if (!this.#accept('symbol', ')')) throw this.#error('unclosed left paren')
      return { kind: 'chain', inner, ...this.#path(token, []) }
    }
    switch (token.kind) {
      case 'field':
        return { kind: 'field', ...this.#path(token, [token.text.slice(1)]) }
      case 'variable':
        this.#known(token.text)
        return { kind: 'variable', name: token.text, ...this.#path(token, []) }
      case 'dot':
        return { kind: 'dot', at: token.start, text: '.' }
      case 'word':
        return this.#word(token)
      case 'string':
      case 'number':
        return { kind: 'literal', value: this.#literal(token), at: token.start, text: token.text }
      default:
        throw this.#error(`unexpected ${JSON.stringify(token.text)} in ${context}`, token.start)
    }
  }

  /** The fields that follow without a blank. An error in a chain of them points to the second, as Go's do. */
  #path(first: Token, fields: readonly string[]): Placed & { readonly path: readonly string[] } {
    const path = [...fields]
    let at = first.start
    while (this.#is('field') && this.#token.start === this.#tokens[this.#next - 1]?.end) {
      if (at === first.start) at = this.#token.start
      path.push(this.#take().text.slice(1))
    }
    if (this.#is('dot') && this.#token.start === this.#tokens[this.#next - 1]?.end) throw this.#error('unexpected <.> in operand')
    return { path, at, text: this.#since(first.start) }
  }

  #word({ text, start }: Token): Operand {
    const constants: Readonly<Record<string, unknown>> = { true: true, false: false, nil: null }
    if (Object.hasOwn(constants, text)) return { kind: 'literal', value: constants[text], at: start, text }
    if (!Object.hasOwn(FUNCTIONS, text)) throw this.#error(`function ${JSON.stringify(text)} not defined`, start)
    return { kind: 'function', name: text, at: start, text }
  }

  #literal({ kind, text, start }: Token): unknown {
    if (text.startsWith('`')) return text.slice(1, -1)
    if (text.startsWith("'")) return this.#character(text, start)
    if (kind === 'string') return this.#unquoted(text, start)
    return /^[+-]?0\d/.test(text) ? Number.parseInt(text, 8) : signed(text)
  }

  #character(text: string, start: number): number {
    const [character, ...more] = this.#unquoted(`"${text.slice(1, -1).replaceAll('"', '\\"')}"`, start)
    if (character === undefined || more.length > 0) throw this.#error(`malformed character constant: ${text}`, start)
    return character.codePointAt(0) ?? 0
  }

  #unquoted(text: string, start: number): string {
    const json = text.replace(/\\(?:x([0-9a-f]{2})|([av'])|(.))/gi, (whole, hex?: string, special?: string) => {
      if (hex !== undefined) return `\\u00${hex}`
      return special === undefined ? whole : ({ a: '\\u0007', v: '\\u000b', "'": "'" }[special] ?? whole)
    })
    try {
      return JSON.parse(json)
    } catch {
      throw this.#error(`invalid syntax: ${text}`, start)
    }
  }
}

/** Number() takes no sign before 0x. */
const signed = (text: string): number => (text.startsWith('-') ? -Number(text.slice(1)) : Number(text.replace('+', '')))
