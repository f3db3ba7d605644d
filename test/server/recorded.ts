import { readFileSync } from 'node:fs'

/** One call of a dockerd 20.10.24 to a plugin, and what that answered; what the daemon was told to do stands before. */
export interface Call {
  readonly command: string
  readonly seq: number
  readonly path: string
  readonly request: Json
  readonly response: Json
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** The calls in recorded/NAME.jsonl, in their order. */
export function callsIn(name: string): readonly Call[] {
  const lines = readFileSync(new URL(`recorded/${name}.jsonl`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  let command = ''
  return lines.flatMap((line) => {
    const { mark, ...call } = JSON.parse(line) as { readonly mark?: string } & Call
    if (mark === undefined) return [{ ...call, command }]
    if (mark.startsWith('$')) command = mark.replace(/^\$ docker\S* /, '')
    return []
  })
}
