import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AnnounceOp, Op } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { parseMac } from '../../lib/model/ids.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { capture } from '../support/capture.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
const mac = (text: string): Uint8Array => parseMac(text) ?? expect.fail(text)

const OWN = '02:00:00:00:00:01'
const MOVED = '02:00:00:00:00:77'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'sysctl', path: 'net/ipv6/conf/default/accept_dad', value: '0' },
    { op: 'sysctl', at: 1, path: 'net/ipv6/conf/default/accept_dad', value: '0' },
    { op: 'link.add', name: 'v0', kind: 'veth', mac: mac(OWN), up: true, peer: { name: 'eth0', at: 1 } },
    { op: 'link.set', at: 1, link: 'eth0', up: true },
    { op: 'addr.add', at: 1, link: 'eth0', address: bytes('10.0.0.2'), prefix: 24 },
    { op: 'addr.add', at: 1, link: 'eth0', address: bytes('fd00::2'), prefix: 64 },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const refused = async (op: Op) => (await spaces.apply(op)).refusal
const announcements = (count: number, act: () => unknown) =>
  capture(spaces.paths[1], { link: 'eth0', filter: 'arp or icmp6[0] == 136', count }, act)
const hexOf = (text: string) => Buffer.from(text.includes(':') && text.length === 17 ? mac(text) : bytes(text)).toString('hex')

/** What RFC 826 and RFC 4861 say that an announcement is. */
const arp = (from: string, opcode: string, target: string) =>
  `${'ff'.repeat(6)}${hexOf(from)}0806000108000604${opcode}${hexOf(from)}${hexOf('10.0.0.5')}${hexOf(target)}${hexOf('10.0.0.5')}`
const advertisement = (from: string, flags: string, checksum: string) =>
  `333300000001${hexOf(from)}86dd6000000000203aff${hexOf('fd00::5')}${hexOf('ff02::1')}8800${checksum}${flags}000000${hexOf('fd00::5')}0201${hexOf(from)}`

const v4: AnnounceOp = { op: 'announce', link: 'v0', address: bytes('10.0.0.5') }
const v6: AnnounceOp = { op: 'announce', link: 'v0', address: bytes('fd00::5') }
const moved = { mac: mac(MOVED) }

const frames: Readonly<Record<string, readonly [AnnounceOp, string]>> = {
  'IPv4, as a request': [v4, arp(OWN, '0001', '00:00:00:00:00:00')],
  'IPv4, for another MAC address': [{ ...v4, ...moved, as: 'request' }, arp(MOVED, '0001', '00:00:00:00:00:00')],
  'IPv4, as a reply': [{ ...v4, ...moved, as: 'reply' }, arp(MOVED, '0002', MOVED)],
  IPv6: [v6, advertisement(OWN, '20', '5a93')],
  'IPv6, of a router at another MAC address': [{ ...v6, ...moved, router: true }, advertisement(MOVED, 'a0', 'da1c')],
}

describe.each(Object.entries(frames))('%s', (_, [op, frame]) => {
  it('is heard as it should be', async () => {
    expect(await announcements(1, () => spaces.do(op))).toEqual([frame])
  })

  it('is the same when what is printed is pasted', async () => {
    expect(await announcements(1, () => paste(printPlan([op]), { netns: spaces.paths[0] }))).toEqual([frame])
  })
})

it.each([v4, v6])('is said as often as is asked for, pasted too', async (op) => {
  const said = await announcements(3, () => spaces.do({ ...op, count: 3 }))
  expect(new Set(said).size).toBe(1)
  expect(await announcements(3, () => paste(printPlan([{ ...op, count: 3 }]), { netns: spaces.paths[0] }))).toEqual(said)
})

describe.each([
  { family: 'IPv4', address: '10.0.0.5', ops: [v4, { ...v4, as: 'reply' as const }] },
  { family: 'IPv6', address: 'fd00::5', ops: [v6] },
])('a neighbour, $family', ({ address, ops }) => {
  const neighbour = () => must(['ip', 'neigh', 'show', address], { netns: spaces.paths[1] })

  it.each(ops)('that knows the address by another MAC address learns the new one', async (op) => {
    const stale: Op = { op: 'neigh.add', at: 1, link: 'eth0', address: bytes(address), mac: mac('02:00:00:00:00:66'), state: 'stale' }
    await spaces.do(stale)
    await announcements(1, () => spaces.do({ ...op, ...moved }))
    expect(neighbour()).toContain(MOVED)
    await announcements(1, () => spaces.do(op))
    expect(neighbour()).toContain(OWN)
  })
})

it('a switch learns where the MAC address is', async () => {
  await spaces.do({ op: 'link.add', at: 1, name: 'br0', kind: 'bridge', up: true }, { op: 'link.set', at: 1, link: 'eth0', master: 'br0' })
  await spaces.do({ op: 'sysctl', at: 1, path: 'net/ipv6/conf/br0/disable_ipv6', value: '1' })
  await announcements(1, () => spaces.do({ ...v4, ...moved }))
  expect(must(['bridge', 'fdb', 'show', 'br', 'br0'], { netns: spaces.paths[1] })).toContain(`${MOVED} dev eth0 master br0`)
})

describe('nobody can hear it', () => {
  it('on a link that is down', async () => {
    await spaces.do({ op: 'link.set', link: 'v0', up: false })
    expect(await refused(v4)).toMatchObject({ errno: -100, message: 'the link is down', request: 'announce' })
  })

  it('on a link without a carrier', async () => {
    await spaces.do({ op: 'link.set', at: 1, link: 'eth0', up: false })
    expect(await refused(v6)).toMatchObject({ errno: -100, message: 'the link has no carrier', request: 'announce' })
  })

  it('on one that is not Ethernet, or not there', async () => {
    expect(await refused({ ...v4, link: 'lo' })).toMatchObject({ errno: -95, message: 'the link is not Ethernet', request: 'announce' })
    expect(await refused({ ...v4, link: 'no' })).toMatchObject({ errno: -19, request: 'RTM_GETLINK' })
  })
})

it('what was said is not taken back', () => {
  expect(undoOf([v4, v6])).toEqual([])
})

it.each([
  ['address', { ...v4, address: new Uint8Array(6) }],
  ['mac', { ...v4, mac: new Uint8Array(4) }],
  ['count', { ...v4, count: 0 }],
  ['count', { ...v4, count: 256 }],
  ['as', { ...v4, as: 'shout' }],
  ['as', { ...v6, as: 'reply' }],
  ['router', { ...v4, router: true }],
  ['link', { ...v4, link: 0 }],
])('a wrong %s is misuse', (field, op) => {
  expect(() => spaces.apply(op as Op)).toThrow(
    expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringContaining(`ops[0].${field}: `) }),
  )
})
