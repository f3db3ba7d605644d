import type { Op } from '../../../binding.d.ts'
import { bytes, type Cases, EEXIST, EINVAL, ENOENT, HIGH, LOW, type Name, noLink, packed, THIRD, wire } from './case.ts'

const nowhere = { errno: ENOENT, request: 'open' }
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

export const packets: Cases<Extract<Name, 'announce' | 'sysctl' | 'nft' | `${'conntrack' | 'xfrm' | 'wireguard' | 'nft'}.${string}`>> = {
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
}
