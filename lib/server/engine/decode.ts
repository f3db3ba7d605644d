import { type Static, type TSchema, TypeGuard } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { fault } from '../../model/errors.ts'

/**
 * JSON as a Go program reads it: a field's name may be in any case, a field that is unknown or null says nothing. What is left is
 * checked; throws REQUEST_INVALID.
 */
export function decode<S extends TSchema>(schema: S, json: unknown): Static<S> {
  const value = fitted(schema, json) ?? {}
  const wrong = Value.Errors(schema, value).First()
  if (wrong) throw fault('REQUEST_INVALID', { what: `${wrong.path.slice(1).replaceAll('/', '.') || 'it'}: ${wrong.message}` })
  return value as Static<S>
}

function fitted(schema: TSchema, json: unknown): unknown {
  if (json === null) return undefined
  if (TypeGuard.IsArray(schema) && Array.isArray(json)) return json.map((item) => fitted(schema.items, item) ?? zeroOf(schema.items))
  if (typeof json !== 'object' || Array.isArray(json)) return json
  if (TypeGuard.IsRecord(schema)) return mapped(json, (text) => text ?? '')
  return TypeGuard.IsObject(schema) ? fieldsOf(schema.properties, json) : json
}

/** What Go makes of a null in a list. */
const zeroOf = (schema: TSchema): unknown => (TypeGuard.IsString(schema) ? '' : {})

const mapped = (json: object, change: (value: unknown) => unknown): object =>
  Object.fromEntries(Object.entries(json).map(([key, value]) => [key, change(value)]))

function fieldsOf(properties: Readonly<Record<string, TSchema>>, json: object): object {
  const said = new Map(Object.entries(json).map(([key, value]) => [key.toLowerCase(), value]))
  const fields = Object.entries(properties).map(([key, schema]) => {
    const value = Object.hasOwn(json, key) ? (json as Record<string, unknown>)[key] : said.get(key.toLowerCase())
    return [key, fitted(schema, value)] as const
  })
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined))
}
