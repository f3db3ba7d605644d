import { strict as assert } from 'node:assert'
import { setTimeout as pause } from 'node:timers/promises'
import type { Controller } from '../../lib/index.ts'
import { namespaceAt } from '../../lib/netlink/namespace.ts'
import { openWire } from '../../lib/netlink/packets.ts'
import { dnsmasq } from '../support/dnsmasq.ts'
import { HOST4, HOST6, type Lab } from '../support/lab.ts'
import { must } from '../support/run.ts'
import type { Party } from '../support/segment.ts'
import { assertReach, both, join, onTrunk, routerIn, subnetsOf } from '../support/trunk.ts'
import { scenario } from './harness.ts'

const network = (options = {}, subnets = subnetsOf(10)) => ({
  name: 'lan',
  driver: 'ipvlan',
  enableIPv6: true,
  options: { parent: 'lan0.10', ...options },
  ipam: { config: subnets },
})

const macIn = (netns: string, link: string): string => JSON.parse(must(['ip', '-j', 'link', 'show', link], { netns }))[0].address

scenario('mode l2: neighbours, the router, what is beyond it, and the host where it asked for it', () =>
  onTrunk(async (lab, cnm) => {
    const { pools } = await cnm.createNetwork(network({ 'cnm.host_access': 'true' }))
    const [a, b] = [await join(cnm, 'a', 'lan'), await join(cnm, 'b', 'lan')]
    const own: Party = { name: 'host', netns: lab.host, addresses: pools.flatMap(({ aux }) => aux['host'] ?? []) }
    const parent = { name: 'parent', netns: lab.host, addresses: [HOST4, HOST6] }
    const beyond = { ...routerIn(lab, 20), name: 'beyond' }
    const pairs: readonly (readonly [Party, Party])[] = [
      [a, b],
      [a, routerIn(lab, 10)],
      [a, beyond],
      [own, a],
      [a, own],
      [a, parent],
    ]
    await assertReach(pairs, both('a → b', 'a → router10', 'a → beyond', 'host → a', 'a → host'))
    assert.equal(macIn(a.netns, 'eth0'), macIn(lab.host, 'lan0'))
    assert.deepEqual(await cnm.findings(), [])
    await cnm.disconnect('a', 'lan')
    assert.deepEqual(await cnm.findings(), [])
    await cnm.connect('a', { network: 'lan' })
  }),
)

scenario('mode l2, private: the router, and no neighbour; its parent falls, rises, and gets another name', () =>
  onTrunk(async (lab, cnm) => {
    const host = (...argv: string[]) => must(argv, { netns: lab.host })
    await cnm.createNetwork(network({ ipvlan_flag: 'private' }))
    const [a, b] = [await join(cnm, 'a', 'lan'), await join(cnm, 'b', 'lan')]
    await assertReach(
      [
        [a, b],
        [a, routerIn(lab, 10)],
      ],
      both('a → router10'),
    )
    host('ip', 'link', 'set', 'lan0', 'down')
    host('ip', 'link', 'set', 'lan0', 'up')
    host('ip', 'addr', 'replace', `${HOST6}/64`, 'dev', 'lan0', 'nodad')
    host('ip', 'route', 'replace', 'default', 'via', '192.0.2.2')
    host('ip', 'link', 'set', 'lan0.10', 'down')
    host('ip', 'link', 'set', 'lan0.10', 'name', 'blue', 'up')
    await assertReach([[a, routerIn(lab, 10)]], both('a → router10'))
    assert.deepEqual(
      (await cnm.findings()).map(({ code }) => code),
      ['LINK_STRAY', 'NETWORK_DRIFT'],
    )
    host('ip', 'link', 'set', 'blue', 'down')
    host('ip', 'link', 'set', 'blue', 'name', 'lan0.10', 'up')
    assert.deepEqual(await cnm.findings(), [])
  }),
)

for (const mode of ['l3', 'l3s']) {
  scenario(`mode ${mode}: the way out is the link, by the routes of the host; who is beyond needs one back`, () =>
    onTrunk(async (lab, cnm) => {
      const { pools } = await cnm.createNetwork(network({ ipvlan_mode: mode, 'cnm.host_access': 'true' }, subnetsOf(40)))
      const [host, router] = [lab.host, lab.lan].map((netns) => (line: string) => must(line.split(' '), { netns }))
      host?.('ip addr add 10.10.0.2/16 dev lan0.10')
      host?.('ip addr add fd00:10::2/64 dev lan0.10 nodad')
      for (const route of ['10.40.0.0/16 via 10.10.0.2', 'fd00:40::/64 via fd00:10::2']) router?.(`ip route add ${route}`)
      const [a, b] = [await join(cnm, 'a', 'lan'), await join(cnm, 'b', 'lan')]
      const routes = (family: string) => must(['ip', family, 'route', 'show', 'default'], { netns: a.netns }).trim()
      assert.deepEqual([routes('-4').slice(0, 16), routes('-6').slice(0, 16)], ['default dev eth0', 'default dev eth0'])
      const own: Party = { name: 'host', netns: lab.host, addresses: pools.flatMap(({ aux }) => aux['host'] ?? []) }
      const pairs: readonly (readonly [Party, Party])[] = [
        [a, b],
        [a, routerIn(lab, 10)],
        [own, a],
        [a, own],
      ]
      await assertReach(pairs, both('a → b', 'a → router10', 'host → a', 'a → host'))
      assert.deepEqual(await cnm.findings(), [])
      for (const subnet of ['10.40.0.0/16', 'fd00:40::/64']) router?.(`ip route del ${subnet}`)
    }),
  )
}

scenario('flag vepa: neighbours by a switch that sends back what came by the same port, and not without', () =>
  onTrunk(async (lab, cnm) => {
    await cnm.createNetwork(network({ ipvlan_flag: 'vepa' }))
    const [a, b] = [await join(cnm, 'a', 'lan'), await join(cnm, 'b', 'lan')]
    await assertReach(
      [
        [a, b],
        [a, routerIn(lab, 10)],
      ],
      both('a → router10'),
    )
    must(['bridge', 'link', 'set', 'dev', 'eth0', 'hairpin', 'on'], { netns: lab.lan })
    await assertReach([[a, b]], both('a → b'))
    must(['bridge', 'link', 'set', 'dev', 'eth0', 'hairpin', 'off'], { netns: lab.lan })
  }),
)

scenario('addresses of a DHCP server: one MAC address has a lease for each sandbox, which is prolonged and given back', () =>
  onTrunk(async (lab, cnm) => {
    const host = (line: string) => must(line.split(' '), { netns: lab.host })
    // The server is asked before the network is there, so its VLAN has to be.
    host('ip link add link lan0 name lan0.10 type vlan id 10')
    host('sysctl -qw net.ipv6.conf.lan0/10.accept_ra=0')
    host('ip link set lan0.10 up')
    const netns = namespaceAt(lab.host)
    const overheard: Uint8Array[] = []
    const wire = await openWire(netns, 'lan0', [68], { hear: (frame) => overheard.push(frame), lost: () => {} })
    try {
      await withLeases(lab, cnm)
      // What is on the VLAN is no affair of the link under it.
      assert.equal(overheard.length, 0)
    } finally {
      wire.close()
      netns.close()
      for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
      if (cnm.networks().some(({ name }) => name === 'lan')) await cnm.removeNetwork('lan')
      host('ip link del lan0.10')
    }
  }),
)

async function withLeases(lab: Lab, cnm: Controller): Promise<void> {
  const more = ['--enable-ra', '--ra-param=lan.10,4,1800', '--dhcp-range=fd00:10::100,fd00:10::1ff,64,2m']
  await using server = await dnsmasq(lab.lan, { link: 'lan.10', range: '10.10.9.1,10.10.9.99', more })
  await assert.rejects(cnm.createNetwork({ ...network({ ipvlan_mode: 'l3' }), ipam: { driver: 'dhcp' } }), { code: 'INVALID_OPTION' })
  await cnm.createNetwork({ ...network(), ipam: { driver: 'dhcp' } })
  const [a, b] = [await join(cnm, 'a', 'lan'), await join(cnm, 'b', 'lan')]
  const granted = ({ addresses: [address] }: Party) => server.log().includes(`DHCPACK(lan.10) ${address} ${macIn(lab.host, 'lan0.10')}`)
  assert.deepEqual([granted(a), granted(b), a.addresses[0] === b.addresses[0]], [true, true, false])
  const lent = () => server.leases6().map(({ address }) => address)
  assert.deepEqual(lent(), [a, b].map(({ addresses }) => addresses[1]).toSorted())
  await assertReach(
    [
      [a, b],
      [a, routerIn(lab, 10)],
    ],
    both('a → b', 'a → router10'),
  )
  for (const name of ['a', 'b']) await cnm.removeSandbox(name)
  for (let patience = 150; lent().length > 0 && patience > 0; patience--) await pause(100)
  assert.deepEqual(lent(), [])
}

scenario('a parent carries one ipvlan network, and no macvlan beside it; an address is given again at once', () =>
  onTrunk(async (_, cnm) => {
    const { id } = await cnm.createNetwork(network())
    await assert.rejects(cnm.createNetwork({ ...network({}, subnetsOf(20)), name: 'more' }), {
      message: `network di-${id.slice(0, 12)} is already using parent interface lan0.10`,
    })
    const macvlan = { name: 'mac', driver: 'macvlan', options: { parent: 'lan0.10' }, ipam: { config: subnetsOf(20).slice(0, 1) } }
    await assert.rejects(cnm.createNetwork(macvlan), {
      message: 'ipvlan network lan is already using parent interface lan0.10, which cannot carry macvlan too',
    })
    for (let round = 0; round < 3; round++) {
      await cnm.createSandbox({ name: 'a', networks: [{ network: 'lan', ip: '10.10.7.7', ip6: 'fd00:10::77' }] })
      await cnm.removeSandbox('a')
    }
  }),
)

scenario('the parent is the port of a bridge, is gone, and is back; without one nobody outside is reached', () =>
  onTrunk(async (lab, cnm) => {
    const host = (line: string) => must(line.split(' '), { netns: lab.host })
    const card = () => {
      host('ip link add link lan0 name lan0.10 mtu 1400 type vlan id 10')
      host('sysctl -qw net.ipv6.conf.lan0/10.disable_ipv6=1')
      host('ip link set lan0.10 up')
    }
    card()
    host('ip link add theirs type bridge')
    host('ip link set lan0.10 master theirs')
    await assert.rejects(cnm.createNetwork(network()), { code: 'PARENT_ENSLAVED' })
    host('ip link set lan0.10 nomaster')
    await cnm.createNetwork(network())
    const a = await join(cnm, 'a', 'lan')
    assert.equal(JSON.parse(must(['ip', '-j', 'link', 'show', 'eth0'], { netns: a.netns }))[0].mtu, 1400)
    assert.throws(() => host('ip link set lan0.10 master theirs'), /busy/)
    host('ip link del theirs')
    host('ip link del lan0.10')
    assert.deepEqual((await cnm.findings()).map(({ code }) => code).toSorted(), ['NETWORK_DRIFT', 'SANDBOX_DRIFT'])
    card()
    assert.deepEqual(await cnm.repair().then(({ left, errors }) => [left, errors]), [[], []])
    await assertReach([[a, routerIn(lab, 10)]], both('a → router10'))
    await cnm.removeSandbox('a')
    await cnm.removeNetwork('lan')
    host('ip link del lan0.10')
    await cnm.createNetwork({ ...network(), options: {} })
    const [b, c] = [await join(cnm, 'b', 'lan'), await join(cnm, 'c', 'lan')]
    const pairs = [[b, c] as const, [b, routerIn(lab, 10)] as const]
    await assertReach(pairs, both('b → c'))
    assert.deepEqual(await cnm.findings(), [])
  }),
)
