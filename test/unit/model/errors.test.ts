import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CnmError, ERRORS, fault } from '../../../lib/model/errors.ts'

/** A text as a cell of a Markdown table has it. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', '<br>').trim()

describe('the table of errors', () => {
  it('is what docs/errors.md says, row by row', () => {
    const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
    const rows = Array.from(page.matchAll(/^\| `(\w+)` \| (\d+) \| (.*?) \|(?: (.*))? \|$/gm), ([, ...cells]) =>
      cells.map((text) => text ?? ''),
    )
    const table: readonly (readonly [string, readonly [number, string, string?]])[] = Object.entries(ERRORS)
    expect(rows).toEqual(table.map(([code, [status, sentence, remedy = '']]) => [code, String(status), cell(sentence), cell(remedy)]))
  })
})

describe('an error', () => {
  it('has code, status, sentence and way out, filled in', () => {
    const cause = new Error('deeper')
    const error = fault('POOL_OVERLAP', { pool: '10.0.0.0/8', other: '10.1.0.0/16', holder: ' (network web)' }, cause)
    expect(error).toBeInstanceOf(CnmError)
    expect(error).toMatchObject({
      name: 'CnmError',
      code: 'POOL_OVERLAP',
      status: 403,
      message: 'invalid pool request: Pool overlaps with other one on this address space',
      remedy: '10.0.0.0/8 overlaps 10.1.0.0/16 (network web): choose another --subnet, or none',
      cause,
    })
  })

  it('has no way out and no cause where there is none', () => {
    const error = fault('INVALID_NAME', { reason: 'name is empty' })
    expect([error.message, error.remedy, 'cause' in error]).toEqual(['invalid name: name is empty', '', false])
  })

  it('fills in what looks like a pattern or a hole as it stands', () => {
    expect(fault('NETWORK_NOT_FOUND', { name: '$& {name} $1' }).message).toBe('network $& {name} $1 not found')
  })
})
