import { strict as assert } from 'node:assert'
import { eventsOf } from '../../lib/index.ts'
import { capture } from '../support/capture.ts'
import { HOST4, HOST6 } from '../support/lab.ts'
import { must, run } from '../support/run.ts'
import { assertReach, both, join, linkNames, onTrunk, routerIn, subnetsOf } from '../support/trunk.ts'
import { scenario } from './harness.ts'

const network = (name: string, parent: string, config: ReturnType<typeof subnetsOf>, options = {}) => ({
  name,
  driver: 'macvlan',
  enableIPv6: true,
  options: { parent, ...options },
  ipam: { config },
})

scenario('VLANs of one parent: networks on each reach one another by the router only, and every frame has its tag', () =>
  onTrunk(async (lab, cnm) => {
    await cnm.createNetwork(network('blue', 'lan0.10', subnetsOf(10)))
    await cnm.createNetwork(network('red', 'lan0.20', subnetsOf(20)))
    const [a, b, c] = [await join(cnm, 'a', 'blue'), await join(cnm, 'b', 'blue'), await join(cnm, 'c', 'red')]
    const host = { name: 'host', netns: lab.host, addresses: [HOST4, HOST6] }
    const pairs = [[a, b] as const, [a, c] as const, [c, b] as const, [a, routerIn(lab, 10)] as const, [a, host] as const]
    await assertReach(pairs, both('a → b', 'a → c', 'c → b', 'a → router10'))
    for (const [party, tag] of [
      [a, '8100000a'],
      [c, '81000014'],
    ] as const) {
      const frames = await capture(lab.lan, { link: 'eth0', filter: 'vlan and icmp', count: 2 }, () =>
        run(['ping', '-c', '3', '-i', '0.2', '-n', tag === '8100000a' ? '10.10.0.1' : '10.20.0.1'], { netns: party.netns }),
      )
      assert.deepEqual(
        frames.map((frame) => frame.slice(24, 32)),
        [tag, tag],
      )
    }
    // Without the router nothing passes between them.
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0'], { netns: lab.lan })
    await assertReach(
      [
        [a, c],
        [a, b],
      ],
      both('a → b'),
    )
    // The host is not to have an address in a VLAN, not even of its own making.
    assert.equal(must(['ip', '-o', 'addr', 'show', 'dev', 'lan0.10'], { netns: lab.host }), '')
    assert.deepEqual(await cnm.findings(), [])
  }),
)

scenario('a VLAN is made by the first network on it and goes with the last; one that was there stays', () =>
  onTrunk(async (lab, cnm) => {
    must(['ip', 'link', 'add', 'link', 'lan0', 'name', 'lan0.20', 'type', 'vlan', 'id', '20'], { netns: lab.host })
    must(['ip', 'link', 'set', 'lan0.20', 'up'], { netns: lab.host })
    await cnm.createNetwork(network('blue', 'lan0.10', subnetsOf(10)))
    await cnm.createNetwork(
      network('azure', 'lan0.10', [{ subnet: '10.11.0.0/16', ipRange: '10.11.1.0/24', gateway: '10.11.0.1' }, ...subnetsOf(11).slice(1)]),
    )
    await cnm.createNetwork(network('red', 'lan0.20', subnetsOf(20)))
    await cnm.createNetwork(network('deep', 'lan0.10.200', subnetsOf(30)))
    assert.deepEqual(
      linkNames(lab)
        .filter((name) => name.includes('.'))
        .toSorted(),
      ['lan0.10', 'lan0.10.200', 'lan0.20'],
    )
    const a = await join(cnm, 'a', 'azure')
    await cnm.removeNetwork('blue')
    await cnm.removeNetwork('red')
    assert.deepEqual(await cnm.findings(), [])
    await cnm.createNetwork(network('blue', 'lan0.10', subnetsOf(10)))
    const b = await join(cnm, 'b', 'blue')
    await assertReach([[b, routerIn(lab, 10)]], both('b → router10'))
    for (const name of ['a', 'b']) await cnm.removeSandbox(name)
    assert.notEqual(a.addresses[0], undefined)
    for (const name of ['blue', 'azure']) await cnm.removeNetwork(name)
    // What is on it keeps it.
    assert.deepEqual(
      linkNames(lab)
        .filter((name) => name.includes('.'))
        .toSorted(),
      ['lan0.10', 'lan0.10.200', 'lan0.20'],
    )
    await cnm.removeNetwork('deep')
    assert.deepEqual(
      linkNames(lab).filter((name) => name.includes('.')),
      ['lan0.20'],
    )
    must(['ip', 'link', 'del', 'lan0.20'], { netns: lab.host })
  }),
)

scenario('a VLAN in a VLAN carries both tags', () =>
  onTrunk(async (lab, cnm) => {
    const router = (...argv: string[]) => must(argv, { netns: lab.lan })
    router('ip', 'link', 'add', 'link', 'lan.10', 'name', 'lan.10.200', 'type', 'vlan', 'id', '200')
    router('ip', 'addr', 'add', '10.30.0.1/16', 'dev', 'lan.10.200')
    router('ip', 'link', 'set', 'lan.10.200', 'up')
    await cnm.createNetwork({ ...network('deep', 'lan0.10.200', subnetsOf(30).slice(0, 1)), enableIPv6: false })
    const a = await join(cnm, 'a', 'deep')
    const frames = await capture(lab.lan, { link: 'eth0', filter: 'vlan 10 and vlan 200', count: 2 }, () =>
      run(['ping', '-c', '3', '-i', '0.2', '-n', '10.30.0.1'], { netns: a.netns }),
    )
    assert.deepEqual(
      frames.map((frame) => frame.slice(24, 40)),
      ['8100000a810000c8', '8100000a810000c8'],
    )
    await assertReach([[a, { ...routerIn(lab, 30), addresses: ['10.30.0.1'] }]], ['a → router30 v4'])
  }),
)

scenario('the parent falls and rises, and its VLAN with it; a VLAN that somebody deletes comes back by repair', () =>
  onTrunk(async (lab, cnm) => {
    const host = (...argv: string[]) => must(argv, { netns: lab.host })
    await cnm.createNetwork(network('blue', 'lan0.10', subnetsOf(10), { 'cnm.host_access': 'true' }))
    const a = await join(cnm, 'a', 'blue')
    const own = { name: 'host', netns: lab.host, addresses: [] }
    const pairs = [[a, routerIn(lab, 10)] as const, [own, a] as const]
    host('ip', 'link', 'set', 'lan0', 'down')
    await assertReach([[a, routerIn(lab, 10)]], [])
    host('ip', 'link', 'set', 'lan0', 'up')
    await assertReach(pairs, both('a → router10', 'host → a'))
    host('ip', 'link', 'del', 'lan0.10')
    assert.deepEqual((await cnm.findings()).map(({ code }) => code).toSorted(), ['NETWORK_DRIFT', 'SANDBOX_DRIFT'])
    const { left, errors } = await cnm.repair()
    assert.deepEqual([left, errors], [[], []])
    await assertReach(pairs, both('a → router10', 'host → a'))
    host('ip', 'addr', 'replace', `${HOST6}/64`, 'dev', 'lan0', 'nodad')
    host('ip', 'route', 'replace', 'default', 'via', '192.0.2.2')
  }),
)

scenario('while a controller is on guard, a VLAN that somebody deletes comes back, with the sandboxes on it', () =>
  onTrunk(async (lab) => {
    const host = (...argv: string[]) => must(argv, { netns: lab.host })
    const guard = await lab.open({ root: `${lab.root}-guard`, run: `${lab.run}-guard`, guard: true })
    try {
      await guard.createNetwork(network('blue', 'lan0.10', subnetsOf(10)))
      const a = await join(guard, 'a', 'blue')
      const mac = () => must(['ip', '-br', 'link', 'show', 'eth0'], { netns: a.netns }).split(/ +/)[2]
      const had = mac()
      host('ip', 'link', 'del', 'lan0.10')
      for await (const { action, attributes } of eventsOf(`${lab.run}-guard`, { since: 0 })) {
        if (action === 'heal') {
          assert.deepEqual(attributes, { what: 'lan0.10', name: 'blue', type: 'macvlan' })
          break
        }
      }
      assert.equal(mac(), had)
      await assertReach([[a, routerIn(lab, 10)]], both('a → router10'))
      assert.deepEqual(await guard.findings(), [])
      await guard.removeSandbox('a')
      await guard.removeNetwork('blue')
    } finally {
      await guard.close()
    }
  }),
)

scenario('a bridge that filters VLANs carries those that it and a port are in: what is missing is warned of, and found', () =>
  onTrunk(async (lab, cnm) => {
    const [host, router] = [lab.host, lab.lan].map((netns) => (line: string) => must(line.split(' '), { netns }))
    host?.('ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0')
    host?.(`ip link add port0 type veth peer name port1 netns ${lab.lan.split('/').at(-1)}`)
    host?.('ip link set port0 master br0 up')
    host?.('ip link set br0 up')
    host?.('bridge vlan add dev port0 vid 10')
    router?.('ip link set port1 master lan up')
    router?.('bridge vlan add dev port1 vid 10')
    const warned: string[] = []
    const hear = ({ message }: Error) => warned.push(message)
    process.on('warning', hear)
    await cnm.createNetwork(network('blue', 'br0.10', subnetsOf(10)))
    const a = await join(cnm, 'a', 'blue')
    const pair = [[a, routerIn(lab, 10)]] as const
    const lacks = async () => (await cnm.findings()).map(({ code, subject, what, fix }) => [code, subject, what, fix])
    const lackOf = (name: string, what: string, fix: string) => [
      'VLAN_FILTERED',
      `network ${name}`,
      `bridge br0 filters VLANs: ${what}`,
      `bridge vlan add dev ${fix}`,
    ]
    await assertReach(pair, [])
    assert.deepEqual(await lacks(), [lackOf('blue', 'it is not in VLAN 10 itself', 'br0 vid 10 self')])
    host?.('bridge vlan add dev br0 vid 10 self')
    assert.deepEqual(await lacks(), [])
    await assertReach(pair, both('a → router10'))
    host?.('bridge vlan del dev port0 vid 10')
    assert.deepEqual(await lacks(), [lackOf('blue', 'no port of it is in VLAN 10', 'port0 vid 10')])
    await assertReach(pair, [])
    host?.('bridge vlan add dev port0 vid 10')
    assert.deepEqual(await lacks(), [])
    await cnm.removeSandbox('a')
    await cnm.removeNetwork('blue')
    process.off('warning', hear)
    assert.deepEqual(warned, [
      'network blue reaches nobody beyond br0, which filters VLANs: it is not in VLAN 10 itself (bridge vlan add dev br0 vid 10 self)',
    ])

    // On the bridge itself, without a tag; and behind a pair, of which one end is a port.
    await cnm.createNetwork(network('plain', 'br0', subnetsOf(10)))
    host?.('ip link add up0 type veth peer name up1')
    host?.('ip link set up0 up')
    host?.('ip link set up1 master br0 up')
    await cnm.createNetwork(network('behind', 'up0.10', subnetsOf(20)))
    assert.deepEqual((await lacks()).toSorted(), [
      lackOf('behind', 'its port up1 is not in VLAN 10', 'up1 vid 10'),
      lackOf('plain', 'it has no VLAN for what has no tag', 'br0 vid VID pvid untagged self'),
    ])
    host?.('bridge vlan add dev up1 vid 10')
    host?.('bridge vlan add dev br0 vid 10 pvid untagged self')
    assert.deepEqual(await lacks(), [])
    const b = await join(cnm, 'b', 'plain')
    await assertReach([[b, routerIn(lab, 10)]], both('b → router10'))
    await cnm.removeSandbox('b')
    for (const name of ['plain', 'behind']) await cnm.removeNetwork(name)
    for (const link of ['port0', 'up0', 'br0']) host?.(`ip link del ${link}`)
  }),
)

scenario('a VLAN on the port of a bridge that filters comes before the filter', () =>
  onTrunk(async (lab, cnm) => {
    const host = (line: string) => must(line.split(' '), { netns: lab.host })
    host('ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0')
    host('ip link set lan0 master br0')
    host('ip link set br0 up')
    await cnm.createNetwork(network('blue', 'lan0.10', subnetsOf(10)))
    const a = await join(cnm, 'a', 'blue')
    assert.deepEqual(await cnm.findings(), [])
    await assertReach([[a, routerIn(lab, 10)]], both('a → router10'))
    host('ip link del br0')
  }),
)

scenario('a parent that is down carries no VLAN, which is said; without a parent there is a dummy, and nobody outside is reached', () =>
  onTrunk(async (lab, cnm) => {
    must(['ip', 'link', 'add', 'wan0', 'type', 'dummy'], { netns: lab.host })
    await assert.rejects(cnm.createNetwork(network('blue', 'wan0.10', subnetsOf(10))), {
      code: 'KERNEL_REFUSED',
      remedy: 'the link that it is on is down: ip link set LINK up',
    })
    must(['ip', 'link', 'del', 'wan0'], { netns: lab.host })
    await cnm.createNetwork({ name: 'alone', driver: 'macvlan', enableIPv6: true, ipam: { config: subnetsOf(10) } })
    const [a, b] = [await join(cnm, 'a', 'alone'), await join(cnm, 'b', 'alone')]
    const [link] = JSON.parse(must(['ip', '-d', '-j', 'link', 'show', `dm-${cnm.network('alone').id.slice(0, 12)}`], { netns: lab.host }))
    assert.equal(link.linkinfo.info_kind, 'dummy')
    await assertReach(
      [
        [a, b],
        [a, routerIn(lab, 10)],
      ],
      both('a → b'),
    )
    assert.deepEqual(await cnm.findings(), [])
  }),
)
