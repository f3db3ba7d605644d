import { describe, expect, it } from 'vitest'
import { isLinkName, macOf, newId, parseMac, shortId } from '../../../lib/model/ids.ts'

describe('newId', () => {
  it('is 64 hex digits, never the same, and its short form is never a number', () => {
    const ids = Array.from({ length: 2_000 }, newId)
    expect(ids.filter((id) => !/^[0-9a-f]{64}$/.test(id))).toEqual([])
    expect(ids.filter((id) => /^\d+$/.test(shortId(id)))).toEqual([])
    expect(new Set(ids.map(shortId)).size).toBe(2_000)
    expect(shortId('0123456789abcdef')).toBe('0123456789ab')
  })
})

describe('isLinkName', () => {
  it.each(['eth0', 'a', 'br-0123456789ab', 'x.100', '_', 'a+b', 'a-b_c'])('takes %s', (name) => {
    expect(isLinkName(name)).toBe(true)
  })

  it.each([
    '',
    'sixteen-letters-',
    '.',
    '..',
    'a/b',
    'a:b',
    'a b',
    'a\tb',
    'a\n',
    'é',
    'a\0',
    'a@b',
    '@bridges',
    'a*',
    'a"b',
    '-a',
    'all',
    'default',
  ])('refuses %j', (name) => {
    expect(isLinkName(name)).toBe(false)
  })
})

describe('macOf', () => {
  it('is a local unicast address made of the end of the id', () => {
    const id = `${'0'.repeat(54)}0123456789`
    expect(macOf(id)).toBe('02:01:23:45:67:89')
    expect(macOf(newId())).toMatch(/^02(:[0-9a-f]{2}){5}$/)
    // Of a swarm.
    expect(macOf('rf3ygumt70f83b2pdqcfbiizm')).toMatch(/^02(:[0-9a-f]{2}){5}$/)
    expect(macOf('rf3ygumt70f83b2pdqcfbiizm')).not.toBe(macOf('m024n70n61tq1prd4l48krdfe'))
  })
})

describe('parseMac', () => {
  it.each(['02:0A:ff:00:10:7e', '02-0a-ff-00-10-7e'])('reads %s', (text) => {
    expect(parseMac(text)).toEqual(Uint8Array.of(0x02, 0x0a, 0xff, 0x00, 0x10, 0x7e))
  })

  it.each(['', '02:0a:ff:00:10', '02:0a:ff:00:10:7e:11', '02:0a:ff:00:10:7', '02:0a:ff:00:10:7g', '020aff00107e', ' 02:0a:ff:00:10:7e'])(
    'refuses %j',
    (text) => {
      expect(parseMac(text)).toBeNull()
    },
  )
})
