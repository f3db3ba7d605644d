import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const read = (path: string): string => readFileSync(at(path), 'utf8')

const page = read('docs/bridge.md')
const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.endsWith('| test |'))
const shown = rows.map((line) => line.split(' | ').at(-1)?.replace(/ \|$/, '') ?? '')

describe('docs/bridge.md', () => {
  it('has a row for each option that the driver knows', () => {
    const sources = ['options', 'limits', 'routes'].map((name) => read(`lib/drivers/bridge-${name}.ts`)).join('')
    const known = sources.match(/(?<=^ {2}'|^const KEY = ')(com\.docker\.network|cnm)\.[\w.]+(?=')/gm) ?? []
    expect(known.length).toBeGreaterThan(10)
    // `gateway_mode_ipv4`, `…_ipv6`: one row for two.
    expect(
      known.filter((key) => !page.includes(`\`${key}\``) && !page.includes(`\`${key.replace(/ipv6$/, 'ipv4')}\`, \`…_ipv6\``)),
    ).toEqual([])
  })

  it.each(shown)('%s is a test', (test) => {
    const [file = '', name = ''] = test.split(' > ')
    expect(existsSync(at(`test/kernel/${file}`))).toBe(true)
    expect(read(`test/kernel/${file}`)).toContain(name)
  })

  it('has a page of rules for each kind of network', () => {
    expect(readdirSync(at('docs/firewall')).length).toBeGreaterThanOrEqual(10)
  })
})
