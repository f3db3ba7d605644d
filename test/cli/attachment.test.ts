import { describe, expect, it } from 'vitest'
import { attachmentsOf, parseAttachment } from '../../lib/cli/attachment.ts'
import { Misuse } from '../../lib/cli/misuse.ts'

describe('--network', () => {
  it('is a name', () => {
    expect(parseAttachment('web')).toEqual({ network: 'web' })
  })

  it('or has fields', () => {
    const text = 'name=Web,ip=10.0.0.5,ip6=fd00::5,alias=x,Alias=y,gw-priority=-10,mac-address=02:00:00:00:00:01,"driver-opt=a=b,c"'
    expect(parseAttachment(text)).toEqual({
      network: 'Web',
      ip: '10.0.0.5',
      ip6: 'fd00::5',
      aliases: ['x', 'y'],
      gwPriority: -10,
      mac: '02:00:00:00:00:01',
      options: { a: 'b,c' },
    })
  })

  it.each([
    ['', 'no name set for network'],
    ['ip=1.2.3.4', 'invalid argument "ip=1.2.3.4" for "--network" flag: network name/id is not specified'],
    ['name=web,foo=bar', 'invalid argument "name=web,foo=bar" for "--network" flag: invalid field key foo'],
    ['name=web,ip', 'invalid argument "name=web,ip" for "--network" flag: invalid field ip'],
    ['web,ip=3', 'invalid argument "web,ip=3" for "--network" flag: invalid field web'],
    ['name=web,gw-priority=x', 'invalid argument "name=web,gw-priority=x" for "--network" flag: invalid gw-priority (x): invalid syntax'],
    [
      'name=web,driver-opt=foo',
      'invalid argument "name=web,driver-opt=foo" for "--network" flag: invalid key value pair format in driver options',
    ],
    ['name=web,"alias=x', 'invalid argument "name=web,"alias=x" for "--network" flag: a quote is out of place'],
  ])('%s is refused', (text, sentence) => {
    expect(() => parseAttachment(text)).toThrow(new Misuse(sentence))
  })
})

describe('--network, --ip and --ip6', () => {
  it('leave it to the default when there are none', () => {
    expect(attachmentsOf({})).toBeUndefined()
  })

  it('address the first network, bridge if need be', () => {
    expect(attachmentsOf({ network: ['a', 'b'], ip: '10.0.0.5', ip6: 'fd00::5' })).toEqual([
      { network: 'a', ip: '10.0.0.5', ip6: 'fd00::5' },
      { network: 'b' },
    ])
    expect(attachmentsOf({ ip: '10.0.0.5' })).toEqual([{ network: 'bridge', ip: '10.0.0.5' }])
  })

  it('contradict themselves', () => {
    expect(() => attachmentsOf({ network: ['web', 'name=web,ip=10.0.0.5'] })).toThrow('network "web" is specified multiple times')
    expect(() => attachmentsOf({ network: ['name=web,ip=10.0.0.5'], ip: '10.0.0.6' })).toThrow(
      'conflicting options: cannot specify both --ip and per-network IPv4 address',
    )
  })
})
