import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { FINDINGS, finding } from '../../../lib/model/findings.ts'

it('the table of findings is what docs/doctor.md says, row by row', () => {
  const page = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8')
  const rows = Array.from(page.matchAll(/^\| `([A-Z_]+)` \| (.*) \| (.*) \| (.*) \|$/gm), ([, ...cells]) => cells)
  expect(rows).toEqual(Object.entries(FINDINGS).map(([code, sentences]) => [code, ...sentences]))
})

it('a finding has its sentences filled in', () => {
  expect(finding('NAMESPACE_GONE', 'sandbox web', { path: '/run/x', name: 'web' })).toEqual({
    code: 'NAMESPACE_GONE',
    subject: 'sandbox web',
    what: 'its namespace is gone: /run/x',
    why: 'it holds addresses and ports for nobody',
    fix: 'cnm sandbox rm web',
  })
})
