import { describe, expect, it } from 'vitest'
import { networkFilter } from '../../lib/cli/filter.ts'
import type { Controller } from '../../lib/controller/controller.ts'
import type { Network } from '../../lib/model/network.ts'

const network = (name: string, fields: Partial<Network> = {}): Network => ({
  id: 'f00d',
  name,
  driver: 'bridge',
  scope: 'local',
  created: '2026-01-01T00:00:00.000Z',
  internal: false,
  attachable: false,
  enableIPv4: true,
  enableIPv6: false,
  labels: {},
  options: {},
  ipam: { driver: 'default', options: {} },
  pools: [],
  ...fields,
})

const ALL = [
  network('bridge', { id: 'abc1' }),
  network('none', { driver: 'null', id: 'abc2' }),
  network('web', { labels: { app: 'shop', tier: '1' }, id: 'bcd3' }),
  network('web-old', { labels: { app: 'blog' }, id: 'bcd4' }),
]

/** Somebody is on web-old. */
const cnm = { guests: (id: string) => (id === 'bcd4' ? [{}] : []) } as unknown as Controller

describe('--filter', () => {
  it.each<[string[], string[]]>([
    [[], ['bridge', 'none', 'web', 'web-old']],
    [[''], ['bridge', 'none', 'web', 'web-old']],
    [['name=web'], ['web', 'web-old']],
    [['name=^web$'], ['web']],
    [
      ['name=web', 'name=none'],
      ['none', 'web', 'web-old'],
    ],
    [['name=('], []],
    [['id=abc'], ['bridge', 'none']],
    [['driver=null'], ['none']],
    [['driver=nul'], []],
    [
      ['scope=local', 'DRIVER = bridge'],
      ['bridge', 'web', 'web-old'],
    ],
    [['scope=swarm'], []],
    [['type=builtin'], ['bridge', 'none']],
    [
      ['type=custom', 'label=app'],
      ['web', 'web-old'],
    ],
    [['label=app=shop'], ['web']],
    [['label=app', 'label=tier=1'], ['web']],
    [['label=constructor'], []],
    [['dangling=true'], ['web']],
    [['dangling=1', 'label=app=blog'], []],
    [['dangling=0'], ['bridge', 'none', 'web-old']],
    [['dangling=False'], ['bridge', 'none', 'web-old']],
  ])('%j', (texts, names) => {
    expect(ALL.filter((network) => networkFilter(texts)(network, cnm)).map(({ name }) => name)).toEqual(names)
  })

  it('refuses what it does not know, as Docker does', () => {
    for (const name of ['constructor', '__proto__']) expect(() => networkFilter([`${name}=x`])).toThrow(`invalid filter '${name}'`)
    expect(() => networkFilter(['foo'])).toThrow('invalid argument "foo" for "--filter" flag: bad format of filter (expected name=value)')
    expect(() => networkFilter(['colour=red'])).toThrow("invalid filter 'colour'")
    expect(() => networkFilter(['type=x'])).toThrow("invalid filter: 'type'='x'")
    expect(() => networkFilter(['dangling=1', 'dangling=0'])).toThrow('got more than one value for filter key "dangling"')
    expect(() => networkFilter(['dangling=2'])).toThrow(
      'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")',
    )
  })
})
