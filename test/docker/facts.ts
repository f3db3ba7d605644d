import type { Ran } from '../support/run.ts'

/** What came of a line of the script: by where it was seen, what. */
export type Facts = Readonly<Record<string, string>>

/** What a command line printed, taken apart: JSON by its paths, other text by its lines. */
export function factsOf(line: string, { status, stdout, stderr }: Ran): Facts {
  const plain = (text: string) => without(text, line)
  return {
    exit: String(status),
    error: plain(sentence(stderr)),
    ...Object.fromEntries(printed(stdout, line).map(([at, text]) => [at, plain(text)])),
  }
}

/** Without what each frames it with: Docker that a daemon told it, and what it gave up therefore; `cnm` the way out. */
const sentence = (stderr: string): string =>
  stderr
    .replaceAll(/^Error response from daemon: /gm, '')
    .replace(/^Error: failed to start containers: .*\n/m, '')
    .replaceAll(/^hint: .*\n/gm, '')
    .trimEnd()

const ID = /\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b/g

/** Without what is another each time: ids, moments, MAC addresses and ports that nobody asked for. */
const without = (text: string, line: string): string =>
  text
    .replaceAll(ID, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, (mac) => (line.includes(mac) ? mac : 'MAC'))
    .replaceAll(/"HostPort":"(3[2-9]|[456]\d)\d{3}"/g, '"HostPort":"EPHEMERAL"')

function printed(stdout: string, line: string): readonly (readonly [string, string])[] {
  const json = /^[[{]/.test(stdout) ? jsonIn(stdout) : undefined
  if (json !== undefined) return leaves('', json)
  const lines = stdout.trimEnd().split('\n')
  // In no order that could be relied on.
  if (line.startsWith('network prune')) lines.sort()
  return lines.filter((text) => text !== '').map((text, index) => [`line ${index + 1}`, text.replaceAll(/ +/g, ' ')])
}

/** undefined for what only begins like it. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Each value within, by the way to it. */
function leaves(path: string, value: unknown): readonly (readonly [string, string])[] {
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) return [[path, JSON.stringify(value)]]
  const isList = Array.isArray(value)
  return Object.entries(value).flatMap(([key, inner]) => leaves(isList ? `${path}[${key}]` : `${path}.${nameOf(key, inner)}`, inner))
}

/** In a map by id, what is found there has a name. */
const nameOf = (key: string, value: unknown): string => (/^[0-9a-f]{64}$/.test(key) ? (value as { Name: string }).Name : key)
