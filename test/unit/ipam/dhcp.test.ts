import { expect, it } from 'vitest'
import { arpProbe, claimant, unwrap, wrap } from '../../../lib/ipam/dhcp/frame.ts'
import { decode, encode } from '../../../lib/ipam/dhcp/message.ts'
import { type Address, parseAddress } from '../../../lib/model/address.ts'
import { seeded } from '../../support/random.ts'

const ip = (text: string): Address => parseAddress(text) ?? expect.fail(text)
const mac = Uint8Array.of(2, 0, 0, 0, 0, 7)

/** An answer with these options, as a server makes it; what is asked is turned round. */
function answer(options: readonly number[], change: (bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(300)
  bytes.set(encode({ kind: 'discover', xid: 0x01020304, mac }).subarray(0, 240))
  bytes[0] = 2
  bytes.set([192, 0, 2, 9], 16)
  bytes.set([...options, 255], 240)
  change(bytes)
  return bytes
}

const ACK = [53, 1, 5, 54, 4, 192, 0, 2, 1, 1, 4, 255, 255, 255, 0, 51, 4, 0, 0, 14, 16, 58, 4, 0, 0, 7, 8, 3, 4, 192, 0, 2, 254]

it('an answer says what is lent, by whom and for how long', () => {
  expect(decode(answer(ACK))).toEqual({
    kind: 'ack',
    xid: 0x01020304,
    mac,
    yours: ip('192.0.2.9'),
    server: ip('192.0.2.1'),
    prefix: 24,
    router: ip('192.0.2.254'),
    lease: 3600,
    renew: 1800,
    message: '',
  })
})

it('options go on in other fields, and in a second one of their kind', () => {
  const more = (bytes: Uint8Array) => bytes.set([3, 4, 192, 0, 2, 253, 255], 108)
  expect(decode(answer([53, 1, 6, 52, 1, 1, 56, 3, 110, 111, 32, 56, 3, 119, 97, 121], more))).toMatchObject({
    kind: 'nak',
    message: 'no way',
    router: ip('192.0.2.253'),
    lease: null,
  })
})

it.each([
  ['a request', answer(ACK, (bytes) => bytes.set([1], 0))],
  ['one without a cookie', answer(ACK, (bytes) => bytes.set([0], 236))],
  ['one of no kind', answer([])],
  ['one that is cut off', answer(ACK).subarray(0, 239)],
])('%s is no answer', (_, bytes) => expect(decode(bytes)).toBeNull())

it('a mask with holes is none', () => {
  expect(decode(answer([53, 1, 5, 1, 4, 255, 0, 255, 0]))?.prefix).toBeNull()
})

it('what is wrapped is unwrapped, and its checksums add up', () => {
  const message = encode({ kind: 'request', xid: 7, mac, wanted: ip('192.0.2.9'), server: ip('192.0.2.1') })
  const frame = wrap(mac, message)
  expect(unwrap(frame)).toEqual(message)
  const sum = (bytes: Uint8Array): number => {
    let total = 0
    for (let at = 0; at < bytes.length; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
    return total
  }
  expect(sum(frame.subarray(14, 34))).toBe(0xffff)
  const length = frame.length - 34
  expect(sum(Uint8Array.from([...frame.subarray(26, 34), 0, 17, length >> 8, length & 255, ...frame.subarray(34)]))).toBe(0xffff)
})

it('whoever uses an address, or is about to, has it', () => {
  const probe = arpProbe(mac, ip('192.0.2.9'))
  expect(claimant(probe, ip('192.0.2.9'))).toEqual(mac)
  expect(claimant(probe, ip('192.0.2.8'))).toBeNull()
  const reply = Uint8Array.from(probe)
  reply.set([192, 0, 2, 8], 28)
  expect(claimant(reply, ip('192.0.2.8'))).toEqual(mac)
  expect(claimant(reply, ip('192.0.2.9'))).toBeNull()
})

it('noise is read without harm', () => {
  const random = seeded(7)
  const whole = wrap(mac, answer(ACK))
  for (let round = 0; round < 20_000; round++) {
    const frame = Uint8Array.from(whole).subarray(0, random(whole.length))
    for (let change = random(6); change > 0; change--) frame[random(frame.length || 1)] = random(256)
    const message = unwrap(frame)
    if (message) decode(message)
    claimant(frame, ip('192.0.2.9'))
    decode(frame)
  }
})
