import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { fault } from '../../model/errors.ts'

/** JSON as it has to be. Throws REQUEST_INVALID. */
export function checked<S extends TSchema>(schema: S, json: unknown): Static<S> {
  const wrong = Value.Errors(schema, json).First()
  if (wrong) throw fault('REQUEST_INVALID', { what: `${wrong.path.slice(1).replaceAll('/', '.') || 'it'}: ${wrong.message}` })
  return json as Static<S>
}
