import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { knownIn } from '../../docker/differences.ts'
import { table } from '../../docker/page.ts'

it.each([
  ['docs/differences.md', 'differences.yaml'],
  ['docs/engine.md', 'engine.yaml'],
])('%s has the differences that test/docker/%s knows', async (page, file) => {
  const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8')
  await expect(text.replace(/(?<=\n## Differences\n\n)[^]*$/, () => table(knownIn(file)))).toMatchFileSnapshot(`../../../${page}`)
})
