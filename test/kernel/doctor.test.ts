import { writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { BEYOND4, HOST4, LAN4 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { settled, snapshot } from '../support/snapshot.ts'
import { Stage } from '../support/stage.ts'
import { ask, pings, serve } from '../support/traffic.ts'

const stage = new Stage()
const host = (...argv: string[]) => must(argv, { netns: stage.lab.host })
const inside = (...argv: string[]) => must(argv, { netns: web })
const bridge = () => `br-${stage.cnm.network('front').id.slice(0, 12)}`
const veth = () => `veth${stage.cnm.seats('web')[0]?.endpoint.id.slice(0, 7)}`
const own = () => stage.cnm.seats('web')[0]?.endpoint.address?.split('/')[0] ?? ''
let web: string
let healthy: object

beforeEach(async () => {
  await stage.cnm.createNetwork({ name: 'front', enableIPv6: true, options: { 'com.docker.network.bridge.enable_icc': 'false' } })
  const ports = [{ protocol: 'tcp' as const, hostIP: '', hostPort: 8080, port: 80 }]
  web = (await stage.cnm.createSandbox({ name: 'web', networks: [{ network: 'front' }], ports })).path
  await settled(stage.lab.host)
  healthy = state()
})

/** What is made anew is numbered anew, and comes last; the host's end of a pair has any MAC. */
const withoutNumbers = (text: string): readonly string[] =>
  text
    .replace(/^\d+: |@if\d+|link-netns \S+|link-netnsid \d+|port_id 0x\w+|port_no 0x\w+/gm, '')
    .replace(/^(\s*veth.* link\/ether) \S+/gm, '$1')
    .split(/\n(?=\S)/)
    .map((block) => block.trimEnd())
    .sort()

/** The kernel's own addresses of the link inside come when it has asked around for them. */
const withoutDad = (look: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(look).map(([what, text]) => [what, text.replace(/^.*fe80::.*\n/gm, '')]))

const state = () => {
  const { links = '', addresses = '', ...rest } = snapshot(stage.lab.host)
  const { links: within = '', addresses: addressed = '', ...others } = withoutDad(snapshot(web))
  return { ...rest, others, links: [links, addresses, within, addressed].map(withoutNumbers) }
}

const codes = async () => (await stage.cnm.findings()).map(({ code, subject }) => `${code} ${subject}`)

const works = async () => {
  await using _server = await serve(web, 'tcp', '0.0.0.0', 80)
  return [await ask(stage.lab.lan, 'tcp', HOST4, 8080), await pings(web, BEYOND4)]
}

const damages: readonly (readonly [string, () => unknown, readonly (() => string)[]])[] = [
  [
    'the bridge is deleted',
    () => host('ip', 'link', 'del', bridge()),
    [() => 'NETWORK_DRIFT network front', () => 'SANDBOX_DRIFT sandbox web'],
  ],
  [
    'the bridge is down',
    () => host('ip', 'link', 'set', bridge(), 'down'),
    [() => 'NETWORK_DRIFT network front', () => 'SANDBOX_DRIFT sandbox web'],
  ],
  [
    'the bridge lost an address',
    () => host('ip', '-4', 'addr', 'flush', 'dev', bridge()),
    [() => 'NETWORK_DRIFT network front', () => 'SANDBOX_DRIFT sandbox web'],
  ],
  [
    'the bridge has another MAC, and another MTU',
    () => host('ip', 'link', 'set', bridge(), 'address', '02:00:00:00:00:09', 'mtu', '1400'),
    [() => 'NETWORK_DRIFT network front', () => 'SANDBOX_DRIFT sandbox web'],
  ],
  [
    'a setting was changed',
    () => host('sysctl', '-qw', `net.ipv4.conf.${bridge()}.route_localnet=0`),
    [() => 'NETWORK_DRIFT network front'],
  ],
  ['forwarding was switched off', () => host('sysctl', '-qw', 'net.ipv4.conf.lan0.forwarding=0'), [() => 'FORWARDING_OFF host']],
  ['an endpoint is deleted', () => host('ip', 'link', 'del', veth()), [() => 'SANDBOX_DRIFT sandbox web']],
  [
    'an endpoint is out of its bridge, with another MTU',
    () => host('ip', 'link', 'set', veth(), 'mtu', '1400', 'nomaster'),
    [() => 'SANDBOX_DRIFT sandbox web'],
  ],
  [
    'a neighbour is wrong',
    () => host('ip', 'neigh', 'replace', own(), 'dev', bridge(), 'lladdr', '02:00:00:00:00:07'),
    [() => 'SANDBOX_DRIFT sandbox web'],
  ],
  [
    'the link inside has another name',
    () => inside('sh', '-c', 'ip link set eth0 down; ip link set eth0 name other'),
    [() => 'LINK_STRAY link other in sandbox web', () => 'SANDBOX_DRIFT sandbox web'],
  ],
  [
    'the link inside has another MAC',
    () => inside('ip', 'link', 'set', 'eth0', 'address', '02:00:00:00:00:08'),
    [() => 'SANDBOX_DRIFT sandbox web'],
  ],
  ['the default route inside is gone', () => inside('ip', 'route', 'del', 'default'), [() => 'SANDBOX_DRIFT sandbox web']],
  [
    'the default route inside leads elsewhere',
    () => inside('ip', 'route', 'replace', 'default', 'via', LAN4, 'dev', 'eth0', 'onlink'),
    [() => 'SANDBOX_DRIFT sandbox web'],
  ],
  ['the rules are flushed', () => host('nft', 'flush', 'ruleset'), [() => 'RULES_DRIFT table inet cnm']],
  ['a rule is gone', () => host('nft', 'flush', 'chain', 'inet', 'cnm', 'guard'), [() => 'RULES_DRIFT table inet cnm']],
  ['the rules sleep', () => host('nft', 'add table inet cnm { flags dormant; }'), [() => 'RULES_DRIFT table inet cnm']],
  ['a rule was added', () => host('nft', 'add rule inet cnm published drop'), [() => 'RULES_DRIFT table inet cnm']],
  [
    'a port leads elsewhere',
    () => host('nft', 'flush map inet cnm port4_any; add element inet cnm port4_any { tcp . 8080 : 81 }'),
    [() => 'RULES_DRIFT table inet cnm'],
  ],
  ['rules of a network that is gone', () => host('nft', 'add chain inet cnm leaving4_9'), [() => 'RULES_DRIFT table inet cnm']],
  ['a link with our mark', () => host('ip', 'link', 'add', 'stray', 'group', '6516333', 'type', 'bridge'), [() => 'LINK_STRAY link stray']],
  [
    'a neighbour of nobody',
    () => host('ip', 'neigh', 'add', '172.18.99.9', 'dev', bridge(), 'lladdr', '02:00:00:00:00:07', 'nud', 'permanent'),
    [() => `NEIGHBOUR_STRAY link ${bridge()}`],
  ],
  [
    'a namespace of nobody',
    () => writeFileSync(`${stage.lab.run}/netns/stray`, ''),
    [() => `NAMESPACE_STRAY namespace ${stage.lab.run}/netns/stray`],
  ],
]

describe('what doctor finds and repair mends', () => {
  it('nothing on a healthy host; looking changes nothing', async () => {
    expect(await stage.cnm.findings()).toEqual([])
    expect(await stage.cnm.repair()).toEqual({ mended: [], left: [], errors: [] })
    expect(state()).toEqual(healthy)
    expect(stage.pinned()).toEqual([web])
  })

  it.each(damages)('%s', async (_, damage, expected) => {
    const wanted = expected.map((text) => text())
    damage()
    const found = await codes()
    expect(found.sort()).toEqual(wanted.sort())
    const { left, errors, mended } = await stage.cnm.repair()
    expect({ left, errors }).toEqual({ left: [], errors: [] })
    expect(mended.map(({ code, subject }) => `${code} ${subject}`).sort()).toEqual(wanted)
    await settled(stage.lab.host)
    expect(state()).toEqual(healthy)
    expect(await works()).toEqual([LAN4, true])
  })

  it('several at once', async () => {
    host('ip', 'link', 'del', bridge())
    host('ip', 'link', 'del', veth())
    host('nft', 'flush', 'ruleset')
    expect((await stage.cnm.repair()).left).toEqual([])
    await settled(stage.lab.host)
    expect(state()).toEqual(healthy)
    expect(await works()).toEqual([LAN4, true])
  })
})
