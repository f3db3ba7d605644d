import { describe, expect, it } from 'vitest'
import { inNaturalOrder } from '../../lib/cli/natural.ts'
import { table } from '../../lib/cli/table.ts'

describe('table', () => {
  it('pads to the widest cell and three blanks, to ten at least, and nothing after the last', () => {
    expect(
      table(
        ['NETWORK ID', 'NAME', 'DRIVER', 'SCOPE'],
        ['3a1f0c2b4d5e', 'bridge', 'bridge', 'local'],
        ['4b2f0c2b4d5e', 'a_rather_long_name', 'null', 'local'],
        ['5c3f0c2b4d5e', 'naïve', 'null', 'local'],
      ).split('\n'),
    ).toEqual([
      'NETWORK ID     NAME                 DRIVER    SCOPE',
      '3a1f0c2b4d5e   bridge               bridge    local',
      '4b2f0c2b4d5e   a_rather_long_name   null      local',
      '5c3f0c2b4d5e   naïve                null      local',
    ])
  })

  it('keeps an empty column', () => {
    expect(table(['A', 'B', 'C'], ['1', '', ''])).toBe('A         B         C\n1                   ')
  })
})

describe('order', () => {
  it('is that of Docker for the same names', () => {
    const docker = ['Web1', 'a_b', 'bridge', 'host', 'naïve', 'web', 'web2', 'web02', 'web002', 'web10', 'web-1']
    expect(inNaturalOrder(docker.toReversed(), (name) => name)).toEqual(docker)
  })
})
