import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Op } from '../../binding.d.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { isGone } from '../../lib/netlink/refusal.ts'
import { lacks } from '../support/lacks.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do({ op: 'link.add', name: 'v0', kind: 'veth', up: true, peer: { name: 'eth0', at: 1 } })
  await spaces.do({ op: 'link.add', name: 'ifb0', kind: 'ifb', up: true })
})
afterEach(() => spaces[Symbol.asyncDispose]())

const refused = async (op: Op) => (await spaces.apply(op)).refusal
const tc = (...argv: string[]): string => must(['tc', ...argv], { netns: spaces.paths[0] })

/** All that tc shows of v0, but for the numbers that the kernel gives to what has none. */
function look(): string {
  const shown = ['qdisc show dev v0', 'class show dev v0', ...['', ' ingress', ' egress'].map((parent) => `filter show dev v0${parent}`)]
  return must(['tc', '-d', '-batch', '-'], { netns: spaces.paths[0], input: `${shown.join('\n')}\n` })
    .replaceAll(/\b8[0-9a-f]{3}:/g, 'any:')
    .replaceAll(/\bindex \d+/g, 'index any')
}

const htb: Op = { op: 'qdisc.add', link: 'v0', kind: 'htb', handle: '1:', htb: { default: 0x10 } }
const slow: Op = { op: 'class.add', link: 'v0', parent: '1:', classId: '1:10', rate: 1e6 }

/** What is there already, what is added, what asks tc(8) for the same, and what it then shows. */
interface Twin {
  readonly on?: readonly Op[]
  readonly op: Op
  readonly tc: string
  readonly shows: RegExp
}

const twins: Readonly<Record<string, Twin>> = {
  tbf: {
    op: { op: 'qdisc.add', link: 'v0', kind: 'tbf', tbf: { rate: 1e6, burst: 5000, latency: 50_000 } },
    tc: 'qdisc add dev v0 root tbf rate 1mbit burst 5000 latency 50ms',
    shows: /qdisc tbf any: root .* rate 1Mbit burst 5000b\S* .*lat 50ms/,
  },
  'tbf below a class': {
    on: [htb, slow],
    op: {
      op: 'qdisc.add',
      link: 'v0',
      parent: '1:10',
      handle: 'abc:',
      kind: 'tbf',
      tbf: { rate: 12_345_678, burst: 32_000, limit: 99_999 },
    },
    tc: 'qdisc add dev v0 parent 1:10 handle abc: tbf rate 12345678bit burst 32000 limit 99999',
    shows: /qdisc tbf abc: parent 1:10 rate 12345Kbit/,
  },
  'tbf beyond 32 bits': {
    op: {
      op: 'qdisc.add',
      link: 'v0',
      kind: 'tbf',
      tbf: { rate: 40e9, burst: 500_000, limit: 1_000_000, peakRate: 80e9, mtu: 300_000 },
    },
    tc: 'qdisc add dev v0 root tbf rate 40gbit burst 500000 limit 1000000 peakrate 80gbit mtu 300000',
    shows: /rate 40Gbit .*peakrate 80Gbit/,
  },
  'tbf with a latency at its peak': {
    op: { op: 'qdisc.add', link: 'v0', kind: 'tbf', tbf: { rate: 1e6, burst: 50_000, latency: 20_000, peakRate: 2e6, mtu: 1600 } },
    tc: 'qdisc add dev v0 root tbf rate 1mbit burst 50000 latency 20ms peakrate 2mbit mtu 1600',
    shows: /peakrate 2Mbit mtu 1600b/,
  },
  htb: {
    op: { op: 'qdisc.add', link: 'v0', kind: 'htb', handle: '1:', htb: { default: 0x10, r2q: 5, directQlen: 77 } },
    tc: 'qdisc add dev v0 root handle 1: htb default 10 r2q 5 direct_qlen 77',
    shows: /qdisc htb 1: root .* r2q 5 default 0x10 .* direct_qlen 77/,
  },
  class: {
    on: [htb],
    op: { op: 'class.add', link: 'v0', parent: '1:', classId: '1:10', rate: 3e6 },
    tc: 'class add dev v0 parent 1: classid 1:10 htb rate 3mbit',
    shows: /class htb 1:10 root .* rate 3Mbit ceil 3Mbit/,
  },
  'class below a class': {
    on: [htb, { op: 'class.add', link: 'v0', parent: '1:', classId: '1:1', rate: 60e9, quantum: 60_000 }],
    op: {
      op: 'class.add',
      link: 'v0',
      parent: '1:1',
      classId: '1:10',
      rate: 40e9,
      ceil: 50e9,
      burst: 50_000,
      cburst: 60_000,
      quantum: 7000,
      prio: 3,
    },
    tc: 'class add dev v0 parent 1:1 classid 1:10 htb rate 40gbit ceil 50gbit burst 50000 cburst 60000 quantum 7000 prio 3',
    shows: /class htb 1:10 parent 1:1 prio 3 quantum 7000 rate 40Gbit ceil 50Gbit/,
  },
  pfifo: {
    op: { op: 'qdisc.add', link: 'v0', kind: 'pfifo' },
    tc: 'qdisc add dev v0 root pfifo',
    shows: /qdisc pfifo any: root/,
  },
  ingress: {
    op: { op: 'qdisc.add', link: 'v0', kind: 'ingress' },
    tc: 'qdisc add dev v0 ingress',
    shows: /qdisc ingress ffff: parent ffff:fff1/,
  },
  clsact: {
    op: { op: 'qdisc.add', link: 'v0', kind: 'clsact' },
    tc: 'qdisc add dev v0 clsact',
    shows: /qdisc clsact ffff: parent ffff:fff1/,
  },
  'u32 into a class': {
    on: [htb, slow],
    op: { op: 'filter.add', link: 'v0', parent: '1:', kind: 'u32', priority: 7, classId: '1:10' },
    tc: 'filter add dev v0 parent 1: protocol all prio 7 u32 match u32 0 0 classid 1:10',
    shows: /filter parent 1: protocol all pref 7 u32 .*flowid 1:10 .*\s+match 00000000\/00000000 at 0/,
  },
  'u32 to another link': {
    on: [{ op: 'qdisc.add', link: 'v0', kind: 'ingress' }],
    op: { op: 'filter.add', link: 'v0', parent: 'ingress', kind: 'u32', priority: 7, redirect: 'ifb0' },
    tc: 'filter add dev v0 ingress protocol all prio 7 u32 match u32 0 0 action mirred egress redirect dev ifb0',
    shows: /mirred \(Egress Redirect to device ifb0\) stolen/,
  },
}

/** What tc shows when an op, or its twin, stands on what was there; and after its undo. */
async function compare({ on = [], op, tc: command, shows }: Twin) {
  await spaces.do(...on)
  const before = look()
  const [undo] = undoOf([op]) as [Op]
  tc(...command.split(' '))
  const twin = look()
  expect(twin).toMatch(shows)
  await spaces.do(undo)
  expect(look()).toBe(before)
  await spaces.do(op)
  expect(look()).toBe(twin)
  await spaces.do(undo)
  expect(look()).toBe(before)
  const gone = await refused(undo)
  expect(gone && isGone(gone)).toBe(true)
  paste(printPlan([op]), { netns: spaces.paths[0] })
  expect(look()).toBe(twin)
  paste(printPlan([undo]), { netns: spaces.paths[0] })
  expect(look()).toBe(before)
}

it.each(Object.entries(twins))('%s is what tc makes of it, goes when it is taken back, and prints as what does so', (_, twin) =>
  compare(twin),
)

/** Of these this kernel may have none; one that has them is asked in the tier of user-mode Linux. */
const rare: Readonly<Record<string, Twin>> = {
  netem: {
    op: {
      op: 'qdisc.add',
      link: 'v0',
      kind: 'netem',
      netem: {
        limit: 500,
        delay: 100_000,
        jitter: 10_000,
        delayCorrelation: 25,
        loss: 0.3,
        lossCorrelation: 25,
        duplicate: 1,
        duplicateCorrelation: 2,
        corrupt: 0.1,
        corruptCorrelation: 3,
        reorder: 25,
        reorderCorrelation: 50,
        gap: 5,
        rate: 5e6,
      },
    },
    tc: 'qdisc add dev v0 root netem limit 500 delay 100ms 10ms 25% loss 0.3% 25% duplicate 1% 2% corrupt 0.1% 3% reorder 25% 50% gap 5 rate 5mbit',
    shows: /qdisc netem any: root .* limit 500 delay 100ms +10ms 25% loss 0.3% 25% .* rate 5Mbit/,
  },
  'netem that only reorders': {
    op: { op: 'qdisc.add', link: 'v0', kind: 'netem', netem: { delay: 10_000, reorder: 25, rate: 40e9 } },
    tc: 'qdisc add dev v0 root netem delay 10ms reorder 25% rate 40gbit',
    shows: /limit 1000 delay 10ms reorder 25% .*gap 1/,
  },
  fq_codel: {
    op: { op: 'qdisc.add', link: 'v0', kind: 'fq_codel' },
    tc: 'qdisc add dev v0 root fq_codel',
    shows: /qdisc fq_codel any: root/,
  },
  'matchall into a class': {
    on: [htb, slow],
    op: { op: 'filter.add', link: 'v0', parent: '1:', kind: 'matchall', priority: 7, classId: '1:10' },
    tc: 'filter add dev v0 parent 1: protocol all prio 7 matchall classid 1:10',
    shows: /filter parent 1: protocol all pref 7 matchall .*flowid 1:10/,
  },
  'matchall to another link': {
    on: [{ op: 'qdisc.add', link: 'v0', kind: 'clsact' }],
    op: { op: 'filter.add', link: 'v0', parent: 'egress', kind: 'matchall', priority: 7, redirect: 'ifb0' },
    tc: 'filter add dev v0 egress protocol all prio 7 matchall action mirred egress redirect dev ifb0',
    shows: /matchall[^]*mirred \(Egress Redirect to device ifb0\) stolen/,
  },
}

it.each(Object.entries(rare))('a kernel without %s says so, one that has it makes what tc makes', async (_, twin) => {
  await spaces.do(...(twin.on ?? []))
  const refusal = await refused(twin.op)
  if (refusal) return lacks(refusal, { errno: -2, message: expect.stringMatching(/kind is unknown|classifier not found/) })
  await spaces.do(...undoOf([...(twin.on ?? []), twin.op]))
  await compare(twin)
})

it('add is refused the second time, replace changes what is there', async () => {
  const tbf = { link: 'v0', kind: 'tbf', tbf: { rate: 1e6, burst: 5000, limit: 9000 } } as const
  await spaces.do({ op: 'qdisc.add', ...tbf })
  expect(await refused({ op: 'qdisc.add', ...tbf })).toMatchObject({ errno: -17, request: 'RTM_NEWQDISC' })
  await spaces.do({ op: 'qdisc.replace', ...tbf, tbf: { ...tbf.tbf, rate: 2e6 } })
  expect(look()).toContain('rate 2Mbit')
  await spaces.do({ op: 'qdisc.replace', link: 'v0', kind: 'htb', handle: '1:' }, slow)
  expect(await refused(slow)).toMatchObject({ errno: -17, request: 'RTM_NEWTCLASS' })
  await spaces.do({ ...slow, op: 'class.replace', rate: 4e6 })
  expect(look()).toMatch(/class htb 1:10 .* rate 4Mbit/)
})

it('what the kernel dislikes, or was made by somebody else, is refused', async () => {
  const tbf = { link: 'v0', kind: 'tbf', tbf: { rate: 1e6, burst: 5000, limit: 9000 } } as const
  expect(await refused({ op: 'qdisc.add', ...tbf, link: 'no' })).toMatchObject({ errno: -19, request: 'RTM_GETLINK' })
  expect(await refused({ op: 'qdisc.add', ...tbf, parent: '7:' })).toMatchObject({ errno: -2, message: 'Failed to find specified qdisc' })
  expect(await refused({ ...slow, parent: '7:', classId: '7:1' })).toMatchObject({ errno: -2, request: 'RTM_NEWTCLASS' })
  const filter: Op = { op: 'filter.add', link: 'v0', parent: 'ingress', kind: 'u32', priority: 1, redirect: 'no' }
  expect(await refused(filter)).toMatchObject({ errno: -19, attribute: 'TCA_MIRRED_PARMS' })
  await spaces.do(htb)
  const before = look()
  expect(await refused({ op: 'qdisc.del', link: 'v0', kind: 'tbf' })).toMatchObject({ errno: -22, request: 'RTM_DELQDISC' })
  expect(look()).toBe(before)
})
