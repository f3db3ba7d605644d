import { FUNCTIONS } from './functions.ts'
import { lineOf, TemplateError } from './lex.ts'
import { type Command, type Node, type Operand, type Pipeline, parse } from './parse.ts'
import { isTrue, Struct, show, sortedEntries } from './value.ts'

export interface Execution {
  /** A key that a map has not is refused; `missingkey=error` in Go. */
  readonly strict?: boolean
  /** Default: Go's and Docker's. */
  readonly functions?: typeof FUNCTIONS
}

/** A parsed template. Throws TemplateError. */
export class Template {
  readonly #source: string
  readonly #nodes: readonly Node[]

  constructor(source: string) {
    this.#source = source
    this.#nodes = parse(source)
  }

  execute(data: unknown, { strict = false, functions = FUNCTIONS }: Execution = {}): string {
    return new Evaluation(this.#source, strict, functions).run(this.#nodes, data)
  }
}

class Jump extends Error {
  readonly kind: 'break' | 'continue'
  constructor(kind: 'break' | 'continue') {
    super(kind)
    this.kind = kind
  }
}

/** Variables: blocks see those around them. */
class Scope {
  readonly #names = new Map<string, unknown>()
  readonly #outer: Scope | null

  constructor(outer: Scope | null) {
    this.#outer = outer
  }

  declare(name: string, value: unknown): void {
    this.#names.set(name, value)
  }

  assign(name: string, value: unknown): void {
    if (this.#names.has(name)) this.#names.set(name, value)
    else this.#outer?.assign(name, value)
  }

  get(name: string): unknown {
    return this.#names.has(name) ? this.#names.get(name) : this.#outer?.get(name)
  }
}

/** What a template works on at one place. */
interface Place {
  readonly dot: unknown
  readonly scope: Scope
}

class Evaluation {
  readonly #source: string
  readonly #strict: boolean
  readonly #functions: typeof FUNCTIONS
  #out = ''

  constructor(source: string, strict: boolean, functions: typeof FUNCTIONS) {
    this.#source = source
    this.#strict = strict
    this.#functions = functions
  }

  run(nodes: readonly Node[], data: unknown): string {
    const scope = new Scope(null)
    scope.declare('$', data)
    this.#list(nodes, { dot: data, scope })
    return this.#out
  }

  #list(nodes: readonly Node[], place: Place): void {
    for (const node of nodes) this.#node(node, place)
  }

  #node(node: Node, place: Place): void {
    switch (node.kind) {
      case 'text':
        this.#out += node.text
        return
      case 'action': {
        const value = this.#pipeline(node.pipeline, place)
        if (node.pipeline.variables.length === 0) this.#out += value === undefined || value === null ? '<no value>' : show(value)
        return
      }
      case 'range':
        return this.#range(node, place)
      case 'if':
      case 'with': {
        const inner = { ...place, scope: new Scope(place.scope) }
        const value = this.#pipeline(node.pipeline, inner)
        if (isTrue(value)) return this.#list(node.then, node.kind === 'with' ? { ...inner, dot: value } : inner)
        return this.#list(node.otherwise, inner)
      }
      default:
        throw new Jump(node.kind)
    }
  }

  #range({ pipeline, then, otherwise }: Extract<Node, { kind: 'if' | 'with' | 'range' }>, place: Place): void {
    const outer = new Scope(place.scope)
    const value = this.#value(pipeline, { ...place, scope: outer })
    const items = itemsOf(value)
    if (!items) throw this.#error(pipeline.commands[0], `range can't iterate over ${show(value)}`)
    if (items.length === 0) return this.#list(otherwise, place)
    for (const [key, item] of items) {
      const scope = new Scope(outer)
      const [first, second] = pipeline.variables
      const set = (name: string, to: unknown) => (pipeline.declares ? scope.declare(name, to) : scope.assign(name, to))
      if (first !== undefined) set(first, second === undefined ? item : key)
      if (second !== undefined) set(second, item)
      try {
        this.#list(then, { dot: item, scope })
      } catch (jump) {
        if (!(jump instanceof Jump)) throw jump
        if (jump.kind === 'break') return
      }
    }
  }

  #pipeline(pipeline: Pipeline, place: Place): unknown {
    const value = this.#value(pipeline, place)
    for (const name of pipeline.variables) pipeline.declares ? place.scope.declare(name, value) : place.scope.assign(name, value)
    return value
  }

  #value({ commands }: Pipeline, place: Place): unknown {
    return commands.reduce<readonly unknown[]>((piped, command) => [this.#command(command, place, piped)], [])[0]
  }

  /** `piped`: the value of the command before, which becomes the last argument. */
  #command(command: Command, place: Place, piped: readonly unknown[]): unknown {
    const [first, ...rest] = command.operands
    if (first.kind === 'function') {
      if ((first.name === 'and' || first.name === 'or') && rest.length > 0) return this.#logic(first.name, rest, place, piped)
      return this.#call(first, command, [...rest.map((operand) => this.#operand(operand, place)), ...piped])
    }
    if (first.kind === 'literal' && first.value === null) throw this.#error(first, 'nil is not a command')
    const args = [...rest.map((operand) => this.#operand(operand, place)), ...piped]
    return this.#operand(first, place, args)
  }

  #logic(name: 'and' | 'or', operands: readonly Operand[], place: Place, piped: readonly unknown[]): unknown {
    let value: unknown
    for (const operand of operands) {
      value = this.#operand(operand, place)
      if (isTrue(value) === (name === 'or')) return value
    }
    return piped.length > 0 ? piped[0] : value
  }

  #call(name: Extract<Operand, { kind: 'function' }>, whole: Operand | Command, args: readonly unknown[]): unknown {
    const known = this.#functions[name.name]
    if (!known) throw this.#error(name, `${JSON.stringify(name.name)} is not a defined function`)
    const { least, most, call } = known
    if (args.length < least || args.length > most) {
      const want = most === least ? String(least) : args.length < least ? `at least ${least}` : `at most ${most}`
      throw this.#error(name, `wrong number of args for ${name.name}: want ${want} got ${args.length}`)
    }
    try {
      return call(...args)
    } catch (error) {
      throw this.#error(whole, `error calling ${name.name}: ${(error as Error).message}`)
    }
  }

  #operand(operand: Operand, place: Place, args: readonly unknown[] = []): unknown {
    switch (operand.kind) {
      case 'literal':
        if (args.length > 0) throw this.#error(operand, `can't give argument to non-function ${operand.text}`)
        return operand.value
      case 'dot':
        return place.dot
      case 'function':
        return this.#call(operand, operand, args)
      case 'field':
        return this.#walk(operand, place.dot, operand.path, args)
      case 'variable':
        return this.#walk(operand, place.scope.get(operand.name), operand.path, args)
      case 'chain':
        return this.#walk(operand, this.#value(operand.inner, { ...place, scope: new Scope(place.scope) }), operand.path, args)
    }
  }

  #walk(at: Operand, from: unknown, path: readonly string[], args: readonly unknown[]): unknown {
    return path.reduce((value, name, index) => this.#field(at, value, name, index === path.length - 1 ? args : []), from)
  }

  #field(at: Operand, from: unknown, name: string, args: readonly unknown[]): unknown {
    const found = from instanceof Struct && Object.hasOwn(from.fields, name) ? from.fields[name] : undefined
    if (typeof found === 'function') return found(...args)
    if (args.length > 0) {
      const reason = from instanceof Map ? 'is not a method but has arguments' : 'has arguments but cannot be invoked as function'
      throw this.#error(at, `${name} ${reason}`)
    }
    if (from instanceof Struct && Object.hasOwn(from.fields, name)) return found
    if (from instanceof Map) {
      if (!from.has(name) && this.#strict) throw this.#error(at, `map has no entry for key ${JSON.stringify(name)}`)
      return from.get(name)
    }
    if (from === undefined && !this.#strict) return undefined
    if (from === undefined) throw this.#error(at, `nil data; no entry for key ${JSON.stringify(name)}`)
    if (from === null) throw this.#error(at, `nil pointer evaluating interface {}.${name}`)
    throw this.#error(at, `can't evaluate field ${name} in type ${this.#typeOf(from)}`)
  }

  /** Where keys of maps have to be there, nothing is known of types. */
  #typeOf(value: unknown): string {
    if (value instanceof Struct) return value.type
    return this.#strict ? 'interface {}' : typeof value
  }

  #error(piece: { readonly at: number; readonly text: string } | undefined, message: string): TemplateError {
    const { at = 0, text = '' } = piece ?? {}
    const column = at - (this.#source.lastIndexOf('\n', at - 1) + 1)
    return new TemplateError(`template: :${lineOf(this.#source, at)}:${column}: executing "" at <${text}>: ${message}`)
  }
}

/** null: nothing to go through. */
function itemsOf(value: unknown): readonly (readonly [unknown, unknown])[] | null {
  if (value === null || value === undefined) return []
  if (value instanceof Map) return sortedEntries(value)
  if (Array.isArray(value)) return value.map((item, index) => [index, item])
  return typeof value === 'number' ? Array.from({ length: value }, (_, index) => [index, index]) : null
}
