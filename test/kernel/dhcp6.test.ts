import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lanOf } from '../../lib/controller/leases/lan.ts'
import { eventsOf } from '../../lib/index.ts'
import type { Lease6 } from '../../lib/ipam/dhcp/client6.ts'
import { DhcpIpam } from '../../lib/ipam/dhcp/driver.ts'
import type { Lease } from '../../lib/ipam/dhcp/lan.ts'
import { namespaceAt } from '../../lib/netlink/namespace.ts'
import { dnsmasq } from '../support/dnsmasq.ts'
import { LAN4, LAN6 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { Segment } from '../support/segment.ts'
import { Stage } from '../support/stage.ts'
import { pings, reaches } from '../support/traffic.ts'

const stage = new Stage()

beforeEach(() => {
  // What the LAN's router announces is the sandboxes' affair here.
  must(['sysctl', '-qw', 'net.ipv6.conf.lan0.accept_ra=0'], { netns: stage.lab.host })
  stage.accept()
})
afterEach(() => stage.silence())

/** The router of the LAN, which lends addresses of both families. */
const server = (range: string, more: readonly string[] = [], link = 'eth0') =>
  dnsmasq(stage.lab.lan, {
    link,
    range: '192.0.2.100,192.0.2.199',
    more: ['--enable-ra', `--ra-param=${link},4,1800`, `--dhcp-range=${range},64,2m`, ...more],
  })
const RANGE = '2001:db8:0:1::100,2001:db8:0:1::1ff'
const create = (more: object = {}) =>
  stage.cnm.createNetwork({
    name: 'lan',
    driver: 'macvlan',
    enableIPv6: true,
    options: { parent: 'lan0' },
    ipam: { driver: 'dhcp' },
    ...more,
  })
const add = (name: string, attachment: object = {}) => stage.cnm.createSandbox({ name, networks: [{ network: 'lan', ...attachment }] })
const endpoint = (name: string) => stage.cnm.seats(name)[0]?.endpoint
const own = (name: string) => [endpoint(name)?.address, endpoint(name)?.address6].map((cidr = '') => cidr.replace(/\/\d+$/, ''))
const inside = (name: string, ...argv: string[]): string => must(argv, { netns: stage.cnm.sandbox(name).path })
const refused = (work: Promise<unknown>) =>
  work.then(() => expect.fail('was not refused')).catch(({ code, message }) => `${code}: ${message}`)

describe('on a parent', () => {
  it('endpoints have a lease of each family, which a daemon prolongs, and give them back', async () => {
    await using lan = await server(RANGE)
    expect((await create()).pools).toMatchObject([{ subnet: '192.0.2.0/24', gateway: `${LAN4}/24` }, { subnet: '2001:db8:0:1::/64' }])
    const names = Array.from({ length: 20 }, (_, n) => `s${n}`)
    for (const name of names) {
      await add(name)
      // Before some of its 120 s have passed.
      if (name === 's7') expect(inside(name, 'ip', '-6', 'addr', 'show', 'dev', 'eth0')).toMatch(/::1\w\w\/64 [\s\S]*valid_lft 1[012]\dsec/)
    }
    const [first, second] = [names.map((name) => own(name)[0]), names.map((name) => own(name)[1])]
    const lent = () => [lan.leases(), lan.leases6().map(({ address }) => address)]
    const wanted = [Object.fromEntries(names.map((name, n) => [endpoint(name)?.mac, first[n]])), second.toSorted()]
    expect([new Set(first).size, new Set(second).size]).toEqual([20, 20])
    await expect.poll(lent).toEqual(wanted)
    // One host, and a number for each endpoint.
    const [duids, numbers] = [lan.leases6().map(({ duid }) => duid), lan.leases6().map(({ iaid }) => iaid)]
    expect([new Set(duids).size, new Set(numbers).size]).toEqual([1, 20])
    const { path } = stage.cnm.sandbox('s7')
    expect([await pings(path, LAN4), await pings(path, LAN6)]).toEqual([true, true])
    expect(inside('s7', 'ip', '-6', 'route')).toContain('2001:db8:0:1::/64 dev eth0 proto kernel')
    await expect.poll(() => inside('s7', 'ip', '-6', 'route')).toMatch(/default via fe80::\S+ dev eth0 proto ra/)

    const heard = (words: string) => lan.log().split(words).length - 1
    inside('s7', 'ip', '-6', 'addr', 'change', `${second[7]}/64`, 'dev', 'eth0', 'valid_lft', '9', 'preferred_lft', '9')
    await stage.reopen({ guard: true })
    await expect.poll(() => inside('s7', 'ip', '-6', 'addr', 'show', 'dev', 'eth0')).toMatch(/::1\w\w\/64 [\s\S]*valid_lft 1[012]\dsec/)
    const missing = () => names.filter((_, n) => heard(`DHCPACK(eth0) ${first[n]} `) < 2 || heard(`DHCPREPLY(eth0) ${second[n]} `) < 2)
    await expect.poll(missing).toEqual([])
    expect(heard('DHCPRENEW(eth0) ')).toBeGreaterThanOrEqual(20)
    expect(lent()).toEqual(wanted)
    expect(await stage.cnm.findings()).toEqual([])
    for (const name of names) await stage.cnm.removeSandbox(name)
    await expect.poll(lent).toEqual([{}, []])
    // Who comes back with its MAC address gets what it had.
    const mac = '02:00:00:00:00:77'
    await add('back', { mac })
    const had = own('back')
    await stage.cnm.removeSandbox('back')
    await add('back', { mac })
    expect(own('back')).toEqual(had)
    await expect.poll(() => lan.leases6().map(({ duid }) => duid)).toEqual([duids[0]])
  })

  it('in mode passthru servers know the sandbox by a number: the MAC address is the host’s', async () => {
    await using lan = await server(RANGE)
    await create({ options: { parent: 'lan0', macvlan_mode: 'passthru' } })
    await add('a')
    const { path } = stage.cnm.sandbox('a')
    expect(lan.leases()).toEqual({ [endpoint('a')?.mac ?? '']: own('a')[0] })
    expect(lan.leases6().map(({ address }) => address)).toEqual([own('a')[1]])
    await stage.reopen({ guard: true })
    await expect.poll(() => lan.log()).toMatch(/DHCPRENEW[\s\S]*DHCPREPLY/)
    await expect.poll(() => lan.log().split(`DHCPACK(eth0) ${own('a')[0]} `).length).toBe(3)
    expect([await pings(path, LAN4), await pings(path, LAN6)]).toEqual([true, true])
  })

  it('an address that somebody uses is declined, and a server that has no more is named', async () => {
    using segment = new Segment(stage.lab)
    segment.machine('peer', ['2001:db8:0:1::100/64'])
    await using lan = await server('2001:db8:0:1::100,2001:db8:0:1::101', [], 'lan')
    await create({ enableIPv4: false })
    await add('web')
    expect(own('web')).toEqual(['', '2001:db8:0:1::101'])
    expect(await refused(add('late'))).toMatch(
      /^DHCP_(FULL|REFUSED|CONFLICT): the DHCPv6 server .*(: NoAddrsAvail|gives 2001:db8:0:1::100, which \S+ uses)/,
    )
    expect(await refused(add('late', { ip6: '2001:db8:0:1::101' }))).toMatch(/^DHCP_/)
    expect(lan.log()).toContain('DHCPDECLINE')
    expect(stage.cnm.sandboxes().map(({ name }) => name)).toEqual(['web'])
  })

  it('what the server has forgotten is taken away, asked for again, and told of', async () => {
    const duid = ['--dhcp-duid=7,00:01:02']
    const first = await server(RANGE, duid)
    await create({ enableIPv4: false })
    await add('web')
    const [, had = ''] = own('web')
    await first[Symbol.asyncDispose]()
    await using second = await server(RANGE, duid)
    expect(second.leases6()).toEqual([])
    await stage.reopen({ guard: true })
    const told: object[] = []
    for await (const { action, attributes } of eventsOf(stage.lab.run, { since: 0 })) {
      if (action === 'damage' || action === 'heal') told.push({ action, what: attributes['what'] })
      if (action === 'heal') break
    }
    const what = `lease of ${had}/64`
    expect(told).toEqual([
      { action: 'damage', what },
      { action: 'heal', what },
    ])
    await expect.poll(() => second.leases6().map(({ address }) => address)).toEqual([had])
    expect(inside('web', 'ip', '-6', 'addr', 'show', 'dev', 'eth0')).toContain(`${had}/64`)
    expect(await reaches(stage.cnm.sandbox('web').path, LAN6)).toBe(true)
  })
})

it('when its server does not answer, any other may prolong a lease', async () => {
  const host = namespaceAt(stage.lab.host)
  const leases = new Map<string, Lease>()
  const ipam = new DhcpIpam({ lan: lanOf(host), leases, duid: () => '0004aabb' })
  const first = await server(RANGE, ['--dhcp-duid=7,00:01:02'])
  const { id } = await ipam.requestPool({ space: 'lan', pool: '', subPool: '', options: { parent: 'lan0' }, v6: true, reserved: [] })
  const address = await ipam.requestAddress(id, '', { 'com.docker.network.endpoint.macaddress': '02:00:00:00:00:07' })
  await first[Symbol.asyncDispose]()
  await using second = await server(RANGE, ['--dhcp-authoritative'])
  const [held] = ipam.held()
  const lease = held?.lease as Lease6
  expect(await ipam.renew({ ...(held ?? expect.fail()), lease: { ...lease, rebindAt: ipam.now() } as Lease6 })).toBe('renewed')
  await expect.poll(() => second.log()).toContain('DHCPREBIND')
  await expect.poll(() => second.leases6().map((each) => each.address)).toEqual([address.replace('/64', '')])
  expect((ipam.held()[0]?.lease as Lease6).serverId).not.toBe(lease.serverId)
  await ipam.releaseAddress(id, address.replace('/64', ''))
  await expect.poll(() => second.leases6()).toEqual([])
  host.close()
})
