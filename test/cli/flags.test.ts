import { describe, expect, it } from 'vitest'
import { csv, driverOptions, integer, labels, listed, pairs, parseBool } from '../../lib/cli/flags.ts'

describe('csv', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['a,,b,', ['a', '', 'b', '']],
    ['name=web,"driver-opt=a=b,c"', ['name=web', 'driver-opt=a=b,c']],
    ['"say ""hi"""', ['say "hi"']],
    ['"', null],
    ['a"b', null],
    ['"a"b', null],
  ])('%s', (line, fields) => {
    expect(csv(line)).toEqual(fields)
  })
})

describe('values of flags', () => {
  it('lists are split at commas, each time the flag is given', () => {
    expect(listed('--subnet', ['10.0.0.0/24,10.1.0.0/24', '10.2.0.0/24'])).toEqual(['10.0.0.0/24', '10.1.0.0/24', '10.2.0.0/24'])
    expect(() => listed('--subnet', ['"10.0.0.0/24'])).toThrow(
      'invalid argument ""10.0.0.0/24" for "--subnet" flag: a quote is out of place',
    )
  })

  it('pairs are split at the first =, and a bare key has an empty value', () => {
    expect(pairs(['a=b=c', 'd=', 'e'])).toEqual({ a: 'b=c', d: '', e: '' })
  })

  it('a label needs a name', () => {
    expect(labels(['a=1', 'b'])).toEqual({ a: '1', b: '' })
    expect(() => labels(['=foo'])).toThrow(`invalid argument "=foo" for "--label" flag: invalid label '=foo': empty name`)
  })

  it('an option of a driver needs a value', () => {
    expect(driverOptions(['a=1'])).toEqual({ a: '1' })
    expect(driverOptions(['a=1', 'foo'])).toBeNull()
  })

  it('truth has several spellings, as in Go', () => {
    expect(['1', 't', 'TRUE', 'true'].map(parseBool)).toEqual([true, true, true, true])
    expect(['0', 'f', 'False', 'false'].map(parseBool)).toEqual([false, false, false, false])
    expect(['', 'yes', '2'].map(parseBool)).toEqual([null, null, null])
  })

  it('whole numbers may be negative', () => {
    expect(integer('-10')).toBe(-10)
    for (const text of ['x', '1.5', '', '0x10', '99999999999999999999']) expect(integer(text)).toBeNull()
  })
})
