import { Contradiction } from '../misuse.ts'
import { table } from '../table.ts'
import { Template } from './evaluate.ts'
import { FUNCTIONS } from './functions.ts'
import { TemplateError } from './lex.ts'
import { Row } from './value.ts'

/** A kind of list that `--format` can be asked of. */
export interface Listing {
  /** Field → what stands above its column. */
  readonly headers: Readonly<Record<string, string>>
  /** The columns of the table that is shown when nothing is asked for. */
  readonly columns: readonly string[]
  readonly raw: string
  readonly quietRaw: string
}

export interface ListFlags {
  readonly format?: string
  readonly quiet?: boolean
}

const QUIET = '{{.ID}}'
const TABLE = /^table */

/** Above a column stands its name, whatever is done with the values below. */
const asIs = { least: 1, most: 2, call: (name: unknown) => name }
const HEADER_FUNCTIONS: typeof FUNCTIONS = { ...FUNCTIONS, json: asIs, title: asIs, lower: asIs, upper: asIs, truncate: asIs }

const labelHeader = (key: string): string => (key.split('.').at(-1) ?? '').replace(/[-_]/g, ' ')

/** A list as `--format` wants it, with its last line break; '' when there is nothing to show. */
export function formatRows(listing: Listing, rows: readonly Row[], { format = '', quiet = false }: ListFlags): string {
  const wanted = format === '' ? 'table' : format
  const text = templateOf(listing, wanted, quiet)
  const template = compile(
    text
      .replace(TABLE, '')
      .replace(/^ +| +$/g, '')
      .replaceAll('\\t', '\t')
      .replaceAll('\\n', '\n'),
  )
  const lines = rows.map((row) => execute(template, row))
  if (!TABLE.test(text)) return lines.map((line) => `${line}\n`).join('')
  const header = execute(template, new Row('header', { ...listing.headers, Label: labelHeader }), HEADER_FUNCTIONS)
  return `${table(...[header, ...lines].flatMap((line) => line.split('\n')).map((line) => line.split('\t')))}\n`
}

function templateOf({ columns, raw, quietRaw }: Listing, format: string, quiet: boolean): string {
  if (format === 'table') return quiet ? QUIET : `table ${columns.map((name) => `{{.${name}}}`).join('\t')}`
  if (format === 'raw') return quiet ? quietRaw : raw
  return format === 'json' ? '{{json .}}' : format
}

/** What TemplateError says, as Docker says it. */
export function refused<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof TemplateError ? new Contradiction(`template parsing error: ${error.message}`) : error
  }
}

const compile = (text: string): Template => refused(() => new Template(text))

const execute = (template: Template, row: Row, functions = FUNCTIONS): string => refused(() => template.execute(row, { functions }))
