import { expect, it } from 'vitest'
import { NOBODY, opened, UDP, unwrap6, wrap6 } from '../../../lib/ipam/dhcp/frame6.ts'
import { decode6, encode6 } from '../../../lib/ipam/dhcp/message6.ts'
import { announcement, answerTo, claimant6, membership, neighbourProbe, routerSolicitation } from '../../../lib/ipam/dhcp/ndp.ts'
import { type Address, formatCidr, parseAddress, toBytes } from '../../../lib/model/address.ts'
import { seeded } from '../../support/random.ts'

const ip = (text: string): Address => parseAddress(text) ?? expect.fail(text)
const mac = Uint8Array.of(2, 0, 0, 0, 0, 7)
const other = Uint8Array.of(2, 0, 0, 0, 0, 8)
const own = ip('fe80::7')
const address = ip('fd00:9::9')
const client = Uint8Array.of(0, 4, 1, 2)
const server = Uint8Array.of(0, 1, 9)

const option = (code: number, ...value: number[]): number[] => [code >> 8, code & 255, value.length >> 8, value.length & 255, ...value]
const word = (value: number): number[] => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]
const lent = (preferred: number, valid: number, ...more: number[]) =>
  option(5, ...toBytes(address), ...word(preferred), ...word(valid), ...more)
const association = (iaid: number, t1: number, t2: number, ...more: number[]) => option(3, ...word(iaid), ...word(t1), ...word(t2), ...more)
const answer = (kind: number, ...more: number[]) =>
  Uint8Array.from([kind, 1, 2, 3, ...option(1, ...client), ...option(2, ...server), ...more])

/** As it is summed up by whoever gets it: 0 when its checksum is right. */
function sumOf(frame: Uint8Array, next: number, body = frame.subarray(54)): number {
  const bytes = [...frame.subarray(22, 54), 0, 0, body.length >> 8, body.length & 255, 0, 0, 0, next, ...body]
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

it('a question says who asks for what, since when, and of whom', () => {
  const bytes = encode6({ kind: 'request', xid: 0x010203, client, iaid: 0x0a0b0c0d, server, address }, 1230)
  expect([...bytes]).toEqual([
    ...[3, 1, 2, 3],
    ...option(1, ...client),
    ...option(2, ...server),
    ...option(8, 0, 123),
    ...association(0x0a0b0c0d, 0, 0, ...lent(0, 0)),
    ...option(6, 0, 82),
  ])
  const release = encode6({ kind: 'release', xid: 1, client, iaid: 1, server, address }, 10_000_000)
  expect([
    release[0],
    Buffer.from(release).includes(Buffer.from(option(8, 255, 255))),
    Buffer.from(release).includes(Buffer.from(option(6, 0, 82))),
  ]).toEqual([8, true, false])
})

it('an answer says what is lent and for how long', () => {
  expect(decode6(answer(7, ...association(5, 40, 70, ...lent(80, 100))), 5)).toEqual({
    kind: 'reply',
    xid: 0x010203,
    client,
    server,
    lent: [{ address, preferred: 80, valid: 100 }],
    renew: 40,
    rebind: 70,
    refusal: null,
  })
})

it.each([
  ['in itself', answer(7, ...option(13, 0, 1)), 'UnspecFail'],
  ['in the association', answer(2, ...association(5, 0, 0, ...option(13, 0, 2, 110, 111))), 'NoAddrsAvail: no'],
  ['in the address', answer(7, ...association(5, 0, 0, ...lent(8, 9, ...option(13, 0, 4)))), 'NotOnLink'],
  ['of a new kind', answer(7, ...option(13, 1, 0)), 'status 256'],
])('a refusal is one %s', (_, bytes, text) => expect(decode6(bytes, 5)?.refusal?.text).toBe(text))

it('what is for others, or contradicts itself, counts for nothing', () => {
  expect(decode6(answer(7, ...association(6, 40, 70, ...lent(80, 100))), 5)).toMatchObject({ lent: [], renew: 0 })
  expect(decode6(answer(7, ...association(5, 70, 40, ...lent(100, 80))), 5)).toMatchObject({ lent: [], renew: 0, rebind: 0 })
  expect(decode6(answer(7, ...association(5, 1, 2, ...lent(8, 9), ...option(13, 0, 0))), 5)?.refusal).toBeNull()
})

it.each([
  ['a question', answer(1)],
  ['one of no server', Uint8Array.from([7, 1, 2, 3, ...option(1, ...client)])],
  ['one that is cut off', answer(7).subarray(0, 9)],
])('%s is no answer', (_, bytes) => expect(decode6(bytes, 5)).toBeNull())

it('what is wrapped goes to all servers, and only what comes to oneself is unwrapped', () => {
  const message = Uint8Array.of(1, 2, 3)
  const frame = wrap6({ from: own, mac }, message)
  expect([...frame.subarray(0, 14)]).toEqual([0x33, 0x33, 0, 1, 0, 2, ...mac, 0x86, 0xdd])
  expect(sumOf(frame, 17)).toBe(0)
  expect(opened(frame, UDP)).toMatchObject({ from: own, to: ip('ff02::1:2') })
  expect(unwrap6(frame, ip('ff02::1:2'))).toBeNull()
  frame.set([2, 34], 56)
  expect(unwrap6(frame, ip('ff02::1:2'))).toEqual({ from: own, message })
  expect(unwrap6(frame, own)).toBeNull()
})

it('who asks where one is gets an answer, at the MAC address that it asks from', () => {
  const probe = neighbourProbe(other, own)
  expect([[...probe.subarray(0, 6)], sumOf(probe, 58)]).toEqual([[0x33, 0x33, 0xff, 0, 0, 7], 0])
  expect(answerTo(probe, address, mac)).toBeNull()
  const toAll = answerTo(probe, own, mac) ?? expect.fail()
  expect([[...toAll.subarray(0, 6)], toAll[58], sumOf(toAll, 58)]).toEqual([[0x33, 0x33, 0, 0, 0, 1], 0x20, 0])
  const asked = Uint8Array.from(probe)
  asked.set(toBytes(ip('fe80::8')), 22)
  const toOne = answerTo(asked, own, mac) ?? expect.fail()
  expect([[...toOne.subarray(0, 6)], toOne[58], sumOf(toOne, 58)]).toEqual([[...other], 0x60, 0])
  expect(opened(toOne, 58)?.to).toEqual(ip('fe80::8'))
})

it('whoever has an address, or is about to use it, holds it', () => {
  const told = answerTo(neighbourProbe(other, address), address, mac) ?? expect.fail()
  expect(claimant6(told, address)).toEqual(mac)
  expect(claimant6(told, own)).toBeNull()
  expect(claimant6(neighbourProbe(other, address), address)).toEqual(other)
  const asked = Uint8Array.from(neighbourProbe(other, address))
  asked.set(toBytes(own), 22)
  expect(claimant6(asked, address)).toBeNull()
})

it('a router says how addresses are had, and of which prefixes', () => {
  const prefix = (length: number, flags: number, valid: number, of: string) => [
    3,
    4,
    length,
    flags,
    ...word(valid),
    ...word(valid),
    0,
    0,
    0,
    0,
    ...toBytes(ip(of)),
  ]
  const solicitation = routerSolicitation(mac)
  expect([[...solicitation.subarray(0, 6)], sumOf(solicitation, 58)]).toEqual([[0x33, 0x33, 0, 0, 0, 2], 0])
  const body = [134, 0, 0, 0, 64, 0x80, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 5, 220]
  const prefixes = [...prefix(64, 0xc0, 60, 'fd00:9::'), ...prefix(48, 0x80, 60, 'fd00:a::7'), ...prefix(64, 0xc0, 0, 'fd00:b::')]
  const frame = Uint8Array.from([...solicitation.subarray(0, 54), ...body, ...prefixes])
  frame.set([0, body.length + prefixes.length], 18)
  const said = announcement(frame) ?? expect.fail()
  expect([said.from, said.managed, said.otherwise]).toEqual([NOBODY, true, false])
  expect(said.prefixes.map(({ subnet, ...flags }) => [formatCidr(subnet), flags])).toEqual([
    ['fd00:9::/64', { onLink: true, autonomous: true }],
    ['fd00:a::/48', { onLink: true, autonomous: false }],
  ])
  frame[21] = 64
  expect(announcement(frame)).toBeNull()
})

it('switches are told of the group in which one is asked for', () => {
  const frame = membership(mac, own)
  expect([...frame.subarray(18, 22), ...frame.subarray(54, 62)]).toEqual([0, 32, 0, 1, 58, 0, 5, 2, 0, 0, 1, 0])
  expect(sumOf(frame, 58, frame.subarray(62))).toBe(0)
  expect([...frame.subarray(70)]).toEqual([...toBytes(ip('ff02::1:ff00:7'))])
})

it('noise is read without harm', () => {
  const random = seeded(7)
  const wholes = [
    wrap6({ from: own, mac }, answer(7, ...association(5, 40, 70, ...lent(80, 100, ...option(13, 0, 4))))),
    answerTo(neighbourProbe(other, own), own, mac) ?? expect.fail(),
  ]
  for (let round = 0; round < 20_000; round++) {
    const whole = wholes[round % 2] ?? expect.fail()
    const frame = Uint8Array.from(whole).subarray(0, random(whole.length))
    for (let change = random(6); change > 0; change--) frame[random(frame.length || 1)] = random(256)
    unwrap6(frame, own)
    announcement(frame)
    claimant6(frame, own)
    answerTo(frame, own, mac)
    decode6(frame.subarray(62), 5)
  }
})
