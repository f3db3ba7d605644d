import { Type as T } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { fault } from '../../model/errors.ts'
import type { Filters } from '../../model/filter.ts'

/** What the API calls a map of sets; before 1.22 it was one of lists, and some clients never changed. */
const Sets = T.Record(T.String(), T.Union([T.Record(T.String(), T.Boolean()), T.Array(T.String()), T.Null()]))

/** The parameter `filters`: '{"label":{"a=b":true}}', or '{"label":["a=b"]}'. */
export function readFilters(text: string | null): Filters {
  const json = text ? parsed(text) : {}
  if (json === null) return new Map()
  if (!Value.Check(Sets, json)) throw fault('FILTERS_INVALID', {})
  return new Map(
    Object.entries(json).map(([key, values]) => [key, Array.isArray(values) ? [...new Set(values)] : Object.keys(values ?? {})]),
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw fault('FILTERS_INVALID', {}, error)
  }
}
