import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Op, XfrmPolicyOp, XfrmStatePut } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { capture } from '../support/capture.ts'
import { lacks } from '../support/lacks.ts'
import { runAsync } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'
import { pings } from '../support/traffic.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
const [one, two] = [bytes('10.0.0.1'), bytes('10.0.0.2')]

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.add', name: 'v0', kind: 'veth', up: true, peer: { name: 'eth0', at: 1 } },
    { op: 'link.set', at: 1, link: 'eth0', up: true },
    { op: 'addr.add', link: 'v0', address: one, prefix: 24 },
    { op: 'addr.add', at: 1, link: 'eth0', address: two, prefix: 24 },
  )
  expect(await answers()).toBe(true)
})
afterEach(() => spaces[Symbol.asyncDispose]())

const answers = () => pings(spaces.paths[0], '10.0.0.2')
/** As answers(), for packets with a mark. */
const answersMarked = async (mark: number): Promise<boolean> =>
  (await runAsync(['ping', '-c', '1', '-w', '2', '-i', '0.4', '-m', String(mark), '10.0.0.2'], { netns: spaces.paths[0] })).status === 0

const esp = { proto: 'esp', mode: 'transport', reqid: 7 } as const
const out: XfrmPolicyOp = { op: 'xfrm.policy.add', family: 4, dir: 'out', dst: { address: two, prefix: 32 }, tmpls: [esp] }

it('what has to be encrypted does not go as it is, unless that will do', async () => {
  await spaces.do(out)
  expect(await answers()).toBe(false)
  await spaces.do({ ...out, op: 'xfrm.policy.replace', tmpls: [{ ...esp, level: 'use' }] })
  expect(await answers()).toBe(true)
})

it('what is blocked does not go, the lowest priority first', async () => {
  await spaces.do({ ...out, priority: 20, tmpls: [] })
  expect(await answers()).toBe(true)
  await spaces.do({ op: 'xfrm.policy.add', family: 4, dir: 'out', priority: 10, action: 'block' })
  expect(await answers()).toBe(false)
})

it('a policy with a mark is for packets with that', async () => {
  await spaces.do({ ...out, mark: 0x10, mask: 0xff })
  expect(await answers()).toBe(true)
  expect(await answersMarked(0x110)).toBe(false)
  expect(await answersMarked(0x111)).toBe(true)
})

const key = Uint8Array.from({ length: 20 }, (_, i) => i)
const state = (at: number, src: Uint8Array, dst: Uint8Array, spi: number): Op & XfrmStatePut => ({
  op: 'xfrm.state.add',
  at,
  src,
  dst,
  proto: 'esp',
  spi,
  reqid: 7,
  mode: 'transport',
  aead: { name: 'rfc4106(gcm(aes))', key, icv: 64 },
  replayWindow: 32,
})

/** One that can is asked in the tier of user-mode Linux. */
it('packets are encrypted on their way and read at its end, or the kernel says that it cannot', async () => {
  const { refusal } = await spaces.apply(state(0, one, two, 0x1001))
  if (refusal) return lacks(refusal, { message: expect.stringMatching(/^Requested (type|AEAD algorithm) not found$/) })
  await spaces.do(state(1, one, two, 0x1001), state(0, two, one, 0x1002), state(1, two, one, 0x1002), out, {
    ...out,
    at: 1,
    dst: { address: one, prefix: 32 },
  })
  const [frame = ''] = await capture(spaces.paths[1], { link: 'eth0', filter: 'ip', count: 1 }, answers)
  const protocol = Number.parseInt(frame.slice(46, 48), 16)
  expect({ protocol, spi: Number.parseInt(frame.slice(68, 76), 16) }).toEqual({ protocol: 50, spi: 0x1001 })
  expect(await answers()).toBe(true)
  const [netns] = spaces.netns
  const used = (await dump(netns ?? expect.fail(), 'xfrmState')).map(({ spi, packets, oseq, seq }) => [spi, packets, oseq + seq])
  expect(used.toSorted()).toEqual([
    [0x1001, 2n, 2n],
    [0x1002, 2n, 2n],
  ])
})
