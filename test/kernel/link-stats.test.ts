import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { run } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.add', name: 'v0', kind: 'veth', up: true, peer: { name: 'v0', at: 1 } },
    { op: 'link.set', at: 1, link: 'v0', up: true },
    { op: 'sysctl', path: 'net/ipv6/conf/v0/disable_ipv6', value: '1' },
    { op: 'sysctl', at: 1, path: 'net/ipv6/conf/v0/disable_ipv6', value: '1' },
    { op: 'addr.add', link: 'v0', address: bytes('10.0.0.1'), prefix: 24 },
    { op: 'addr.add', at: 1, link: 'v0', address: bytes('10.0.0.2'), prefix: 24 },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))

const stats = () => dump(spaces.netns[0] ?? expect.fail(), 'linkStats')
const shown = () =>
  spaces.look(0, 'ip', '-j', '-s', 'link').map(({ ifindex, stats64: { rx, tx } }: any) => ({
    link: ifindex,
    rxBytes: BigInt(rx.bytes),
    txBytes: BigInt(tx.bytes),
    rxPackets: BigInt(rx.packets),
    txPackets: BigInt(tx.packets),
    rxErrors: BigInt(rx.errors),
    txErrors: BigInt(tx.errors),
    rxDropped: BigInt(rx.dropped),
    txDropped: BigInt(tx.dropped),
  }))
const ping = (count: number) => run(['ping', '-q', '-c', String(count), '-i', '0.01', '10.0.0.2'], { netns: spaces.paths[0] })

it('links count what passes them, as ip shows it', async () => {
  ping(1)
  const before = await stats()
  ping(20)
  const after = await stats()
  expect(after).toEqual(shown())
  const { ifindex } = spaces.link(0, 'v0')
  const of = (rows: typeof before) => rows.find(({ link }) => link === ifindex) ?? expect.fail()
  const [was, is] = [of(before), of(after)]
  expect(is.txPackets - was.txPackets).toBeGreaterThanOrEqual(20n)
  expect(is.rxBytes - was.rxBytes).toBeGreaterThanOrEqual(20n * 98n)
})

it('what the other end has no room for is counted as dropped', async () => {
  const { ifindex } = spaces.link(0, 'v0')
  const lost = async () => (await stats()).find(({ link }) => link === ifindex)?.txDropped ?? expect.fail()
  const before = await lost()
  await spaces.do({ op: 'link.set', at: 1, link: 'v0', mtu: 1000 })
  run(['ping', '-q', '-c', '3', '-i', '0.01', '-W', '0.1', '-s', '1400', '10.0.0.2'], { netns: spaces.paths[0] })
  expect(await stats()).toEqual(shown())
  expect(await lost()).toBeGreaterThanOrEqual(before + 3n)
})
