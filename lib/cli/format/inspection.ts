import { Template } from './evaluate.ts'
import { TemplateError } from './lex.ts'
import { refused } from './rows.ts'
import { indentedJson, type Struct, toJson, untyped } from './value.ts'

/** What `inspect` finds: its JSON, and where Docker has a type for it, that. */
export interface Finding {
  readonly json: object
  readonly typed?: Struct
}

/** How findings are shown: each by itself, then all that came of it. */
export interface Inspection {
  readonly each: (finding: Finding) => string
  readonly all: (texts: readonly string[]) => string
}

/** Docker's three ways: indented JSON, JSON in one line, or a template for each, which may fail. */
export function inspection(format = ''): Inspection {
  if (format === '') return { each: ({ json }) => indent(indentedJson(json)), all: (texts) => bracket(texts) }
  if (format === 'json') return { each: ({ json }) => toJson(json), all: (texts) => `[${texts.join(',')}]` }
  const template = refused(() => new Template(format))
  return { each: (finding) => refused(() => execute(template, finding)), all: (texts) => texts.join('\n') }
}

const indent = (text: string): string => text.replace(/^/gm, '    ')

const bracket = (texts: readonly string[]): string => (texts.length === 0 ? '[]' : `[\n${texts.join(',\n')}\n]`)

/** First with what Docker knows of the type; where that does not fit, with the names of the JSON. */
function execute(template: Template, { json, typed }: Finding): string {
  try {
    if (typed) return template.execute(typed)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
  }
  return template.execute(untyped(json), { strict: true })
}
