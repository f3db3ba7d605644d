import { describe, expect, it } from 'vitest'
import { parseAddress, toBytes } from '../../../lib/model/address.ts'
import { LINK_GROUP, parseMac } from '../../../lib/model/ids.ts'
import type { Op } from '../../../lib/model/op.ts'
import { printOp, printPlan } from '../../../lib/model/print.ts'

const bytes = (text: string): Uint8Array => {
  const address = parseAddress(text)
  if (!address) throw new Error(text)
  return toBytes(address)
}
const mac = parseMac('02:00:5e:00:53:01') ?? new Uint8Array()

const ops: readonly (readonly [Op, string])[] = [
  [{ op: 'link.add', kind: 'bridge', name: 'web0', group: LINK_GROUP }, 'ip link add web0 group 6516333 type bridge'],
  [
    {
      op: 'link.add',
      kind: 'bridge',
      name: 'web0',
      mtu: 1450,
      mac,
      up: true,
      bridge: { stp: false, forwardDelay: 200, mcastSnooping: true },
    },
    'ip link add web0 mtu 1450 address 02:00:5e:00:53:01 up type bridge stp_state 0 forward_delay 200 mcast_snooping 1',
  ],
  [
    { op: 'link.add', kind: 'veth', name: 'vethab12345', mtu: 1500, peer: { name: 'eth0', at: 0, mtu: 1500, mac, group: 7 } },
    'ip link add vethab12345 mtu 1500 type veth peer name eth0 mtu 1500 address 02:00:5e:00:53:01 group 7',
  ],
  [
    { op: 'link.add', kind: 'veth', name: 'vethab12345', peer: { name: 'eth0', at: 1 } },
    'ip link add vethab12345 type veth peer name eth0 netns NETNS1',
  ],
  [
    {
      op: 'link.add',
      kind: 'vxlan',
      name: 'vx4097',
      vxlan: { id: 4097, dstPort: 4789, local: bytes('192.0.2.1'), learning: false, proxy: true, srcPort: [40000, 50000], dev: 7, tos: 1 },
    },
    'ip link add vx4097 type vxlan id 4097 local 192.0.2.1 dev if7 dstport 4789 srcport 40000 50000 nolearning proxy tos inherit',
  ],
  [
    { op: 'link.add', kind: 'vxlan', name: 'vx', vxlan: { external: true, group: bytes('239.1.1.1'), df: 'set' } },
    'ip link add vx type vxlan group 239.1.1.1 external learning df set',
  ],
  [
    { op: 'link.add', kind: 'macvlan', name: 'eth0', link: 'if a', mac, macvlan: { mode: 'source', macAddr: [mac] } },
    "ip link add link 'if a' name eth0 address 02:00:5e:00:53:01 type macvlan mode source macaddr set 02:00:5e:00:53:01",
  ],
  [
    { op: 'link.add', kind: 'macvtap', name: 't', link: 7, macvtap: { mode: 'passthru', noPromisc: true } },
    'ip link add link if7 name t type macvtap mode passthru nopromisc',
  ],
  [
    { op: 'link.add', kind: 'ipvlan', name: 'i', link: 'eth0', ipvlan: { mode: 'l3s', flag: 'private' } },
    'ip link add link eth0 name i type ipvlan mode l3s private',
  ],
  [
    { op: 'link.add', kind: 'vlan', name: 'eth0.7', link: 'eth0', vlan: { id: 7, protocol: '802.1ad' } },
    'ip link add link eth0 name eth0.7 type vlan protocol 802.1ad id 7',
  ],
  [{ op: 'link.add', kind: 'dummy', name: 'd', up: true }, 'ip link add d up type dummy'],
  [{ op: 'link.set', link: 'eth0', name: 'eth1', up: true, alias: 'the way out' }, "ip link set dev eth0 name eth1 up alias 'the way out'"],
  [{ op: 'link.set', link: 'eth0', up: false, alias: '' }, "ip link set dev eth0 down alias ''"],
  [{ op: 'link.set', link: 'vethab12345', master: 'web0', group: 7 }, 'ip link set dev vethab12345 group 7 master web0'],
  [{ op: 'link.set', link: 'vethab12345', master: 0 }, 'ip link set dev vethab12345 nomaster'],
  [{ op: 'link.set', link: 7, master: 3, mtu: 9000 }, 'ip link set dev if7 mtu 9000 master if3'],
  [{ op: 'link.set', link: 'web0', port: { isolated: true, hairpin: false } }, 'bridge link set dev web0 hairpin off isolated on'],
  [
    { op: 'link.set', link: 'a', name: 'b', master: 'web0', port: { learning: false, flood: false } },
    'ip link set dev a name b master web0\nbridge link set dev b learning off flood off',
  ],
  [{ op: 'link.set', group: 77, up: true, mtu: 1400, master: 'web0' }, 'ip link set mtu 1400 group 77 up master web0'],
  [{ op: 'link.del', group: 77 }, 'ip link del group 77'],
  [{ op: 'link.del', link: 'web0' }, 'ip link del dev web0'],
  [{ op: 'addr.add', link: 'eth0', address: bytes('172.18.0.2'), prefix: 16 }, 'ip addr add 172.18.0.2/16 dev eth0'],
  [{ op: 'addr.add', link: 'eth0', address: bytes('fd00::2'), prefix: 64 }, 'ip addr add fd00::2/64 dev eth0 nodad'],
  [{ op: 'addr.del', link: 'eth0', address: bytes('fd00::2'), prefix: 64 }, 'ip addr del fd00::2/64 dev eth0'],
  [{ op: 'route.replace', to: bytes('0.0.0.0'), prefix: 0, via: bytes('172.18.0.1') }, 'ip route replace default via 172.18.0.1'],
  [
    { op: 'route.add', to: bytes('::'), prefix: 0, via: bytes('fd00::1'), link: 'eth0', metric: 5 },
    'ip -6 route add default via fd00::1 dev eth0 metric 5',
  ],
  [{ op: 'route.del', to: bytes('10.1.0.0'), prefix: 16, link: 'eth0', table: 100 }, 'ip route del 10.1.0.0/16 dev eth0 table 100'],
  [
    { op: 'neigh.replace', link: 'eth0', address: bytes('10.0.0.7'), mac, externLearn: true },
    'ip neigh replace 10.0.0.7 dev eth0 lladdr 02:00:5e:00:53:01 nud permanent extern_learn',
  ],
  [{ op: 'neigh.del', link: 'eth0', address: bytes('fd00::7'), mac }, 'ip neigh del fd00::7 dev eth0'],
  [
    { op: 'fdb.append', link: 'vx', mac: new Uint8Array(6), dst: bytes('192.0.2.7'), vni: 77, port: 4000, via: 'eth0' },
    'bridge fdb append 00:00:00:00:00:00 dev vx dst 192.0.2.7 port 4000 vni 77 via eth0 self permanent',
  ],
  [
    {
      op: 'fdb.addMany',
      link: 'vx',
      family: 6,
      macs: Uint8Array.of(...mac, ...mac),
      dsts: Uint8Array.of(...bytes('fd00::1'), ...bytes('fd00::2')),
    },
    [
      "bridge -batch - <<'EOF'",
      'fdb add 02:00:5e:00:53:01 dev vx dst fd00::1 self permanent',
      'fdb add 02:00:5e:00:53:01 dev vx dst fd00::2 self permanent',
      'EOF',
    ].join('\n'),
  ],
  [
    { op: 'rule.del', family: 6, priority: 9, table: 77, not: true, from: { address: bytes('fd00::'), prefix: 64 }, mark: 1, mask: 3 },
    'ip -6 rule del not from fd00::/64 fwmark 1/3 priority 9 table 77',
  ],
  [{ op: 'sysctl', path: 'net/ipv4/conf/br-x/forwarding', value: '1' }, 'sysctl -w net.ipv4.conf.br-x.forwarding=1'],
  [{ op: 'sysctl', path: 'net/ipv4/conf/eth0.100/forwarding', value: '1' }, 'sysctl -w net/ipv4/conf/eth0.100/forwarding=1'],
  [{ op: 'sysctl', path: 'net/ipv4/ip_local_port_range', value: '1024 65535' }, "sysctl -w 'net.ipv4.ip_local_port_range=1024 65535'"],
]

describe('printOp', () => {
  it.each(ops)('%o', (op, text) => {
    expect(printOp(op)).toBe(text)
  })

  it('enters the namespace of the op', () => {
    const up: Op = { op: 'link.set', at: 1, link: 'lo', up: true }
    expect(printOp(up, ['', '/run/netns/web'])).toBe('nsenter --net=/run/netns/web ip link set dev lo up')
    expect(printOp({ ...up, at: 0 }, ['/proc/7/ns/net'])).toBe('nsenter --net=/proc/7/ns/net ip link set dev lo up')
    expect(printOp(up)).toBe('nsenter --net=NETNS1 ip link set dev lo up')
    const both: Op = { ...up, port: { hairpin: true } }
    expect(printOp(both, ['', '/a b']).split('\n')).toEqual([
      "nsenter --net='/a b' ip link set dev lo up",
      "nsenter --net='/a b' bridge link set dev lo hairpin on",
    ])
  })

  it('says where a link goes', () => {
    const places = ['', '/run/netns/web']
    expect(printOp({ op: 'link.set', link: 'a', moveTo: 1 }, places)).toBe('ip link set dev a netns /run/netns/web')
    expect(printOp({ op: 'link.set', at: 1, link: 'a', moveTo: 0 }, places)).toBe('nsenter --net=/run/netns/web ip link set dev a netns $$')
  })

  it('makes and ends namespaces', () => {
    const paths = ['', '/run/netns/web', '/run/cnm/netns/ab']
    const text = (op: 'netns.add' | 'netns.del', at: number) => printOp({ op, at }, paths)
    expect(text('netns.add', 1)).toBe('ip netns add web')
    expect(text('netns.del', 1)).toBe('ip netns del web')
    expect(text('netns.add', 2)).toBe('touch /run/cnm/netns/ab && unshare --net=/run/cnm/netns/ab true')
    expect(text('netns.del', 2)).toBe('umount /run/cnm/netns/ab && rm /run/cnm/netns/ab')
  })

  it('quotes what a shell would take apart', () => {
    expect(printOp({ op: 'link.del', link: "a$(b)'c" })).toBe("ip link del dev 'a$(b)'\\''c'")
  })
})

describe('printOp of nft', () => {
  const print = (...commands: object[]) => printOp({ op: 'nft', commands })
  const set = { family: 'inet', table: 'cnm', name: 'ports' }

  it('one command is one line', () => {
    const elem = [[{ concat: ['tcp', 8080] }, '172.18.0.2']]
    expect(print({ add: { element: { ...set, elem } } })).toBe('nft add element inet cnm ports { tcp . 8080 : 172.18.0.2 }')
  })

  it('quotes a line that a shell would take apart, and the names of links', () => {
    expect(print({ add: { element: { ...set, elem: ['br-web'] } } })).toBe(`nft 'add element inet cnm ports { "br-web" }'`)
  })

  it('several commands are one transaction', () => {
    const table = { table: { family: 'inet', name: 'cnm' } }
    expect(print({ add: table }, { delete: table })).toBe("nft -f - <<'EOF'\nadd table inet cnm\ndelete table inet cnm\nEOF")
  })

  it('gives JSON to nft where it has no words', () => {
    const list = { list: { ruleset: null } }
    expect(print(list)).toBe(`nft -j -f - <<'EOF'\n{"nftables":[{"list":{"ruleset":null}}]}\nEOF`)
    const rule = { add: { rule: { family: 'inet', table: 'cnm', chain: 'forward', expr: [{ counter: null }] } } }
    expect(print(rule)).toContain('nft -j')
  })
})

it('printPlan prints a line for each step', () => {
  const plan: Op[] = [
    { op: 'link.add', kind: 'bridge', name: 'web0' },
    { op: 'link.set', at: 1, link: 'lo', up: true },
  ]
  expect(printPlan(plan, ['', '/run/netns/web'])).toBe('ip link add web0 type bridge\nnsenter --net=/run/netns/web ip link set dev lo up')
  expect(printPlan([])).toBe('')
})
