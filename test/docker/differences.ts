import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Facts } from './facts.ts'

/** What came of one line, where it is not the same. */
export interface Difference {
  readonly line: string
  readonly at: string
  readonly docker: string | undefined
  readonly cnm: string | undefined
}

/** A difference that is known; `*` is anything. Without a line it may be of any. */
export interface Known {
  readonly line?: string
  readonly at: string
  readonly docker?: string
  readonly cnm?: string
}

export interface Reason {
  readonly why: string
  readonly rows: readonly Known[]
}

export interface Table {
  /** Its version. */
  readonly dockerd: string
  readonly reasons: readonly Reason[]
}

/** What is known in a file of this folder. */
export const knownIn = (file: string): Table => parse(readFileSync(new URL(file, import.meta.url), 'utf8'))

export const differences = (line: string, docker: Facts, cnm: Facts): readonly Difference[] =>
  [...new Set([...Object.keys(docker), ...Object.keys(cnm)])]
    .filter((at) => docker[at] !== cnm[at])
    .map((at) => ({ line, at, docker: docker[at], cnm: cnm[at] }))

export const explains = (known: Known, found: Difference): boolean =>
  matches(known.line ?? '*', found.line) &&
  matches(known.at, found.at) &&
  matches(known.docker, found.docker) &&
  matches(known.cnm, found.cnm)

function matches(pattern: string | undefined, text: string | undefined): boolean {
  if (pattern === undefined || text === undefined) return pattern === text
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^]*')}$`).test(text)
}
