import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Op } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { undoOf } from '../../lib/model/op.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { run } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))

/** v0 is the host's end, eth0 the container's. */
let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(
    { op: 'link.add', name: 'v0', kind: 'veth', up: true, peer: { name: 'eth0', at: 1 } },
    { op: 'link.set', at: 1, link: 'eth0', up: true },
    { op: 'addr.add', link: 'v0', address: bytes('10.0.0.1'), prefix: 24 },
    { op: 'addr.add', at: 1, link: 'eth0', address: bytes('10.0.0.2'), prefix: 24 },
    { op: 'link.add', name: 'ifb0', kind: 'ifb', up: true },
  )
})
afterEach(() => spaces[Symbol.asyncDispose]())

const COUNT = 50
/** Of a packet as a link counts it. */
const SIZE = 1000
const HEADERS = 14 + 20 + 8

/** Sends COUNT packets at once from namespace number `at`: none of them waits for room in ping's own socket. */
const send = (at: number, to: string): void => {
  const ping = ['ping', '-q', '-c', COUNT, '-l', COUNT, '-s', SIZE - HEADERS, '-S', 4 * COUNT * SIZE, '-w', 1, to]
  run(ping.map(String), { netns: spaces.paths[at] ?? '' })
}
const received = (at: number, name: string): number => spaces.look(at, 'ip', '-j', '-s', 'link', 'show', 'dev', name)[0].stats64.rx.bytes
const qdisc = (name: string) => spaces.look(0, 'tc', '-j', '-s', 'qdisc', 'show', 'dev', name)[0]

const BYTES_PER_SECOND = 10_000
const BURST = 2000
const LIMIT = 10_000
const limited = (link: string): Op => ({
  op: 'qdisc.add',
  link,
  kind: 'tbf',
  tbf: { rate: 8 * BYTES_PER_SECOND, burst: BURST, limit: LIMIT },
})

/** Seconds until what `body` sent has left `link`. */
async function drained(link: string, body: () => void): Promise<number> {
  const start = performance.now()
  body()
  while (qdisc(link).backlog > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  return (performance.now() - start) / 1000
}

/** A burst passes at once and the queue at its rate; what does not fit is lost. All is generous by half. */
function expectLimited(passed: number, seconds: number): void {
  expect(passed).toBeGreaterThan((BURST + LIMIT) / 1.5)
  expect(passed).toBeLessThan((BURST + BYTES_PER_SECOND * seconds) * 1.5)
}

it('without a limit all packets pass', () => {
  send(0, '10.0.0.2')
  expect(received(1, 'eth0')).toBeGreaterThanOrEqual(COUNT * SIZE)
})

it('what goes to an endpoint is limited by a tbf on its veth', async () => {
  await spaces.do(limited('v0'))
  const seconds = await drained('v0', () => send(0, '10.0.0.2'))
  expectLimited(received(1, 'eth0'), seconds)
  expect(qdisc('v0').drops).toBeGreaterThan(0)
})

it('what comes from an endpoint is limited by a tbf on an ifb that it is led through', async () => {
  await spaces.do(
    { op: 'qdisc.add', link: 'v0', kind: 'ingress' },
    { op: 'filter.add', link: 'v0', parent: 'ingress', kind: 'u32', priority: 1, redirect: 'ifb0' },
    limited('ifb0'),
  )
  const seconds = await drained('ifb0', () => send(1, '10.0.0.1'))
  expect(received(0, 'v0')).toBeGreaterThanOrEqual(COUNT * SIZE)
  expectLimited(qdisc('ifb0').bytes, seconds)
  // Each that came back from the ifb was answered.
  expectLimited(received(1, 'eth0'), seconds)
})

it('the table counts what has passed, what was lost and what waits, as tc does', async () => {
  await spaces.do(
    { op: 'qdisc.add', link: 'v0', kind: 'htb', handle: '1:', htb: { default: 0x10 } },
    { op: 'class.add', link: 'v0', parent: '1:', classId: '1:10', rate: 8 * BYTES_PER_SECOND, burst: BURST },
    { op: 'qdisc.add', link: 'v0', parent: '1:10', handle: 'abc:', kind: 'tbf', tbf: { rate: 8, burst: SIZE * 3, limit: LIMIT } },
    { op: 'qdisc.add', link: 'ifb0', kind: 'ingress' },
  )
  // Nobody else sends between our look and that of tc.
  await spaces.do(
    { op: 'sysctl', path: 'net/ipv6/conf/v0/disable_ipv6', value: '1' },
    { op: 'neigh.add', link: 'v0', address: bytes('10.0.0.9'), mac: new Uint8Array([2, 0, 0, 0, 0, 9]) },
  )
  send(0, '10.0.0.9')
  const table = await dump(spaces.netns[0] ?? expect.fail(), 'qdisc')
  const shown = spaces.look(0, 'tc', '-j', '-s', 'qdisc')
  expect(shown.filter(({ backlog }: any) => backlog > 0)).toHaveLength(2)
  expect(shown.filter(({ drops }: any) => drops > 0)).toHaveLength(2)
  expect(table.map(({ kind, handle, parent, bytes, ...counted }) => ({ kind, handle, parent, bytes: Number(bytes), ...counted }))).toEqual(
    shown.map((row: any) => ({
      link: spaces.link(0, row.dev).ifindex,
      kind: row.kind,
      handle: row.handle,
      parent: row.root ? 'root' : row.parent,
      bytes: row.bytes,
      packets: row.packets,
      drops: row.drops,
      backlog: row.backlog,
    })),
  )
})

it('a filter puts packets into a class, which has a limit of its own', async () => {
  const filter: Op = { op: 'filter.add', link: 'v0', parent: '1:', kind: 'u32', priority: 1, classId: '1:20' }
  await spaces.do(
    { op: 'qdisc.add', link: 'v0', kind: 'htb', handle: '1:', htb: { default: 0x10 } },
    { op: 'class.add', link: 'v0', parent: '1:', classId: '1:10', rate: 1e9 },
    { op: 'class.add', link: 'v0', parent: '1:', classId: '1:20', rate: 8 * BYTES_PER_SECOND, burst: BURST, cburst: BURST },
    { op: 'qdisc.add', link: 'v0', parent: '1:20', kind: 'tbf', tbf: { rate: 1e9, burst: BURST, limit: LIMIT } },
    filter,
  )
  const seconds = await drained('v0', () => send(0, '10.0.0.2'))
  const slowly = received(1, 'eth0')
  expectLimited(slowly, seconds)
  await spaces.do(...undoOf([filter]))
  send(0, '10.0.0.2')
  expect(received(1, 'eth0') - slowly).toBeGreaterThanOrEqual(COUNT * SIZE)
})
