import { describe, expect, it } from 'vitest'
import { readEventFilters, readFilters } from '../../lib/cli/filter.ts'
import { eventFilter, networkFilter, pruneFilter } from '../../lib/model/filter.ts'
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
const isUsed = ({ id }: Network) => id === 'bcd4'
const filter = (texts: readonly string[]) => networkFilter(readFilters(texts))

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
  ])('%j', async (texts, names) => {
    const passes = await filter(texts)
    expect(ALL.filter((network) => passes(network, isUsed)).map(({ name }) => name)).toEqual(names)
  })

  it('refuses what it does not know, as Docker does', async () => {
    const refused = (...texts: readonly string[]) => expect(filter(texts)).rejects
    for (const name of ['constructor', '__proto__']) await refused(`${name}=x`).toThrow(`invalid filter '${name}'`)
    expect(() => filter(['foo'])).toThrow('invalid argument "foo" for "--filter" flag: bad format of filter (expected name=value)')
    await refused('colour=red').toThrow("invalid filter 'colour'")
    await refused('type=x').toThrow("invalid filter: 'type'='x'")
    await refused('dangling=1', 'dangling=0').toThrow('got more than one value for filter key "dangling"')
    await refused('dangling=2').toThrow('invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")')
  })

  it('takes as long for a pattern that means harm as for any other', async () => {
    const long = network('a'.repeat(50_000))
    expect((await filter(['name=(a+)+b$']))(long, isUsed)).toBe(false)
    expect((await filter(['name=^(a+)+$']))(long, isUsed)).toBe(true)
  })

  it('of events takes what it knows from who types, and from a client anything', () => {
    expect(() => readEventFilters(['colour=red'])).toThrow("invalid filter 'colour'")
    const event = { action: 'create', id: 'abc1', scope: 'swarm', attributes: { name: 'web', type: 'bridge' }, time: 0 } as const
    const passes = (key: string, ...values: string[]) => eventFilter(new Map([[key, values]]))(event)
    expect(['colour', '__proto__', 'constructor'].map((key) => passes(key, 'red'))).toEqual([true, true, true])
    expect(['volume', 'image', 'container'].map((key) => passes(key, 'web'))).toEqual([false, false, false])
    expect([passes('scope', 'swarm'), passes('scope', 'local')]).toEqual([true, false])
    expect([passes('network'), passes('network', 'x', 'web'), passes('label', 'type=bridge'), passes('label', 'x')]).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  it('of what goes knows labels and one moment', () => {
    const prune = (texts: readonly string[]) => pruneFilter(readFilters(texts), 0)
    expect(() => prune(['name=x'])).toThrow("invalid filter 'name'")
    expect(() => prune(['until=1h', 'until=2h'])).toThrow('more than one until filter specified')
    expect(() => prune(['until=soon'])).toThrow('failed to parse value as time or duration: "soon"')
  })
})
