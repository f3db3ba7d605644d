import { parseAddress } from './address.ts'

/** A JSON value of libnftables-json(5). */
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }
type Fields = { readonly [key: string]: Json | undefined }

/**
 * One command of an nftables transaction as nft(8) spells it, without the word `nft`: 'add set inet cnm bridges { type
 * ifname; }'. null for what has no words here; such a command can still be given to `nft -j`.
 */
export function printNft(command: object): string | null {
  try {
    return commandText(command as Fields)
  } catch (error) {
    if (error instanceof Wordless) return null
    throw error
  }
}

class Wordless extends Error {}

/** The one key of an object, and what it holds: { add: … }, { jump: … }. */
function only(value: Json | undefined): readonly [string, Json] {
  const entries = isFields(value) ? Object.entries(value) : []
  const [key, inner] = entries[0] ?? []
  if (entries.length !== 1 || key === undefined || inner === undefined) throw new Wordless()
  return [key, inner]
}

const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

function fields(value: Json | undefined): Fields {
  if (!isFields(value)) throw new Wordless()
  return value
}

function word(value: Json | undefined): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new Wordless()
  return String(value)
}

/** A value or a list of them. */
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : value === undefined ? [] : [value as Json])

const VERBS = ['add', 'create', 'delete', 'flush']

function commandText(command: Fields): string {
  const [verb, what] = only(command)
  const [object, inner] = only(what)
  if (!VERBS.includes(verb)) throw new Wordless()
  const it = fields(inner)
  const made = verb === 'add' || verb === 'create'
  const place = `${word(it['family'])} ${object === 'table' ? word(it['name']) : word(it['table'])}`
  const head = `${verb} ${object} ${place}`
  switch (object) {
    case 'table':
      return head
    case 'chain':
      return `${head} ${word(it['name'])}${made ? hookText(it) : ''}`
    case 'set':
    case 'map':
      return `${head} ${word(it['name'])}${made ? typeText(it) : ''}`
    case 'element':
      return `${head} ${word(it['name'])} { ${list(it['elem'])
        .map((element) => elementText(element, list(it['type'])))
        .join(', ')} }`
    case 'rule':
      if (verb !== 'add') throw new Wordless()
      return `${head} ${word(it['chain'])} ${list(it['expr']).map(statementText).join(' ')}${commentText(it['comment'])}`
    default:
      throw new Wordless()
  }
}

const commentText = (comment: Json | undefined): string => (comment === undefined ? '' : ` comment ${quote(comment)}`)

const hookText = ({ type, hook, prio, policy }: Fields): string =>
  hook === undefined ? '' : ` { type ${word(type)} hook ${word(hook)} priority ${word(prio)}; policy ${word(policy)}; }`

function typeText({ type, map }: Fields): string {
  const data = map === undefined ? '' : ` : ${word(map)}`
  return ` { type ${list(type).map(word).join(' . ')}${data}; }`
}

/** `types`: of the key, where they are said. */
const elementText = (element: Json, types: readonly Json[]): string =>
  Array.isArray(element)
    ? `${keyText(element[0], types)} : ${isVerdict(element[1]) ? verdictText(element[1]) : keyText(element[1])}`
    : keyText(element, types)

/** Alone, a string is an address or the name of a link; in a concatenation it is a link where the set says so. */
function keyText(key: Json | undefined, types: readonly Json[] = []): string {
  if (typeof key === 'string' && !parseAddress(key)) return quote(key)
  if (!isFields(key) || !key['concat']) return expressionText(key)
  return list(key['concat'])
    .map((part, index) => (types[index] === 'ifname' ? quote(part) : expressionText(part)))
    .join(' . ')
}

const quote = (name: Json | undefined): string => `"${word(name)}"`

const VERDICTS = ['accept', 'drop', 'return', 'jump', 'goto']

const isVerdict = (value: Json | undefined): boolean => isFields(value) && VERDICTS.includes(Object.keys(value)[0] ?? '')

function verdictText(value: Json | undefined): string {
  const [verdict, inner] = only(value)
  return inner === null ? verdict : `${verdict} ${word(fields(inner)['target'])}`
}

function statementText(statement: Json): string {
  if (isVerdict(statement)) return verdictText(statement)
  const [kind, inner] = only(statement)
  if ((kind === 'masquerade' || kind === 'reject') && inner === null) return kind
  const it = fields(inner)
  switch (kind) {
    case 'match':
      return matchText(it)
    case 'vmap':
      return `${expressionText(it['key'])} vmap ${word(it['data'])}`
    case 'snat':
      return `snat ${word(it['family'])} to ${expressionText(it['addr'])}`
    case 'dnat': {
      const port = it['port'] === undefined ? '' : ` : ${expressionText(it['port'])}`
      return `dnat ${word(it['family'])} to ${expressionText(it['addr'])}${port}`
    }
    case 'reject':
      return `reject with ${word(it['type'])}${it['expr'] === undefined ? '' : ` ${word(it['expr'])}`}`
    default:
      throw new Wordless()
  }
}

/** Equality, and membership of a bit, go without saying. */
function matchText({ op, left, right }: Fields): string {
  const subject = expressionText(left)
  const operator = op === '==' || op === 'in' ? '' : `${word(op)} `
  const link = /^[io]ifname$/.test(subject) && typeof right === 'string' && !right.startsWith('@')
  return `${subject} ${operator}${link ? quote(right) : expressionText(right)}`
}

function expressionText(expression: Json | undefined): string {
  if (Array.isArray(expression)) return expression.map(expressionText).join(',')
  if (!isFields(expression)) return word(expression)
  const [kind, inner] = only(expression)
  if (kind === 'concat') return list(inner).map(expressionText).join(' . ')
  if (kind === '&') return list(inner).map(expressionText).join(' & ')
  const it = fields(inner)
  switch (kind) {
    case 'meta':
      return /^[io]ifname$/.test(word(it['key'])) ? word(it['key']) : `meta ${word(it['key'])}`
    case 'ct':
      return `ct ${word(it['key'])}`
    case 'payload':
      return `${word(it['protocol'])} ${word(it['field'])}`
    case 'fib':
      return `fib ${list(it['flags']).map(word).join(' . ')} ${word(it['result'])}`
    case 'prefix':
      return `${word(it['addr'])}/${word(it['len'])}`
    case 'map':
      return `${expressionText(it['key'])} map ${word(it['data'])}`
    default:
      throw new Wordless()
  }
}
