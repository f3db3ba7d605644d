import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { parseMac } from '../../lib/model/ids.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { lacks } from '../support/lacks.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do({ op: 'link.add', name: 'under', kind: 'bridge', mac: mac('02:00:00:00:00:01'), up: true })
})
afterEach(() => spaces[Symbol.asyncDispose]())

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
const mac = (text: string): Uint8Array => parseMac(text) ?? expect.fail(text)

/** What ip shows of each: `data` is what stands behind its kind. */
const kinds: Readonly<Record<string, { readonly op: Op; readonly data: object; readonly parent?: string }>> = {
  bridge: {
    op: {
      op: 'link.add',
      name: 'x0',
      kind: 'bridge',
      bridge: {
        stp: false,
        forwardDelay: 300,
        helloTime: 300,
        maxAge: 1000,
        ageingTime: 1200,
        priority: 4096,
        groupFwdMask: 8,
        mcastSnooping: true,
        mcastRouter: 2,
        nfCallIptables: true,
        nfCallIp6tables: false,
      },
    },
    data: {
      stp_state: 0,
      forward_delay: 300,
      hello_time: 300,
      max_age: 1000,
      ageing_time: 1200,
      priority: 4096,
      group_fwd_mask: '0x8',
      mcast_snooping: 1,
      mcast_router: 2,
      nf_call_iptables: 1,
      nf_call_ip6tables: 0,
    },
  },
  vxlan: {
    op: {
      op: 'link.add',
      name: 'x0',
      kind: 'vxlan',
      mtu: 1400,
      vxlan: {
        id: 4097,
        local: bytes('192.0.2.1'),
        group: bytes('239.1.2.3'),
        dev: 'under',
        dstPort: 4789,
        srcPort: [40000, 50000],
        learning: false,
        proxy: true,
        rsc: true,
        l2miss: true,
        l3miss: true,
        ttl: 7,
        tos: 16,
        df: 'set',
        udpCsum: false,
        udp6ZeroCsumTx: true,
        udp6ZeroCsumRx: true,
        ageing: 77,
        maxAddress: 1000,
      },
    },
    data: {
      id: 4097,
      local: '192.0.2.1',
      group: '239.1.2.3',
      link: 'under',
      port: 4789,
      port_range: { low: 40000, high: 50000 },
      learning: false,
      proxy: true,
      rsc: true,
      l2miss: true,
      l3miss: true,
      ttl: 7,
      tos: '0x10',
      df: 'set',
      udp_csum: false,
      udp_zero_csum6_tx: true,
      udp_zero_csum6_rx: true,
      ageing: 77,
      limit: 1000,
    },
  },
  'vxlan over IPv6': {
    op: {
      op: 'link.add',
      name: 'x0',
      kind: 'vxlan',
      vxlan: { id: 5, local: bytes('fd00::1'), remote: bytes('fd00::2'), tos: 1, label: 0x12345 },
    },
    data: { id: 5, local6: 'fd00::1', remote6: 'fd00::2', tos: '0x1', label: '0x12345', port: 8472, learning: true },
  },
  'vxlan of many networks': {
    op: { op: 'link.add', name: 'x0', kind: 'vxlan', vxlan: { external: true, vniFilter: true, dstPort: 4789 } },
    data: { external: true, vnifilter: true, port: 4789, learning: true },
  },
  'vxlan that says which policy a packet is of': {
    op: {
      op: 'link.add',
      name: 'x0',
      kind: 'vxlan',
      vxlan: { id: 6, gbp: true, gpe: false, remCsumTx: true, remCsumRx: true },
    },
    data: { id: 6, gbp: true, remcsum_tx: true, remcsum_rx: true },
  },
  'vxlan of more than Ethernet': {
    op: { op: 'link.add', name: 'x0', kind: 'vxlan', vxlan: { external: true, learning: false, gpe: true, gbp: false } },
    data: { external: true, gpe: true },
  },
  macvlan: {
    op: {
      op: 'link.add',
      name: 'x0',
      kind: 'macvlan',
      link: 'under',
      mac: mac('02:00:00:00:00:11'),
      macvlan: { mode: 'bridge', bcQueueLen: 500 },
    },
    data: { mode: 'bridge', bcqueuelen: 500 },
    parent: 'under',
  },
  'macvlan of certain sources': {
    op: {
      op: 'link.add',
      name: 'x0',
      kind: 'macvlan',
      link: 'under',
      macvlan: { mode: 'source', macAddr: [mac('02:00:00:00:00:12'), mac('02:00:00:00:00:13')] },
    },
    data: { mode: 'source', macaddr_count: 2 },
    parent: 'under',
  },
  'macvlan with its parent to itself': {
    op: { op: 'link.add', name: 'x0', kind: 'macvlan', link: 'under', macvlan: { mode: 'passthru', noPromisc: true } },
    data: { mode: 'passthru', nopromisc: true },
    parent: 'under',
  },
  macvtap: {
    op: { op: 'link.add', name: 'x0', kind: 'macvtap', link: 'under', macvtap: { mode: 'vepa' } },
    data: { mode: 'vepa' },
    parent: 'under',
  },
  ifb: { op: { op: 'link.add', name: 'x0', kind: 'ifb', group: 7 }, data: {} },
}

describe.each(Object.entries(kinds))('%s', (_, { op, data, parent }) => {
  const look = () => {
    const { linkinfo, link } = spaces.link(0, 'x0')
    const resting = Object.entries(linkinfo.info_data ?? {}).filter(([name]) => !name.endsWith('_timer'))
    return { kind: linkinfo.info_kind, data: Object.fromEntries(resting), link }
  }
  const expected = () => ({ kind: op.op === 'link.add' && op.kind, data: expect.objectContaining(data), link: parent })

  it('has what is asked for, and is taken back by its inverse', async () => {
    const { ifindex } = await spaces.do(op)
    expect(look()).toEqual(expected())
    expect(spaces.link(0, 'x0').ifindex).toBe(ifindex[0])
    await spaces.do(...undoOf([op]))
    expect(spaces.link(0, 'x0')).toBeUndefined()
  })

  it('is the same when what is printed is pasted', async () => {
    await spaces.do(op)
    const native = look()
    await spaces.do(...undoOf([op]))
    paste(printPlan([op]), { netns: spaces.paths[0] })
    expect(look()).toEqual(native)
  })
})

/** Of these this kernel may have none; one that has them is asked in the tier of user-mode Linux. */
const rare: readonly Op[] = [
  { op: 'link.add', name: 'x0', kind: 'dummy' },
  { op: 'link.add', name: 'x0', kind: 'vlan', link: 'under', vlan: { id: 7, protocol: '802.1ad' } },
  { op: 'link.add', name: 'x0', kind: 'ipvlan', link: 'under', ipvlan: { mode: 'l3s', flag: 'private' } },
]

it.each(rare.map((op) => [op.op === 'link.add' ? op.kind : '', op] as const))(
  'a kernel without %s says so, one that has it makes it',
  async (kind, op) => {
    const { refusal } = await spaces.apply(op)
    if (refusal) return lacks(refusal, { errno: -95, message: 'Unknown device type', request: 'RTM_NEWLINK' })
    expect(spaces.link(0, 'x0').linkinfo.info_kind).toBe(kind)
  },
)

it('a vxlan inherits the ttl, pasted too', async () => {
  const op: Op = { op: 'link.add', name: 'x0', kind: 'vxlan', vxlan: { id: 1, ttl: 'inherit' } }
  // Its JSON leaves it out.
  const look = () => must(['ip', '-d', 'link', 'show', 'dev', 'x0'], { netns: spaces.paths[0] })
  await spaces.do(op)
  expect(look()).toContain(' ttl inherit ')
  await spaces.do(...undoOf([op]))
  paste(printPlan([op]), { netns: spaces.paths[0] })
  expect(look()).toContain(' ttl inherit ')
})

it('a parent that is not there is named', async () => {
  const macvlan: Op = { op: 'link.add', name: 'x0', kind: 'macvlan', link: 'no' }
  expect((await spaces.apply(macvlan)).refusal).toMatchObject({ errno: -19, attribute: 'IFLA_LINK' })
  const vxlan: Op = { op: 'link.add', name: 'x0', kind: 'vxlan', vxlan: { id: 1, dev: 'no' } }
  expect((await spaces.apply(vxlan)).refusal).toMatchObject({ errno: -19, attribute: 'IFLA_VXLAN_LINK' })
})

it('a link is born in another namespace than its parent, pasted too, and taken back there', async () => {
  const born: Op = { op: 'link.add', name: 'x0', kind: 'macvlan', link: 'under', into: 1, group: 7, up: true }
  const { ifindex } = await spaces.do(born)
  const made = spaces.link(1, 'x0')
  expect([spaces.link(0, 'x0'), made.ifindex, made.group, made.flags.includes('UP')]).toEqual([undefined, ifindex[0], '7', true])
  await spaces.do(...undoOf([born]))
  expect(spaces.link(1, 'x0')).toBeUndefined()
  paste(printPlan([born], spaces.paths), { netns: spaces.paths[0] })
  expect(spaces.link(1, 'x0').linkinfo.info_kind).toBe('macvlan')
})

it('an option that the kernel dislikes is named', async () => {
  const vxlan = { op: 'link.add', name: 'x0', kind: 'vxlan' } as const
  expect((await spaces.apply({ ...vxlan, vxlan: { id: 1 << 24 } })).refusal).toMatchObject({
    errno: -34,
    attribute: 'IFLA_LINKINFO.IFLA_INFO_DATA.IFLA_VXLAN_ID',
  })
})

it('a port has every setting that is asked for, pasted too', async () => {
  const port = {
    hairpin: true,
    isolated: true,
    learning: false,
    flood: false,
    mcastFlood: false,
    bcastFlood: false,
    neighSuppress: true,
    guard: true,
    rootBlock: true,
    fastLeave: true,
    mcastToUnicast: true,
    vlanTunnel: true,
    locked: true,
    cost: 55,
    priority: 9,
  }
  const set: Op = { op: 'link.set', link: 'p0', master: 'under', port }
  const veth: Op = { op: 'link.add', name: 'p0', kind: 'veth', peer: { name: 'p1', at: 1 } }
  await spaces.do(veth, set)
  const given = spaces.link(0, 'p0').linkinfo.info_slave_data
  expect(given).toMatchObject({
    hairpin: true,
    isolated: true,
    learning: false,
    flood: false,
    mcast_flood: false,
    bcast_flood: false,
    neigh_suppress: true,
    guard: true,
    root_block: true,
    fastleave: true,
    mcast_to_unicast: true,
    vlan_tunnel: true,
    locked: true,
    cost: 55,
    priority: 9,
  })
  await spaces.do(...undoOf([veth]), veth)
  paste(printPlan([set]), { netns: spaces.paths[0] })
  const { info_slave_data: pasted } = spaces.link(0, 'p0').linkinfo
  expect({ ...pasted, no: 0, hold_timer: 0, id: 0 }).toEqual({ ...given, no: 0, hold_timer: 0, id: 0 })
})

describe('a group', () => {
  const veth = (name: string, group: number): Op => ({ op: 'link.add', name, kind: 'veth', group, peer: { name, at: 1 } })
  const set: Op = { op: 'link.set', group: 77, up: true, mtu: 1300, master: 'under' }
  const del: Op = { op: 'link.del', group: 77 }
  beforeEach(() => spaces.do(veth('a', 77), veth('b', 77), veth('c', 78)))
  const state = () =>
    ['a', 'b', 'c'].map((name) => spaces.link(0, name)).map((link) => link && [link.mtu, link.master, link.flags.includes('UP')])

  it('is set together, pasted too', async () => {
    await spaces.do(set)
    expect(state()).toEqual([
      [1300, 'under', true],
      [1300, 'under', true],
      [1500, undefined, false],
    ])
    paste(printPlan([{ op: 'link.set', group: 77, up: false, mtu: 1280, master: 0 }]), { netns: spaces.paths[0] })
    expect(state()).toEqual([
      [1280, undefined, false],
      [1280, undefined, false],
      [1500, undefined, false],
    ])
  })

  it('goes together, and is refused once it has gone', async () => {
    await spaces.do(del)
    expect(state()).toEqual([undefined, undefined, [1500, undefined, false]])
    expect(spaces.link(1, 'b')).toBeUndefined()
    expect((await spaces.apply(del)).refusal).toMatchObject({ errno: -19, request: 'RTM_DELLINK' })
    await spaces.do(set)
  })

  it('goes when what is printed is pasted', () => {
    paste(printPlan([del]), { netns: spaces.paths[0] })
    expect(state()).toEqual([undefined, undefined, [1500, undefined, false]])
  })

  it('of a link is something else', async () => {
    await spaces.do({ op: 'link.set', link: 'a', group: 78 }, { op: 'link.del', group: 78 })
    expect(state()).toEqual([undefined, [1500, undefined, false], undefined])
  })
})

describe('a link that is born in another namespace', () => {
  const add: Op = { op: 'link.add', into: 1, name: 'vx0', kind: 'vxlan', up: true, mtu: 1400, vxlan: { id: 7, dstPort: 4789 } }

  it('is there and nowhere else, with its number there, and is taken back; pasted too', async () => {
    const { ifindex } = await spaces.do(add)
    expect(spaces.link(1, 'vx0')).toMatchObject({ ifindex: ifindex[0], mtu: 1400, linkinfo: { info_data: { id: 7 } } })
    expect(spaces.link(0, 'vx0')).toBeUndefined()
    // Its socket is where the op was.
    expect((await spaces.apply({ ...add, into: 0, name: 'vx1' })).refusal).toMatchObject({ errno: -17 })
    await spaces.do(...undoOf([add]))
    expect(spaces.link(1, 'vx0')).toBeUndefined()
    paste(printPlan([add], spaces.paths), { netns: spaces.paths[0] })
    expect(spaces.link(1, 'vx0')).toMatchObject({ mtu: 1400, flags: expect.arrayContaining(['UP']) })
  })

  it('is no tun', () => {
    expect(() => spaces.apply({ op: 'link.add', into: 1, name: 't', kind: 'tun', tun: { mode: 'tun' } })).toThrow('into')
  })
})
