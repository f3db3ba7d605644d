import { describe, expect, it } from 'vitest'
import { policiesBetween, shield, spiOf, stateBetween } from '../../../lib/drivers/overlay-esp.ts'
import { withoutKeys } from '../../../lib/model/op.ts'
import { printPlan } from '../../../lib/model/print.ts'

const one = { vtep: '10.99.0.1', session: 'a' }
const two = { vtep: '10.99.0.2', session: 'b' }
const key = (tag: number, byte = tag) => ({ tag, secret: new Uint8Array(32).fill(byte) })

describe('ESP between the hosts of an encrypted network', () => {
  it('has a secret and a number of its own for each direction, key and start of either host; both ends come to the same', () => {
    const states = [
      stateBetween(one, two, key(1)),
      stateBetween(two, one, key(1)),
      stateBetween(one, two, key(2)),
      stateBetween(one, two, key(1, 9)),
      stateBetween({ ...one, session: 'later' }, two, key(1)),
      stateBetween(one, { ...two, session: 'later' }, key(1)),
    ]
    expect(new Set(states.map(({ spi }) => spi)).size).toBe(states.length)
    expect(new Set(states.map(({ aead }) => Buffer.from(aead?.key ?? []).toString('hex'))).size).toBe(states.length)
    expect(states.every(({ spi, aead }) => spi >= 256 && aead?.key.length === 36)).toBe(true)
    expect(stateBetween(one, two, key(1))).toEqual(states[0])
    expect(spiOf(one, two, key(1))).toBe(states[0]?.spi)
    expect(states[0]).toMatchObject({
      mode: 'transport',
      replayWindow: 1024,
      flags: ['esn'],
      aead: { name: 'rfc4106(gcm(aes))', icv: 128 },
    })
  })

  it('is neither printed nor written down with its keys', () => {
    const state = stateBetween(one, two, key(0xab))
    expect(printPlan([state])).not.toContain(Buffer.from(state.aead?.key ?? []).toString('hex'))
    expect(withoutKeys([state])).toEqual([])
  })

  it('is what policies ask for, by the port that only encrypted networks have; all else at that port is blocked', () => {
    expect(printPlan([...policiesBetween('10.99.0.1', '10.99.0.2', 4789, 0x1234), ...shield(4, 4789)])).toMatchInlineSnapshot(`
      "ip xfrm policy update src 10.99.0.1/32 dst 10.99.0.2/32 proto udp dport 4790 dir out priority 1000 tmpl proto esp spi 4660 reqid 6516333 mode transport
      ip xfrm policy update src 10.99.0.2/32 dst 10.99.0.1/32 proto udp dport 4790 dir in priority 1000 tmpl proto esp reqid 6516333 mode transport
      ip xfrm policy update src 0.0.0.0/0 dst 0.0.0.0/0 proto udp dport 4790 dir out action block priority 2000
      ip xfrm policy update src 0.0.0.0/0 dst 0.0.0.0/0 proto udp dport 4790 dir in action block priority 2000"
    `)
    expect(printPlan([...policiesBetween('fd00::1', 'fd00::2', 4789, 0x1234), ...shield(6, 4789)])).toMatchInlineSnapshot(`
      "ip xfrm policy update src fd00::1/128 dst fd00::2/128 proto udp dport 4790 dir out priority 1000 tmpl proto esp spi 4660 reqid 6516333 mode transport
      ip xfrm policy update src fd00::2/128 dst fd00::1/128 proto udp dport 4790 dir in priority 1000 tmpl proto esp reqid 6516333 mode transport
      ip xfrm policy update src ::/0 dst ::/0 proto udp dport 4790 dir out action block priority 2000
      ip xfrm policy update src ::/0 dst ::/0 proto udp dport 4790 dir in action block priority 2000"
    `)
  })
})
