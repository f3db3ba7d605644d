import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bridge } from '../../lib/drivers/bridge.ts'
import { createDefaultIpam } from '../../lib/ipam/default.ts'
import * as descriptor from '../../lib/netlink/descriptor.ts'
import { openStore, type Store } from '../../lib/store/store.ts'
import { LAN4, LAN6 } from '../support/lab.ts'
import { must, start } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { ask, pings, reaches } from '../support/traffic.ts'

const stage = new Stage()
const host = (...argv: string[]) => must(argv, { netns: stage.lab.host })
const found = async () => (await stage.cnm.findings()).map(({ code, subject, what, fix }) => ({ code, subject, what, fix }))
const published = {
  name: 'web',
  networks: [{ network: 'front' }],
  ports: [{ protocol: 'tcp' as const, hostIP: '', hostPort: 8080, port: 80 }],
}

it('nothing is found on a host with a bit of everything', async () => {
  const option = (name: string) => `com.docker.network.bridge.${name}`
  const { cnm } = stage
  host('ip', 'link', 'add', 'theirs', 'type', 'bridge')
  host('ip', 'addr', 'add', '10.80.0.1/24', 'dev', 'theirs')
  await cnm.createNetwork({
    name: 'adopted',
    ipam: { config: [{ subnet: '10.80.0.0/24', gateway: '10.80.0.1' }] },
    options: { [option('name')]: 'theirs' },
  })
  await cnm.createNetwork({
    name: 'routed',
    enableIPv6: true,
    options: { [option('gateway_mode_ipv4')]: 'routed', [option('gateway_mode_ipv6')]: 'routed' },
  })
  await cnm.createNetwork({ name: 'shut', internal: true, options: { [option('gateway_mode_ipv4')]: 'isolated' } })
  await cnm.createNetwork({ name: 'six', enableIPv4: false, enableIPv6: true, options: { 'com.docker.network.driver.mtu': '1400' } })
  await cnm.createNetwork({ name: 'bare', options: { [option('inhibit_ipv4')]: 'true', [option('enable_ip_masquerade')]: 'false' } })
  await cnm.createNetwork({ name: 'apart', options: { [option('enable_icc')]: 'false', [option('trusted_host_interfaces')]: 'lan0' } })
  await cnm.createNetwork({ name: 'plan', configOnly: true, ipam: { config: [{ subnet: '10.81.0.0/24' }] } })
  await cnm.createNetwork({ name: 'made', configFrom: 'plan' })
  const ports = (['tcp', 'udp', 'sctp'] as const).map((protocol, n) => ({ protocol, hostIP: '', hostPort: 8080 + n, port: 80 }))
  const sysctls = 'net.ipv4.conf.IFNAME.log_martians=1'
  const networks = ['adopted', 'routed', 'shut', 'six', 'bare', 'apart', 'made'].map((network, n) => ({
    network,
    gwPriority: n % 3,
    mac: `02:00:00:00:01:0${n}`,
    ...(n === 1 ? { linkLocal: ['169.254.7.7', 'fe80::7'] } : {}),
    options: n === 2 ? { 'com.docker.network.endpoint.ifname': 'back', 'com.docker.network.endpoint.sysctls': sysctls } : {},
  }))
  await cnm.createSandbox({ name: 'all', networks, ports })
  await cnm.createSandbox({ name: 'one', ports: [{ protocol: 'tcp', hostIP: '127.0.0.1', hostPort: 9000, port: 90 }] })
  await cnm.createSandbox({ name: 'loner', networks: [{ network: 'none' }] })
  await cnm.createSandbox({ name: 'host', networks: [{ network: 'host' }] })
  must(['ip', 'netns', 'add', `${stage.lab.host.split('/').at(-1)}-guest`])
  try {
    await cnm.createSandbox({ name: 'guest', path: `${stage.lab.host}-guest`, networks: [{ network: 'six' }, { network: 'made' }] })
    expect(await found()).toEqual([])
    await stage.reopen()
    expect(await found()).toEqual([])
    // What was switched on for others since is nobody's loss.
    host('sysctl', '-qw', 'net.ipv4.ip_forward=1')
    expect(await found()).toEqual([])
    host('sysctl', '-qw', 'net.ipv4.ip_forward=0')
    expect((await stage.cnm.repair()).left).toEqual([])
  } finally {
    await stage.cnm.removeSandbox('guest')
    must(['ip', 'netns', 'del', `${stage.lab.host.split('/').at(-1)}-guest`])
  }
  for (const { id } of stage.cnm.sandboxes()) await stage.cnm.removeSandbox(id)
  for (const name of ['adopted', 'made']) await stage.cnm.removeNetwork(name)
  host('ip', 'link', 'del', 'theirs')
})

describe('rules of others', () => {
  const drop = (text: string) => host('nft', text)
  const bridgeOf = () => `br-${stage.cnm.network('front').id.slice(0, 12)}`

  it('that drop what a network sends or a port gets are named, with what lets it through', async () => {
    await stage.cnm.createNetwork({ name: 'front' })
    const { path } = await stage.cnm.createSandbox(published)
    // As Docker and ufw have it.
    drop('add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }')
    drop('add rule ip filter FORWARD ct state established,related accept')
    expect(await pings(path, LAN4)).toBe(false)
    const findings = await found()
    expect(findings).toEqual([
      {
        code: 'FOREIGN_DROP',
        subject: 'chain ip filter FORWARD',
        what: 'it drops what leaves network front over IPv4: policy drop',
        fix: `nft insert rule ip filter FORWARD iifname ${bridgeOf()} accept`,
      },
      {
        code: 'FOREIGN_DROP',
        subject: 'chain ip filter FORWARD',
        what: 'it drops what comes to port 80 of sandbox web: policy drop',
        fix: `nft insert rule ip filter FORWARD oifname ${bridgeOf()} accept`,
      },
    ])
    expect((await stage.cnm.repair()).left).toHaveLength(2)
    for (const { fix } of findings) must(['sh', '-c', fix], { netns: stage.lab.host })
    expect(await reaches(path, LAN4)).toBe(true)
    expect(await found()).toEqual([])
    host('nft', 'delete', 'table', 'ip', 'filter')
  })

  it('that iptables made are understood: in both families, for answers, and for neighbours where br_netfilter is at work', async () => {
    const { cnm } = stage
    await cnm.createNetwork({ name: 'front', enableIPv6: true })
    await cnm.createNetwork({ name: 'inner', enableIPv6: true, internal: true })
    const { path } = await cnm.createSandbox(published)
    const one = await cnm.createSandbox({ networks: [{ network: 'inner' }] })
    await cnm.createSandbox({ name: 'two', networks: [{ network: 'inner' }] })
    const [front, inner] = [bridgeOf(), `br-${cnm.network('inner').id.slice(0, 12)}`]
    const { address, address6 } = cnm.seats('two')[0]?.endpoint ?? expect.fail()
    const neighbour = [address, address6].map((cidr) => String(cidr).split('/')[0] ?? '')

    const bridged = existsSync('/proc/sys/net/bridge')
    host('sysctl', '-eqw', 'net.bridge.bridge-nf-call-iptables=1', 'net.bridge.bridge-nf-call-ip6tables=1')
    // As ufw in one family; in the other as dockerd, which lets in answers to its own networks only.
    host('iptables', '-A', 'FORWARD', ...'-m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment x -j ACCEPT'.split(' '))
    for (const iptables of ['iptables', 'ip6tables']) host(iptables, '-P', 'FORWARD', 'DROP')
    const findings = await found()
    const drops = (what: string, family: 4 | 6, match: string) => ({
      what: `it drops ${what}: policy drop`,
      fix: `nft insert rule ${family === 4 ? 'ip' : 'ip6'} filter FORWARD ${match} accept`,
    })
    const between = (family: 4 | 6) =>
      bridged ? [drops(`what neighbours on network inner say over IPv${family}`, family, `iifname ${inner}`)] : []
    expect(findings.map(({ what, fix }) => ({ what, fix }))).toEqual([
      drops('what leaves network front over IPv4', 4, `iifname ${front}`),
      drops('what comes to port 80 of sandbox web', 4, `oifname ${front}`),
      ...between(4),
      drops('what leaves network front over IPv6', 6, `iifname ${front}`),
      drops('what comes back to network front over IPv6', 6, `oifname ${front}`),
      ...between(6),
    ])
    expect(await pings(one.path, neighbour[0] ?? '')).toBe(!bridged)
    for (const { fix } of findings) must(['sh', '-c', fix], { netns: stage.lab.host })
    for (const at of [LAN4, LAN6]) expect(await reaches(path, at)).toBe(true)
    for (const at of neighbour) expect(await reaches(one.path, at)).toBe(true)
    expect(await found()).toEqual([])
    host('iptables', '-I', 'FORWARD', '-i', front, '-j', 'REJECT')
    expect((await found()).map(({ what }) => what)).toEqual([`it drops what leaves network front over IPv4: iifname "${front}" reject`])
    for (const family of ['ip', 'ip6']) host('nft', 'delete', 'table', family, 'filter')
  })

  it('of firewalld and ufw are not ours to write among: they are told themselves', async () => {
    await stage.cnm.createNetwork({ name: 'front' })
    await stage.cnm.createSandbox(published)
    drop('add table inet firewalld; add chain inet firewalld filter_FORWARD { type filter hook forward priority 10; policy accept; }')
    drop('add rule inet firewalld filter_FORWARD ct state { established, related } accept')
    drop('add rule inet firewalld filter_FORWARD ct status dnat accept')
    drop('add rule inet firewalld filter_FORWARD counter reject with icmpx admin-prohibited')
    expect(await found()).toEqual([
      {
        code: 'FOREIGN_DROP',
        subject: 'chain inet firewalld filter_FORWARD',
        what: 'it drops what leaves network front over IPv4: reject with icmpx admin-prohibited',
        fix: `firewall-cmd --permanent --zone=trusted --change-interface=${bridgeOf()} && firewall-cmd --reload`,
      },
    ])
    host('nft', 'delete', 'table', 'inet', 'firewalld')
    for (const chain of ['-P FORWARD DROP', '-N ufw-user-forward', '-A FORWARD -j ufw-user-forward']) host('iptables', ...chain.split(' '))
    const told = (await found()).map(({ fix }) => fix)
    expect(told).toEqual(['in', 'out'].map((way) => `ufw route allow ${way} on ${bridgeOf()}`))
    for (const way of ['-i', '-o']) host('iptables', '-A', 'ufw-user-forward', way, bridgeOf(), '-j', 'ACCEPT')
    expect(await found()).toEqual([])
    host('nft', 'delete', 'table', 'ip', 'filter')
  })

  it('a chain that drops something else is not', async () => {
    await stage.cnm.createNetwork({ name: 'front' })
    await stage.cnm.createSandbox(published)
    drop('add table inet filter; add chain inet filter forward { type filter hook forward priority 0; }')
    drop('add rule inet filter forward iifname "other" drop')
    expect(await found()).toEqual([])
    host('nft', 'delete', 'table', 'inet', 'filter')
  })
})

it('a route of the host that came later and hides a part of a network', async () => {
  await stage.cnm.createNetwork({
    name: 'front',
    enableIPv6: true,
    ipam: { config: [{ subnet: '10.7.0.0/16' }, { subnet: 'fd00:7::/64' }] },
  })
  const { path } = await stage.cnm.createSandbox({ ...published, networks: [{ network: 'front', ip: '10.7.3.4' }] })
  const routes = ['10.0.0.0/8', '10.8.0.0/24', 'fd00:7::/48', 'fd00:8::/64']
  for (const to of routes) host('ip', 'route', 'add', to, 'dev', 'lan0')
  host('ip', 'route', 'add', '10.7.9.0/24', 'via', '10.7.3.4')
  expect(await found()).toEqual([])
  host('ip', 'route', 'add', '10.7.3.0/24', 'dev', 'lan0')
  host('ip', 'route', 'add', 'fd00:7::/64', 'dev', 'lan0', 'metric', '50')
  expect(await pings(path, '10.7.0.1')).toBe(false)
  const finding = (route: string, subnet: string) => ({
    code: 'ROUTE_HIDES',
    subject: 'network front',
    what: `a route to ${route} through lan0 hides a part of ${subnet}`,
    fix: `ip route del ${route}, or make it anew with another --subnet`,
  })
  expect(await found()).toEqual([finding('10.7.3.0/24', '10.7.0.0/16'), finding('fd00:7::/64', 'fd00:7::/64')])
  host('ip', 'route', 'del', 'fd00:7::/64', 'dev', 'lan0')
  for (const to of [...routes, '10.7.3.0/24', '10.7.9.0/24']) host('ip', 'route', 'del', to)
})

it('a program that listens where a port leads into a sandbox', async () => {
  await stage.cnm.createNetwork({ name: 'front' })
  await stage.cnm.createSandbox(published)
  const listen = "require('net').createServer().listen(8080, '0.0.0.0', () => console.log('ready'))"
  await using program = await start([process.execPath, '-e', listen], { netns: stage.lab.host })
  expect(await ask(stage.lab.lan, 'tcp', '192.0.2.1', 8080)).toBe(null)
  expect(await found()).toEqual([
    {
      code: 'PORT_SHADOWED',
      subject: 'sandbox web',
      what: `port 8080/tcp leads to it, and process node (${program.child.pid}) listens there too`,
      fix: `stop process node (${program.child.pid}), or publish another port`,
    },
  ])
})

it('a link of somebody else’s that has a name of ours is left alone', async () => {
  await stage.cnm.createNetwork({ name: 'front', options: { 'com.docker.network.bridge.name': 'front0' } })
  host('ip', 'link', 'set', 'front0', 'group', '0')
  const [first] = await found()
  expect(first).toEqual({
    code: 'LINK_FOREIGN',
    subject: 'network front',
    what: 'link front0: there is another link of that name, of kind bridge and not ours',
    fix: 'ip link del front0',
  })
  expect((await stage.cnm.repair()).left.map(({ code }) => code)).toContain('LINK_FOREIGN')
  expect(host('ip', '-o', 'link', 'show', 'front0')).toContain('front0')
  host('ip', 'link', 'set', 'front0', 'group', '6516333')
})

/** Changes records behind the controller's back. */
async function tamper(change: (store: Store) => void): Promise<void> {
  await stage.cnm.close()
  const store = await openStore({ root: stage.lab.root, run: stage.lab.run, descriptor })
  change(store)
  await store.close()
  await stage.reopen()
}

describe('records', () => {
  it('of a network that is not defined any more: what was made for it goes, and what was lent is given back', async () => {
    await stage.cnm.createNetwork({ name: 'front', enableIPv6: true })
    await stage.cnm.createSandbox(published)
    await tamper(({ networks }) => {
      for (const { id, name } of networks.list()) if (name === 'front') networks.delete(id)
    })
    const codes = (await found()).map(({ code }) => code)
    expect([...new Set(codes)].sort()).toEqual(['FORWARDING_LEFT', 'LINK_STRAY', 'RECORD_DANGLING', 'RULES_STRAY'])
    expect(await stage.cnm.repair()).toMatchObject({ left: [], errors: [] })
    await stage.cnm.removeSandbox('web')
    stage.expectUntouched()
  })

  it('of an endpoint whose sandbox is not there: it goes, with its link', async () => {
    await stage.cnm.createNetwork({ name: 'front' })
    await stage.cnm.createSandbox({ ...published, ports: [] })
    await tamper(({ sandboxes }) => {
      for (const { id } of sandboxes.list()) sandboxes.delete(id)
    })
    const codes = (await found()).map(({ code }) => code)
    expect(codes.sort()).toEqual(['LINK_STRAY', 'NAMESPACE_STRAY', 'NEIGHBOUR_STRAY', 'RECORD_DANGLING'])
    expect(await stage.cnm.repair()).toMatchObject({ left: [], errors: [] })
  })

  it('that do not know of an address that is held', async () => {
    const ipam = createDefaultIpam()
    await stage.reopen({ ipamDrivers: [ipam] })
    const { pools } = await stage.cnm.createNetwork({ name: 'front', ipam: { config: [{ subnet: '10.77.0.0/24' }] } })
    const leaked = ipam.requestAddress(pools[0]?.id ?? '', '', {})
    expect(await found()).toMatchObject([{ code: 'LEASES_DIFFER', what: '4 addresses of 10.77.0.0/24 are held, the records know of 3' }])
    ipam.releaseAddress(pools[0]?.id ?? '', leaked.replace(/\/.*/, ''), true)
    expect(await found()).toEqual([])
  })
})

describe('what runs out', () => {
  it('addresses of a subnet', async () => {
    await stage.cnm.createNetwork({ name: 'small', ipam: { config: [{ subnet: '10.77.0.0/29' }] } })
    for (let n = 0; n < 4; n++) await stage.cnm.createSandbox({ networks: [{ network: 'small' }] })
    expect(await found()).toEqual([])
    await stage.cnm.createSandbox({ networks: [{ network: 'small' }] })
    expect(await found()).toMatchObject([{ code: 'SUBNET_NEARLY_FULL', what: '0 addresses of 10.77.0.0/29 are left' }])
  })

  it('endpoints that a driver has room for', async () => {
    const cramped = { ...bridge, name: 'cramped', capabilities: { ...bridge.capabilities, maxEndpoints: 2 } }
    await stage.reopen({ drivers: [cramped] })
    await stage.cnm.createNetwork({ name: 'front', driver: 'cramped' })
    await stage.cnm.createSandbox({ networks: [{ network: 'front' }] })
    expect(await found()).toMatchObject([{ code: 'NETWORK_NEARLY_FULL', what: '1 endpoints; its driver takes 2' }])
  })
})

it('links of a driver that this program does not bring are not strays', async () => {
  await stage.reopen({ drivers: [{ ...bridge, name: 'theirs' }] })
  await stage.cnm.createNetwork({ name: 'front', driver: 'theirs' })
  await stage.reopen()
  expect(await found()).toEqual([])
  await stage.reopen({ drivers: [{ ...bridge, name: 'theirs' }] })
})
