import { describe, expect, it } from 'vitest'
import { inNamespace, inverse, NETWORK, type Op, type Plan, SANDBOX, undoOf, withoutKeys } from '../../../lib/model/op.ts'

const address = Uint8Array.of(10, 0, 0, 1)
const secret = { name: 'cbc(aes)', key: Uint8Array.of(1, 2, 3) }

describe('inverse', () => {
  it.each<[Op, Plan]>([
    [{ op: 'link.add', name: 'br0', kind: 'bridge', mtu: 1400 }, [{ op: 'link.del', link: 'br0' }]],
    [{ op: 'link.add', at: SANDBOX, name: 'v', kind: 'veth' }, [{ at: SANDBOX, op: 'link.del', link: 'v' }]],
    [{ op: 'link.add', into: NETWORK, name: 'b', kind: 'bridge' }, [{ at: NETWORK, op: 'link.del', link: 'b' }]],
    [
      { op: 'addr.add', at: SANDBOX, link: 'eth0', address, prefix: 24 },
      [{ op: 'addr.del', at: SANDBOX, link: 'eth0', address, prefix: 24 }],
    ],
    [
      { op: 'route.add', to: address, prefix: 32, via: address, metric: 7 },
      [{ op: 'route.del', to: address, prefix: 32, via: address, metric: 7 }],
    ],
    [{ op: 'neigh.add', link: 'x', address }, [{ op: 'neigh.del', link: 'x', address }]],
    [{ op: 'fdb.append', link: 'x', mac: address }, [{ op: 'fdb.del', link: 'x', mac: address }]],
    [{ op: 'fdb.addMany', link: 'x', macs: address }, [{ op: 'fdb.delMany', link: 'x', macs: address }]],
    [{ op: 'rule.add', family: 4, priority: 1, table: 2 }, [{ op: 'rule.del', family: 4, priority: 1, table: 2 }]],
    [
      { op: 'xfrm.state.add', at: SANDBOX, src: address, dst: address, proto: 'esp', spi: 7, mode: 'transport', mark: 1, enc: secret },
      [{ op: 'xfrm.state.del', at: SANDBOX, dst: address, proto: 'esp', spi: 7, mark: 1 }],
    ],
    [{ op: 'netns.add', at: SANDBOX }, [{ op: 'netns.del', at: SANDBOX }]],
  ])('of %o is computed', (op, plan) => {
    expect(inverse(op)).toEqual(plan)
  })

  it.each<Op>([
    { op: 'link.set', link: 'eth0', up: true },
    { op: 'link.del', link: 'eth0' },
    { op: 'addr.del', link: 'eth0', address, prefix: 24 },
    { op: 'route.replace', to: address, prefix: 32 },
    { op: 'sysctl', path: 'net/ipv4/ip_forward', value: '1' },
    { op: 'nft', commands: [] },
    { op: 'netns.del' },
  ])('of %o is nothing, unless the op says it', (op) => {
    const undo: Plan = [{ op: 'sysctl', path: 'net/ipv4/ip_forward', value: '0' }]
    expect(inverse(op)).toEqual([])
    expect(inverse({ ...op, undo })).toEqual(undo)
  })

  it('is what the op says even where it could be computed', () => {
    expect(inverse({ op: 'link.add', name: 'v', kind: 'veth', undo: [] })).toEqual([])
  })
})

it('what may be written down has no keys, nor has what takes it back', () => {
  const del: Op = { op: 'xfrm.state.del', dst: address, proto: 'esp', spi: 7 }
  const add: Op = { op: 'xfrm.state.add', src: address, dst: address, proto: 'esp', spi: 7, mode: 'transport', enc: secret }
  expect(withoutKeys([add, { ...add, op: 'xfrm.state.replace' }, { ...del, undo: [add, del] }, del])).toEqual([
    { ...del, undo: [del] },
    del,
  ])
})

describe('undoOf', () => {
  const plan: Plan = [
    { op: 'link.add', name: 'a', kind: 'bridge' },
    {
      op: 'sysctl',
      path: 'net/x',
      value: '1',
      undo: [
        { op: 'sysctl', path: 'net/x', value: '0' },
        { op: 'sysctl', path: 'net/y', value: '0' },
      ],
    },
    { op: 'link.add', name: 'b', kind: 'bridge' },
  ]
  const words = (undo: Plan) => undo.map((op) => ('link' in op ? op.link : 'path' in op ? op.path : op.op))

  it('takes all back, the last first', () => {
    expect(words(undoOf(plan))).toEqual(['b', 'net/x', 'net/y', 'a'])
  })

  it('takes back only what was done', () => {
    expect(words(undoOf(plan, 2))).toEqual(['net/x', 'net/y', 'a'])
    expect(undoOf(plan, 0)).toEqual([])
  })
})

describe('a plan of one network among others', () => {
  it('has its namespace under another number, wherever it is named', () => {
    const plan = (at: number): Plan => [
      { op: 'netns.add', at },
      { op: 'link.add', into: at, name: 'x', kind: 'vxlan', vxlan: { id: 1 } },
      { op: 'link.add', at, name: 'v', kind: 'veth', peer: { name: 'p', at: SANDBOX } },
      { op: 'link.add', name: 'w', kind: 'veth', peer: { name: 'p', at } },
      { op: 'link.set', link: 'y', moveTo: at, undo: [{ op: 'link.del', at, link: 'y' }] },
      { op: 'link.set', link: 'eth0', at: SANDBOX, up: true },
    ]
    expect(inNamespace(plan(NETWORK), 7)).toEqual(plan(7))
    expect(inNamespace(plan(NETWORK), NETWORK)).toEqual(plan(NETWORK))
  })
})
