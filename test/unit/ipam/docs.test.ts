import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GLOBAL_POOLS, LOCAL_POOLS, SPARE_POOLS } from '../../../lib/ipam/predefined.ts'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

describe('docs/ipam.md', () => {
  it('lists the predefined pools', () => {
    const rows = Array.from(
      read('docs/ipam.md').matchAll(/^\|[^|]*\| ([\d.]+\/\d+) \| \/(\d+) \| (\d+) \|$/gm),
      ([, base, size, networks]) => ({
        base,
        size: Number(size),
        networks: Number(networks),
      }),
    )
    const pools = [...LOCAL_POOLS, ...SPARE_POOLS, ...GLOBAL_POOLS]
    expect(rows).toEqual(pools.map(({ base, size }) => ({ base, size, networks: 2 ** (size - Number(base.split('/')[1])) })))
  })

  it('has the example as it is', () => {
    expect(read('docs/ipam.md')).toContain(`\`\`\`js\n${read('examples/inventory.mjs')}\`\`\``)
  })
})
