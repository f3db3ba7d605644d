import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { table } from '../../docker/page.ts'

it('docs/docker.md has the differences that test/docker knows', async () => {
  const page = readFileSync(new URL('../../../docs/docker.md', import.meta.url), 'utf8')
  await expect(page.replace(/(?<=\n## Differences\n\n)[^]*$/, table)).toMatchFileSnapshot('../../../docs/docker.md')
})
