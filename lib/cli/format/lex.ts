/** A template that is not one, or that does not fit its data; in the words of text/template. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

type Kind = 'text' | 'open' | 'close' | 'field' | 'variable' | 'word' | 'string' | 'number' | 'dot' | 'symbol' | 'end'

export interface Token {
  readonly kind: Kind
  readonly text: string
  readonly start: number
  readonly end: number
}

export const lineOf = (source: string, at: number): number => source.slice(0, at).split('\n').length

export const syntaxError = (source: string, at: number, message: string): TemplateError =>
  new TemplateError(`template: :${lineOf(source, at)}: ${message}`)

/** What an action is made of, the most specific first. */
const LEXEMES: readonly (readonly [Kind, RegExp])[] = [
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['number', /'(?:[^'\\\n]|\\.)*'|[+-]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)/y],
  ['field', /\.[\p{L}_][\p{L}\p{N}_]*/uy],
  ['dot', /\./y],
  ['variable', /\$[\p{L}\p{N}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['symbol', /:=|[=|(),]/y],
]

const OPEN = /\{\{(?:- )?/g
const COMMENT = /\s*\/\*[^]*?\*\/(\s-)?\}\}/y
const SPACE = /\s*/y
const CLOSE = /(\s-)?\}\}/y

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(source)
}

/** The words of a template; blanks that its dashes eat are gone. */
export function lex(source: string): readonly Token[] {
  const tokens: Token[] = []
  const push = (kind: Kind, start: number, end: number, text = source.slice(start, end)) => tokens.push({ kind, text, start, end })
  let at = 0
  let trimmed = false
  while (at < source.length) {
    const open = matchAt(OPEN, source, at)
    const end = open?.index ?? source.length
    const trims = (open?.[0].length ?? 0) > 2
    const text = trim(source.slice(at, end), trimmed, trims)
    if (text !== '') push('text', at, end, text)
    if (!open) break
    const comment = matchAt(COMMENT, source, end + 2 + (trims ? 1 : 0))
    if (comment) {
      at = COMMENT.lastIndex
      trimmed = comment[1] !== undefined
      continue
    }
    push('open', end, end + open[0].length)
    const close = lexAction(source, end + open[0].length, push)
    at = close.at
    trimmed = close.trims
  }
  push('end', source.length, source.length)
  return tokens
}

function trim(text: string, start: boolean, end: boolean): string {
  const left = start ? text.trimStart() : text
  return end ? left.trimEnd() : left
}

function lexAction(source: string, start: number, push: (kind: Kind, start: number, end: number) => void): { at: number; trims: boolean } {
  for (let at = start; ; ) {
    const close = matchAt(CLOSE, source, at)
    if (close) {
      push('close', at, CLOSE.lastIndex)
      return { at: CLOSE.lastIndex, trims: close[1] !== undefined }
    }
    const space = matchAt(SPACE, source, at)?.[0].length ?? 0
    if (space > 0) {
      at += space
      continue
    }
    at = lexWord(source, at, push)
  }
}

function lexWord(source: string, at: number, push: (kind: Kind, start: number, end: number) => void): number {
  if (at >= source.length) throw syntaxError(source, at, 'unclosed action')
  for (const [kind, pattern] of LEXEMES) {
    const match = matchAt(pattern, source, at)
    if (!match) continue
    push(kind, at, pattern.lastIndex)
    return pattern.lastIndex
  }
  if (source[at] === '"') throw syntaxError(source, at, 'unterminated quoted string')
  if (source[at] === '`') throw syntaxError(source, at, 'unterminated raw quoted string')
  throw syntaxError(source, at, `unexpected ${JSON.stringify(source[at])} in command`)
}
