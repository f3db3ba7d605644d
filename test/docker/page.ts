import { readFileSync } from 'node:fs'
import type { Known, Table } from './differences.ts'

/** The differences as a table of Markdown; a reason stands at its first row. */
export const table = ({ dockerd, reasons }: Table): string =>
  [
    `| at | dockerd ${dockerd} | cnm | why |`,
    '|---|---|---|---|',
    ...reasons.flatMap(({ why, rows }) => rows.map((row, index) => rowOf(row, index === 0 ? why : ''))),
    '',
  ].join('\n')

const rowOf = ({ line, at, docker, cnm }: Known, why: string): string =>
  `| ${[[line, at].filter(Boolean).map(code).join(': '), code(docker), code(cnm), why].join(' | ')} |`

const code = (text: string | undefined): string =>
  (text ?? '')
    .split('\n')
    .map((line) => (line === '' ? '' : `\`${line}\``))
    .join('<br>')

/** What a page of docs/ has an operator type, block by block. */
export const commandsIn = (page: string): readonly (readonly string[])[] =>
  Array.from(readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8').matchAll(/^```\n([^]*?)^```$/gm), ([, block = '']) =>
    block
      .trim()
      .split('\n')
      .map((line) => line.replace(/^# /, '')),
  )
