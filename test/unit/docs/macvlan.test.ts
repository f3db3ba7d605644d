import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const read = (path: string): string => readFileSync(at(path), 'utf8')

const page = read('docs/macvlan.md')
const rows = page.split('\n').filter((line) => line.startsWith('| ') && line.includes(' > '))
const shown = rows.map((line) => line.split(' | ').at(-1)?.replace(/ \|$/, '') ?? '')

describe('docs/macvlan.md', () => {
  it('has a row for each option that the drivers know', () => {
    const sources = ['child', 'macvlan', 'ipvlan', 'parent', 'host-access'].map((name) => read(`lib/drivers/${name}.ts`)).join('')
    const known = sources.match(/(?<=^ {2}'|^(?:export )?const [A-Z_]+ = ')[\w.]+(?=')/gm) ?? []
    expect(known.length).toBeGreaterThan(10)
    expect(known.filter((key) => !page.includes(`\`${key}\``))).toEqual([])
  })

  it.each(shown)('%s is a test', (test) => {
    const [file = '', name = ''] = test.split(' > ')
    expect(existsSync(at(`test/kernel/${file}`))).toBe(true)
    expect(read(`test/kernel/${file}`)).toContain(name)
  })
})
