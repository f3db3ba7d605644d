import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op, Outcome, Refusal } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { parseMac } from '../../lib/model/ids.ts'
import { undoOf } from '../../lib/model/op.ts'
import { printOp } from '../../lib/model/print.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { applyLeniently } from '../../lib/netlink/kernel.ts'
import type { Netns } from '../../lib/netlink/namespace.ts'
import { paste } from '../support/paste.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
const mac = (text: string): Uint8Array => parseMac(text) ?? expect.fail(text)
const packed = (...rows: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(rows))

type Name = Op['op']

interface Here<N extends Name> {
  /** What it needs, as ops and as commands of others. */
  readonly before?: readonly Op[]
  readonly given?: readonly string[]
  readonly op: Op & { readonly op: N }
  /** A command, and what it prints once the op is done; null: it makes no difference to anybody who looks. */
  readonly look: string | null
  readonly sees: RegExp
  /** It takes away: it is no longer printed. */
  readonly gone?: true
  /** What it says when it is done again; 0: done. */
  readonly again: number
  /** What the kernel refuses, and how. */
  readonly wrong: Op & { readonly op: N }
  readonly refusal: Partial<Refusal>
  /** Where its command is pasted, if not here. */
  readonly shown?: string
  /** What takes it back; default: its inverse. None: nothing does. */
  readonly back?: readonly Op[] | 'nothing'
}

/** The kernel here lacks it: a file in which another one shows the same. */
interface Elsewhere {
  readonly elsewhere: string
}

const bridge: Op = { op: 'link.add', kind: 'bridge', name: 'br0', up: true, mac: mac('02:00:00:00:00:01') }
const veth: Op = { op: 'link.add', kind: 'veth', name: 'v0', up: true, peer: { name: 'v1', at: 0 } }
/** Both ends of it up, with an address. */
const wire: readonly Op[] = [
  veth,
  { op: 'link.set', link: 'v1', up: true },
  { op: 'addr.add', link: 'v0', address: bytes('10.9.0.1'), prefix: 24 },
]
const vxlan: Op = { op: 'link.add', kind: 'vxlan', name: 'vx0', up: true, vxlan: { id: 7, learning: false } }
const nine: Op = { op: 'addr.add', link: 'br0', address: bytes('10.9.0.1'), prefix: 24 }
const [LOW, HIGH] = [bytes('10.9.0.7'), bytes('10.9.0.8')]
const [ONE, TWO, STRANGER] = [mac('02:00:00:00:00:07'), mac('02:00:00:00:00:08'), mac('02:00:00:00:00:09')]
const [ENOENT, ESRCH, EEXIST, ENODEV, EINVAL, EOPNOTSUPP, EADDRNOTAVAIL, ENETUNREACH] = [-2, -3, -17, -19, -22, -95, -99, -101]

/** Number of a namespace that is not made yet. */
const THIRD = 2
/** Number of one in a folder that is not there. */
const NOWHERE = 3
const noLink = { errno: ENODEV }
const nowhere = { errno: ENOENT, request: 'open' }
const addr = { link: 'br0', address: LOW, prefix: 24 } as const
const addrs = { link: 'br0', family: 4, addresses: packed(LOW, HIGH), prefix: 24 } as const
const route = { to: bytes('10.8.0.0'), prefix: 16, via: LOW } as const
const routes = { family: 4, tos: packed(bytes('10.7.0.0'), bytes('10.8.0.0')), prefix: 16, via: LOW } as const
const astray = bytes('192.0.2.1')
const neigh = { link: 'br0', address: LOW, mac: ONE } as const
const neighs = { link: 'br0', family: 4, addresses: packed(LOW, HIGH), macs: packed(ONE, TWO) } as const
const fdb = { link: 'vx0', mac: ONE, dst: LOW } as const
const flooded = { link: 'vx0', mac: mac('00:00:00:00:00:00'), dst: LOW } as const
const fdbs = { link: 'vx0', family: 4, macs: packed(ONE, TWO), dsts: packed(LOW, HIGH) } as const
const floodeds = { ...fdbs, macs: new Uint8Array(12) } as const
const nexthop = { id: 7, via: LOW, link: 'v0' } as const
const vnis: Op = { op: 'link.add', kind: 'vxlan', name: 'vx1', up: true, vxlan: { external: true, vniFilter: true } }
const rule = { family: 4, priority: 77, table: 100 } as const
const htb: Op = { op: 'qdisc.add', link: 'v0', kind: 'htb', handle: '1:' }
const klass = { link: 'v0', parent: '1:', classId: '1:7', rate: 1_000_000 } as const
const filter = { link: 'v0', parent: '1:', kind: 'u32', priority: 7, classId: '1:7' } as const
const policy = { family: 4, dir: 'out', src: { address: LOW, prefix: 32 }, action: 'block' } as const
/** Of the other family. */
const astrayTemplate = { proto: 'esp', mode: 'transport', src: bytes('fd00::1'), dst: bytes('fd00::2') } as const
const table: Op = { op: 'nft', commands: [{ add: { table: { family: 'inet', name: 'lab' } } }] }
const names = { family: 'inet', table: 'lab', name: 'names' }
const set: Op = {
  op: 'nft',
  commands: [{ add: { set: { ...names, type: 'ifname' } } }, { add: { element: { ...names, elem: ['br0'] } } }],
}
const connection =
  'conntrack -I -p udp -s 10.9.0.7 -d 10.9.0.8 --sport 1000 --dport 53 --reply-port-src 53 --reply-port-dst 1000 -t 600 -u SEEN_REPLY'

/** Every op that there is, or it would not compile. */
const ops: { readonly [N in Name]: Here<N> | Elsewhere } = {
  'link.add': {
    op: { ...bridge, op: 'link.add' } as Op & { op: 'link.add' },
    look: 'ip link',
    sees: /br0:/,
    again: EEXIST,
    wrong: { op: 'link.add', kind: 'bridge', name: 'sixteen-letters-' },
    refusal: { errno: -34, request: 'RTM_NEWLINK', attribute: 'IFLA_IFNAME', message: 'Attribute failed policy validation' },
  },
  'link.set': {
    before: [bridge],
    op: { op: 'link.set', link: 'br0', mtu: 1400 },
    look: 'ip link show dev br0',
    sees: /mtu 1400/,
    again: 0,
    wrong: { op: 'link.set', link: 'br0', mtu: 70_000 },
    refusal: { errno: EINVAL, request: 'RTM_NEWLINK', message: 'mtu greater than device maximum' },
    back: [{ op: 'link.set', link: 'br0', mtu: 1500 }],
  },
  'link.del': {
    before: [bridge],
    op: { op: 'link.del', link: 'br0' },
    look: 'ip link',
    sees: /br0:/,
    gone: true,
    again: ENODEV,
    wrong: { op: 'link.del', link: 'lo' },
    refusal: { errno: EOPNOTSUPP, request: 'RTM_DELLINK' },
    back: [bridge],
  },
  'addr.add': {
    before: [bridge],
    op: { op: 'addr.add', ...addr },
    look: 'ip addr',
    sees: /10\.9\.0\.7\/24/,
    again: EEXIST,
    wrong: { op: 'addr.add', ...addr, link: 'none' },
    refusal: noLink,
  },
  'addr.replace': {
    before: [bridge],
    op: { op: 'addr.replace', ...addr },
    look: 'ip addr',
    sees: /10\.9\.0\.7\/24/,
    again: 0,
    wrong: { op: 'addr.replace', ...addr, link: 'none' },
    refusal: noLink,
    back: [{ op: 'addr.del', ...addr }],
  },
  'addr.del': {
    before: [bridge, { op: 'addr.add', ...addr }],
    op: { op: 'addr.del', ...addr },
    look: 'ip addr',
    sees: /10\.9\.0\.7\/24/,
    gone: true,
    again: EADDRNOTAVAIL,
    wrong: { op: 'addr.del', ...addr, address: HIGH },
    refusal: { errno: EADDRNOTAVAIL, request: 'RTM_DELADDR', message: 'ipv4: Address not found' },
    back: [{ op: 'addr.add', ...addr }],
  },
  'addr.addMany': {
    before: [bridge],
    op: { op: 'addr.addMany', ...addrs },
    look: 'ip addr',
    sees: /10\.9\.0\.7\/24[^]*10\.9\.0\.8\/24/,
    again: EEXIST,
    wrong: { op: 'addr.addMany', ...addrs, addresses: packed(LOW, LOW) },
    refusal: { errno: EEXIST, request: 'RTM_NEWADDR' },
  },
  'addr.replaceMany': {
    before: [bridge],
    op: { op: 'addr.replaceMany', ...addrs },
    look: 'ip addr',
    sees: /10\.9\.0\.7\/24[^]*10\.9\.0\.8\/24/,
    again: 0,
    wrong: { op: 'addr.replaceMany', ...addrs, link: 'none' },
    refusal: noLink,
    back: [{ op: 'addr.delMany', ...addrs }],
  },
  'addr.delMany': {
    before: [bridge, { op: 'addr.addMany', ...addrs }],
    op: { op: 'addr.delMany', ...addrs },
    look: 'ip addr',
    sees: /10\.9\.0\.[78]\/24/,
    gone: true,
    again: EADDRNOTAVAIL,
    wrong: { op: 'addr.delMany', ...addrs, prefix: 30 },
    refusal: { errno: EADDRNOTAVAIL, request: 'RTM_DELADDR' },
    back: [{ op: 'addr.addMany', ...addrs }],
  },
  'route.add': {
    before: [bridge, nine],
    op: { op: 'route.add', ...route },
    look: 'ip route',
    sees: /10\.8\.0\.0\/16 via 10\.9\.0\.7/,
    again: EEXIST,
    wrong: { op: 'route.add', ...route, via: astray },
    refusal: { errno: ENETUNREACH, request: 'RTM_NEWROUTE', message: 'Nexthop has invalid gateway' },
  },
  'route.replace': {
    before: [bridge, nine],
    op: { op: 'route.replace', ...route },
    look: 'ip route',
    sees: /10\.8\.0\.0\/16 via 10\.9\.0\.7/,
    again: 0,
    wrong: { op: 'route.replace', ...route, via: astray },
    refusal: { errno: ENETUNREACH, request: 'RTM_NEWROUTE', message: 'Nexthop has invalid gateway' },
    back: [{ op: 'route.del', ...route }],
  },
  'route.del': {
    before: [bridge, nine, { op: 'route.add', ...route }],
    op: { op: 'route.del', ...route },
    look: 'ip route',
    sees: /10\.8\.0\.0\/16 via 10\.9\.0\.7/,
    gone: true,
    again: ESRCH,
    wrong: { op: 'route.del', ...route, prefix: 12, to: bytes('10.16.0.0') },
    refusal: { errno: ESRCH, request: 'RTM_DELROUTE' },
    back: [{ op: 'route.add', ...route }],
  },
  'route.addMany': {
    before: [bridge, nine],
    op: { op: 'route.addMany', ...routes },
    look: 'ip route',
    sees: /10\.7\.0\.0\/16[^]*10\.8\.0\.0\/16/,
    again: EEXIST,
    wrong: { op: 'route.addMany', ...routes, via: astray },
    refusal: { errno: ENETUNREACH, request: 'RTM_NEWROUTE' },
  },
  'route.replaceMany': {
    before: [bridge, nine],
    op: { op: 'route.replaceMany', ...routes },
    look: 'ip route',
    sees: /10\.7\.0\.0\/16[^]*10\.8\.0\.0\/16/,
    again: 0,
    wrong: { op: 'route.replaceMany', ...routes, via: astray },
    refusal: { errno: ENETUNREACH, request: 'RTM_NEWROUTE' },
    back: [{ op: 'route.delMany', ...routes }],
  },
  'route.delMany': {
    before: [bridge, nine, { op: 'route.addMany', ...routes }],
    op: { op: 'route.delMany', ...routes },
    look: 'ip route',
    sees: /10\.[78]\.0\.0\/16/,
    gone: true,
    again: ESRCH,
    wrong: { op: 'route.delMany', ...routes, via: HIGH },
    refusal: { errno: ESRCH, request: 'RTM_DELROUTE' },
    back: [{ op: 'route.addMany', ...routes }],
  },
  'neigh.add': {
    before: [bridge],
    op: { op: 'neigh.add', ...neigh },
    look: 'ip neigh',
    sees: /10\.9\.0\.7 .*02:00:00:00:00:07 PERMANENT/,
    again: EEXIST,
    wrong: { op: 'neigh.add', ...neigh, link: 'none' },
    refusal: noLink,
  },
  'neigh.replace': {
    before: [bridge],
    op: { op: 'neigh.replace', ...neigh },
    look: 'ip neigh',
    sees: /10\.9\.0\.7 .*02:00:00:00:00:07 PERMANENT/,
    again: 0,
    wrong: { op: 'neigh.replace', ...neigh, link: 'none' },
    refusal: noLink,
    back: [{ op: 'neigh.del', ...neigh }],
  },
  'neigh.del': {
    before: [bridge, { op: 'neigh.add', ...neigh }],
    op: { op: 'neigh.del', ...neigh },
    look: 'ip neigh',
    sees: /10\.9\.0\.7/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'neigh.del', ...neigh, address: HIGH },
    refusal: { errno: ENOENT, request: 'RTM_DELNEIGH' },
    back: [{ op: 'neigh.add', ...neigh }],
  },
  'neigh.addMany': {
    before: [bridge],
    op: { op: 'neigh.addMany', ...neighs },
    look: 'ip neigh',
    sees: /10\.9\.0\.[78][^]*10\.9\.0\.[78]/,
    again: EEXIST,
    wrong: { op: 'neigh.addMany', ...neighs, addresses: packed(LOW, LOW) },
    refusal: { errno: EEXIST, request: 'RTM_NEWNEIGH' },
  },
  'neigh.replaceMany': {
    before: [bridge],
    op: { op: 'neigh.replaceMany', ...neighs },
    look: 'ip neigh',
    sees: /10\.9\.0\.[78][^]*10\.9\.0\.[78]/,
    again: 0,
    wrong: { op: 'neigh.replaceMany', ...neighs, link: 'none' },
    refusal: noLink,
    back: [{ op: 'neigh.delMany', ...neighs }],
  },
  'neigh.delMany': {
    before: [bridge, { op: 'neigh.addMany', ...neighs }],
    op: { op: 'neigh.delMany', ...neighs },
    look: 'ip neigh',
    sees: /10\.9\.0\.[78]/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'neigh.delMany', ...neighs, addresses: packed(LOW, LOW) },
    refusal: { errno: ENOENT, request: 'RTM_DELNEIGH' },
    back: [{ op: 'neigh.addMany', ...neighs }],
  },
  'fdb.add': {
    before: [vxlan],
    op: { op: 'fdb.add', ...fdb },
    look: 'bridge fdb',
    sees: /02:00:00:00:00:07 dev vx0 dst 10\.9\.0\.7/,
    again: EEXIST,
    wrong: { op: 'fdb.add', ...fdb, link: 'none' },
    refusal: noLink,
  },
  'fdb.replace': {
    before: [vxlan],
    op: { op: 'fdb.replace', ...fdb },
    look: 'bridge fdb',
    sees: /02:00:00:00:00:07 dev vx0 dst 10\.9\.0\.7/,
    again: 0,
    // Who is everybody is not replaced by one.
    wrong: { op: 'fdb.replace', ...flooded },
    refusal: { errno: EOPNOTSUPP, request: 'RTM_NEWNEIGH' },
    back: [{ op: 'fdb.del', ...fdb }],
  },
  'fdb.append': {
    before: [vxlan],
    op: { op: 'fdb.append', ...flooded },
    look: 'bridge fdb',
    sees: /00:00:00:00:00:00 dev vx0 dst 10\.9\.0\.7/,
    again: 0,
    wrong: { op: 'fdb.append', ...flooded, link: 'none' },
    refusal: noLink,
  },
  'fdb.del': {
    before: [vxlan, { op: 'fdb.add', ...fdb }],
    op: { op: 'fdb.del', ...fdb },
    look: 'bridge fdb',
    sees: /02:00:00:00:00:07/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'fdb.del', ...fdb, mac: TWO },
    refusal: { errno: ENOENT, request: 'RTM_DELNEIGH' },
    back: [{ op: 'fdb.add', ...fdb }],
  },
  'fdb.addMany': {
    before: [vxlan],
    op: { op: 'fdb.addMany', ...fdbs },
    look: 'bridge fdb',
    sees: /02:00:00:00:00:0[78][^]*02:00:00:00:00:0[78]/,
    again: EEXIST,
    wrong: { op: 'fdb.addMany', ...fdbs, macs: packed(ONE, ONE) },
    refusal: { errno: EEXIST, request: 'RTM_NEWNEIGH' },
  },
  'fdb.replaceMany': {
    before: [vxlan],
    op: { op: 'fdb.replaceMany', ...fdbs },
    look: 'bridge fdb',
    sees: /02:00:00:00:00:0[78][^]*02:00:00:00:00:0[78]/,
    again: 0,
    wrong: { op: 'fdb.replaceMany', ...floodeds },
    refusal: { errno: EOPNOTSUPP, request: 'RTM_NEWNEIGH' },
    back: [{ op: 'fdb.delMany', ...fdbs }],
  },
  'fdb.appendMany': {
    before: [vxlan],
    op: { op: 'fdb.appendMany', ...floodeds },
    look: 'bridge fdb',
    sees: /dst 10\.9\.0\.[78][^]*dst 10\.9\.0\.[78]/,
    again: 0,
    wrong: { op: 'fdb.appendMany', ...floodeds, link: 'none' },
    refusal: noLink,
  },
  'fdb.delMany': {
    before: [vxlan, { op: 'fdb.addMany', ...fdbs }],
    op: { op: 'fdb.delMany', ...fdbs },
    look: 'bridge fdb',
    sees: /02:00:00:00:00:0[78]/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'fdb.delMany', ...fdbs, macs: packed(STRANGER, STRANGER) },
    refusal: { errno: ENOENT, request: 'RTM_DELNEIGH' },
    back: [{ op: 'fdb.addMany', ...fdbs }],
  },
  'nexthop.add': {
    before: wire,
    op: { op: 'nexthop.add', ...nexthop },
    look: 'ip nexthop',
    sees: /id 7 via 10\.9\.0\.7/,
    again: EEXIST,
    wrong: { op: 'nexthop.add', ...nexthop, via: astray },
    refusal: { errno: ENETUNREACH, request: 'RTM_NEWNEXTHOP', message: 'Nexthop has invalid gateway' },
  },
  'nexthop.replace': {
    before: wire,
    op: { op: 'nexthop.replace', ...nexthop },
    look: 'ip nexthop',
    sees: /id 7 via 10\.9\.0\.7/,
    again: 0,
    wrong: { op: 'nexthop.replace', ...nexthop, via: astray },
    refusal: { errno: ENETUNREACH, request: 'RTM_NEWNEXTHOP' },
    back: [{ op: 'nexthop.del', id: 7 }],
  },
  'nexthop.del': {
    before: [...wire, { op: 'nexthop.add', ...nexthop }],
    op: { op: 'nexthop.del', id: 7 },
    look: 'ip nexthop',
    sees: /id 7/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'nexthop.del', id: 8 },
    refusal: { errno: ENOENT, request: 'RTM_DELNEXTHOP' },
    back: [{ op: 'nexthop.add', ...nexthop }],
  },
  'vni.add': {
    before: [vnis],
    op: { op: 'vni.add', link: 'vx1', vni: 100, end: 110 },
    look: 'bridge vni',
    sees: /100-110/,
    again: 0,
    wrong: { op: 'vni.add', link: 'lo', vni: 100 },
    refusal: { errno: EINVAL, request: 'RTM_NEWTUNNEL' },
  },
  'vni.del': {
    before: [vnis, { op: 'vni.add', link: 'vx1', vni: 100 }],
    op: { op: 'vni.del', link: 'vx1', vni: 100 },
    look: 'bridge vni',
    sees: /100/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'vni.del', link: 'vx1', vni: 101 },
    refusal: { errno: ENOENT, request: 'RTM_DELTUNNEL' },
    back: [{ op: 'vni.add', link: 'vx1', vni: 100 }],
  },
  'vlan.add': { elsewhere: 'test/kernel/vlans.test.ts' },
  'vlan.del': { elsewhere: 'test/kernel/vlans.test.ts' },
  'rule.add': {
    op: { op: 'rule.add', ...rule },
    look: 'ip rule',
    sees: /77:\tfrom all lookup 100/,
    again: EEXIST,
    wrong: { op: 'rule.add', ...rule, oif: 'sixteen-letters-' },
    refusal: { errno: -34, request: 'RTM_NEWRULE', attribute: 'FRA_OIFNAME' },
  },
  'rule.del': {
    before: [{ op: 'rule.add', ...rule }],
    op: { op: 'rule.del', ...rule },
    look: 'ip rule',
    sees: /77:/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'rule.del', ...rule, priority: 78 },
    refusal: { errno: ENOENT, request: 'RTM_DELRULE' },
    back: [{ op: 'rule.add', ...rule }],
  },
  'qdisc.add': {
    before: [veth],
    op: { op: 'qdisc.add', link: 'v0', kind: 'htb', handle: '1:' },
    look: 'tc qdisc show dev v0',
    sees: /htb 1:/,
    again: EEXIST,
    wrong: { op: 'qdisc.add', link: 'v0', kind: 'htb', parent: '9:1' },
    refusal: { errno: ENOENT, request: 'RTM_NEWQDISC' },
  },
  'qdisc.replace': {
    before: [veth],
    op: { op: 'qdisc.replace', link: 'v0', kind: 'tbf', handle: '1:', tbf: { rate: 1_000_000, burst: 10_000, limit: 10_000 } },
    look: 'tc qdisc show dev v0',
    sees: /tbf 1:/,
    again: 0,
    wrong: { op: 'qdisc.replace', link: 'v0', kind: 'htb', parent: '9:1' },
    refusal: { errno: ENOENT, request: 'RTM_NEWQDISC' },
    back: [{ op: 'qdisc.del', link: 'v0', kind: 'tbf' }],
  },
  'qdisc.del': {
    before: [veth, htb],
    op: { op: 'qdisc.del', link: 'v0', kind: 'htb' },
    look: 'tc qdisc show dev v0',
    sees: /htb/,
    gone: true,
    // The link has what links begin with.
    again: EINVAL,
    wrong: { op: 'qdisc.del', link: 'v0', kind: 'ingress' },
    refusal: { request: 'RTM_DELQDISC' },
    back: [htb],
  },
  'class.add': {
    before: [veth, htb],
    op: { op: 'class.add', ...klass },
    look: 'tc class show dev v0',
    sees: /htb 1:7 .*rate 1Mbit/,
    again: EEXIST,
    wrong: { op: 'class.add', ...klass, parent: '9:' },
    refusal: { errno: EINVAL, request: 'RTM_NEWTCLASS' },
  },
  'class.replace': {
    before: [veth, htb],
    op: { op: 'class.replace', ...klass },
    look: 'tc class show dev v0',
    sees: /htb 1:7 .*rate 1Mbit/,
    again: 0,
    wrong: { op: 'class.replace', ...klass, parent: '9:' },
    refusal: { errno: EINVAL, request: 'RTM_NEWTCLASS' },
    back: [{ op: 'class.del', link: 'v0', classId: '1:7' }],
  },
  'class.del': {
    before: [veth, htb, { op: 'class.add', ...klass }],
    op: { op: 'class.del', link: 'v0', classId: '1:7' },
    look: 'tc class show dev v0',
    sees: /htb 1:7/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'class.del', link: 'v0', classId: '1:8' },
    refusal: { errno: ENOENT, request: 'RTM_DELTCLASS' },
    back: [{ op: 'class.add', ...klass }],
  },
  'filter.add': {
    before: [veth, htb, { op: 'class.add', ...klass }],
    op: { op: 'filter.add', ...filter },
    look: 'tc filter show dev v0',
    sees: /pref 7 u32 .*flowid 1:7/,
    // Two of the same priority, which go together.
    again: 0,
    wrong: { op: 'filter.add', ...filter, parent: '9:' },
    refusal: { errno: EINVAL, request: 'RTM_NEWTFILTER' },
  },
  'filter.del': {
    before: [veth, htb, { op: 'class.add', ...klass }, { op: 'filter.add', ...filter }],
    op: { op: 'filter.del', link: 'v0', parent: '1:', kind: 'u32', priority: 7 },
    look: 'tc filter show dev v0',
    sees: /pref 7 u32/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'filter.del', link: 'v0', parent: '1:', kind: 'u32', priority: 8 },
    refusal: { errno: ENOENT, request: 'RTM_DELTFILTER' },
    back: [{ op: 'filter.add', ...filter }],
  },
  announce: {
    before: wire,
    op: { op: 'announce', link: 'v0', address: LOW },
    // Its test sees the frames.
    look: null,
    sees: /^/,
    again: 0,
    wrong: { op: 'announce', link: 'none', address: LOW },
    refusal: noLink,
    back: 'nothing',
  },
  'conntrack.del': {
    given: [connection],
    op: { op: 'conntrack.del', family: 4, proto: 'udp', origDst: HIGH, origDport: 53 },
    look: 'conntrack -L',
    sees: /dst=10\.9\.0\.8/,
    gone: true,
    // It says how many went.
    again: 0,
    wrong: { op: 'conntrack.del', family: 4, proto: 'udp', at: THIRD },
    refusal: nowhere,
    back: 'nothing',
  },
  'conntrack.delMany': {
    given: [connection],
    op: { op: 'conntrack.delMany', family: 4, addresses: packed(LOW, HIGH) },
    // A command for each way in which an address is part of one, and where there is none it fails.
    shown: 'conntrack.test.ts',
    look: 'conntrack -L',
    sees: /dst=10\.9\.0\.8/,
    gone: true,
    again: 0,
    wrong: { op: 'conntrack.delMany', family: 4, addresses: LOW, at: THIRD },
    refusal: nowhere,
    back: 'nothing',
  },
  'xfrm.policy.add': {
    op: { op: 'xfrm.policy.add', ...policy },
    look: 'ip xfrm policy',
    sees: /src 10\.9\.0\.7\/32/,
    again: EEXIST,
    wrong: { op: 'xfrm.policy.add', ...policy, tmpls: [astrayTemplate] },
    refusal: { errno: EINVAL, request: 'XFRM_MSG_NEWPOLICY' },
  },
  'xfrm.policy.replace': {
    op: { op: 'xfrm.policy.replace', ...policy },
    look: 'ip xfrm policy',
    sees: /src 10\.9\.0\.7\/32/,
    again: 0,
    wrong: { op: 'xfrm.policy.replace', ...policy, tmpls: [astrayTemplate] },
    refusal: { errno: EINVAL, request: 'XFRM_MSG_UPDPOLICY' },
    back: [{ op: 'xfrm.policy.del', ...policy }],
  },
  'xfrm.policy.del': {
    before: [{ op: 'xfrm.policy.add', ...policy }],
    op: { op: 'xfrm.policy.del', ...policy },
    look: 'ip xfrm policy',
    sees: /src 10\.9\.0\.7\/32/,
    gone: true,
    again: ENOENT,
    wrong: { op: 'xfrm.policy.del', ...policy, dir: 'in' },
    refusal: { errno: ENOENT, request: 'XFRM_MSG_DELPOLICY' },
    back: [{ op: 'xfrm.policy.add', ...policy }],
  },
  'xfrm.policy.flush': {
    before: [{ op: 'xfrm.policy.add', ...policy }],
    op: { op: 'xfrm.policy.flush', dir: 'out' },
    look: 'ip xfrm policy',
    sees: /src 10\.9\.0\.7\/32/,
    gone: true,
    again: 0,
    wrong: { op: 'xfrm.policy.flush', dir: 'out', at: THIRD },
    refusal: nowhere,
    back: [{ op: 'xfrm.policy.add', ...policy }],
  },
  'xfrm.state.add': { elsewhere: 'test/kernel/xfrm-state.test.ts' },
  'xfrm.state.replace': { elsewhere: 'test/kernel/xfrm-state.test.ts' },
  'xfrm.state.del': { elsewhere: 'test/kernel/xfrm-state.test.ts' },
  'xfrm.state.flush': { elsewhere: 'test/kernel/xfrm-flush.test.ts' },
  'wireguard.sync': { elsewhere: 'test/qemu/wireguard.ts' },
  sysctl: {
    op: {
      op: 'sysctl',
      path: 'net/ipv4/ip_default_ttl',
      value: '77',
      undo: [{ op: 'sysctl', path: 'net/ipv4/ip_default_ttl', value: '64' }],
    },
    look: 'cat /proc/sys/net/ipv4/ip_default_ttl',
    sees: /77/,
    again: 0,
    wrong: { op: 'sysctl', path: 'net/ipv4/ip_default_ttl', value: '777' },
    refusal: { errno: EINVAL },
  },
  nft: {
    op: { ...table, undo: [{ op: 'nft', commands: [{ delete: { table: { family: 'inet', name: 'lab' } } }] }] } as Op & { op: 'nft' },
    look: 'nft list ruleset',
    sees: /table inet lab/,
    again: 0,
    wrong: { op: 'nft', commands: [{ delete: { table: { family: 'inet', name: 'none' } } }] },
    refusal: { errno: ENOENT, request: 'nft' },
  },
  'nft.get': {
    before: [table, set],
    op: { op: 'nft.get', table: 'lab', set: 'names', ifname: 'br0' },
    look: null,
    sees: /^/,
    again: 0,
    wrong: { op: 'nft.get', table: 'lab', set: 'names', ifname: 'br1' },
    refusal: { errno: ENOENT, request: 'nft' },
    back: 'nothing',
  },
  'netns.add': {
    op: { op: 'netns.add', at: THIRD },
    look: 'cat /proc/self/mounts',
    sees: /\/third /,
    again: EEXIST,
    wrong: { op: 'netns.add', at: 0 },
    refusal: { errno: EEXIST, request: 'netns' },
  },
  'netns.del': {
    before: [{ op: 'netns.add', at: THIRD }],
    op: { op: 'netns.del', at: THIRD },
    look: 'cat /proc/self/mounts',
    sees: /\/third /,
    gone: true,
    again: ENOENT,
    wrong: { op: 'netns.del', at: NOWHERE },
    refusal: { errno: ENOENT, request: 'netns' },
    back: [{ op: 'netns.add', at: THIRD }],
  },
}

let spaces: Spaces
let all: readonly Netns[]
let paths: readonly string[]
beforeEach(async () => {
  spaces = await Spaces.open()
  paths = [...spaces.paths, join(spaces.folder, 'third'), join(spaces.folder, 'none', 'fourth')]
  all = paths.map((path) => addon().Netns.at(path))
})
afterEach(async () => {
  await applyLeniently(all, [{ op: 'netns.del', at: THIRD }])
  for (const netns of all) netns.close()
  await spaces[Symbol.asyncDispose]()
})

/** 0, or the errno. */
const outcome = async (...plan: readonly Op[]): Promise<number> => refusalOf(await addon().apply(all, plan, 1))?.errno ?? 0
const refusalOf = ({ refusal }: Outcome) => refusal

const here = Object.entries<Here<Name> | Elsewhere>(ops).flatMap(([name, each]) => ('elsewhere' in each ? [] : [[name, each] as const]))

describe.each(here)('%s', (_, each) => {
  const { op, sees, again, wrong, back = undoOf([op]) } = each
  const look = () => (each.look === null ? '' : must(each.look.split(' '), { netns: spaces.paths[0] }))
  const done = () => sees.test(look()) !== (each.gone === true)
  const give = () => {
    for (const command of each.given ?? []) must(command.split(' '), { netns: spaces.paths[0] })
    expect(each.look === null || !done()).toBe(true)
  }
  beforeEach(async () => {
    expect(await outcome(...(each.before ?? []))).toBe(0)
    give()
  })

  it('is done, repeated, taken back, and done by the command that it prints', async () => {
    expect(await outcome(op)).toBe(0)
    expect(done()).toBe(true)
    expect(await outcome(op)).toBe(again)
    expect(done()).toBe(true)
    if (back === 'nothing') expect(undoOf([op])).toEqual([])
    else expect(await outcome(...back)).toBe(0)
    give()
    if (each.shown !== undefined) return expect(readFileSync(join(import.meta.dirname, each.shown), 'utf8')).toContain('paste(')
    paste(printOp(op, paths), { netns: spaces.paths[1] })
    expect(done()).toBe(true)
  })

  it('is refused, and so is the command that the error ends with', async () => {
    const { refusal } = await addon().apply(all, [wrong], 1)
    expect(refusal).toMatchObject({ op: 0, ...each.refusal })
    expect(() => paste(printOp(wrong, paths), { netns: spaces.paths[1] })).toThrow()
    expect(each.look === null || !done()).toBe(true)
  })
})

it('what this kernel lacks is shown where one has it', () => {
  for (const [name, each] of Object.entries(ops)) {
    if ('elsewhere' in each)
      expect(readFileSync(each.elsewhere, 'utf8')).toContain(each.elsewhere.includes('wireguard') ? 'encrypted' : `'${name}'`)
  }
})
