import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventsOf } from '../../lib/index.ts'
import { dnsmasq } from '../support/dnsmasq.ts'
import { must, start } from '../support/run.ts'
import { settled } from '../support/snapshot.ts'
import { Stage } from '../support/stage.ts'
import { reaches } from '../support/traffic.ts'

const stage = new Stage()

/** The host is on one more LAN, by a bridge of its own; its router is in the namespace `lan`. */
beforeEach(async () => {
  const { host, lan } = stage.lab
  must(['ip', 'link', 'add', 'br-lan', 'up', 'type', 'bridge'], { netns: host })
  // What the LAN's router announces is the sandboxes' affair here.
  must(['sysctl', '-qw', 'net.ipv6.conf.br-lan.accept_ra=0'], { netns: host })
  must(['ip', 'link', 'add', 'port0', 'netns', host, 'type', 'veth', 'peer', 'name', 'eth1', 'netns', lan])
  must(['ip', 'link', 'set', 'port0', 'up', 'master', 'br-lan'], { netns: host })
  must(['ip', 'addr', 'add', '10.93.0.1/24', 'dev', 'eth1'], { netns: lan })
  must(['ip', 'link', 'set', 'eth1', 'up'], { netns: lan })
  await settled(host)
  stage.accept()
})
afterEach(() => stage.silence())

const BRIDGE = { 'com.docker.network.bridge.name': 'br-lan', 'com.docker.network.bridge.inhibit_ipv4': 'true' }
const create = (ipam: object = {}) => stage.cnm.createNetwork({ name: 'lan', options: BRIDGE, ipam: { driver: 'dhcp', ...ipam } })
const add = (name: string, attachment: object = {}) => stage.cnm.createSandbox({ name, networks: [{ network: 'lan', ...attachment }] })
const endpoint = (name: string) => stage.cnm.seats(name)[0]?.endpoint
const addressOf = (name: string) => endpoint(name)?.address?.replace('/24', '')
const lent = (names: readonly string[]) => Object.fromEntries(names.map((name) => [endpoint(name)?.mac, addressOf(name)]))
const inside = (name: string, ...argv: string[]): string => must(argv, { netns: stage.cnm.sandbox(name).path })
const server = (more: { range?: string; more?: readonly string[] } = {}) =>
  dnsmasq(stage.lab.lan, { link: 'eth1', range: '10.93.0.100,10.93.0.199', ...more })
const refused = (work: Promise<unknown>) =>
  work.then(() => expect.fail('was not refused')).catch(({ code, message }) => `${code}: ${message}`)

it('50 endpoints have 50 leases, which a daemon prolongs, and give them back', async () => {
  await using lan = await server()
  expect((await create()).pools).toMatchObject([{ subnet: '10.93.0.0/24', gateway: '10.93.0.1/24' }])
  const names = Array.from({ length: 50 }, (_, n) => `s${n}`)
  for (const name of names) await add(name)
  expect(lent(names)).toEqual(lan.leases())
  expect(new Set(Object.values(lan.leases())).size).toBe(50)
  expect(await reaches(stage.cnm.sandbox('s7').path, '10.93.0.1')).toBe(true)
  expect(inside('s7', 'ip', 'route')).toContain('default via 10.93.0.1 dev eth0')
  expect(inside('s7', 'ip', 'addr', 'show', 'dev', 'eth0')).toMatch(/valid_lft (1[012]|[4-9])\dsec/)
  inside('s7', 'ip', 'addr', 'change', `${addressOf('s7')}/24`, 'dev', 'eth0', 'valid_lft', '9', 'preferred_lft', '9')

  const grants = (name: string): number => lan.log().split(`DHCPACK(eth1) ${addressOf(name)} `).length - 1
  expect(names.map(grants)).toEqual(names.map(() => 1))
  await stage.reopen({ guard: true })
  await expect.poll(() => names.filter((name) => grants(name) < 2)).toEqual([])
  await expect.poll(() => inside('s7', 'ip', 'addr', 'show', 'dev', 'eth0')).toMatch(/valid_lft (1[012]|[4-9])\dsec/)
  expect(lent(names)).toEqual(lan.leases())
  for (const name of names) await stage.cnm.removeSandbox(name)
  await expect.poll(() => lan.leases()).toEqual({})
})

it('an address that is asked for is had, or it is said who offers which', async () => {
  await using lan = await server({ more: ['--dhcp-host=02:00:00:00:00:99,10.93.0.77'] })
  await create({ config: [{ subnet: '10.93.0.0/24', gateway: '10.93.0.1' }] })
  await add('own', { ip: '10.93.0.150' })
  await add('kept', { mac: '02:00:00:00:00:99' })
  expect([addressOf('own'), addressOf('kept')]).toEqual(['10.93.0.150', '10.93.0.77'])
  expect(await refused(add('late', { ip: '10.93.0.150' }))).toMatch(/^DHCP_OTHER: no DHCP server on br-lan gives 10\.93\.0\.150$/)
  expect(Object.values(lan.leases()).toSorted()).toEqual(['10.93.0.150', '10.93.0.77'])
})

it('an address that somebody uses is declined', async () => {
  must(['ip', 'addr', 'add', '10.93.0.100/24', 'dev', 'eth1'], { netns: stage.lab.lan })
  await using lan = await server({ range: '10.93.0.100,10.93.0.101' })
  await create({ config: [{ subnet: '10.93.0.0/24', gateway: '10.93.0.1' }] })
  await add('web')
  expect(addressOf('web')).toBe('10.93.0.101')
  expect(await refused(add('late'))).toMatch(/^DHCP_/)
  expect(lan.log()).toContain('DHCPDECLINE')
})

it('without a server nothing is made, and it is said', async () => {
  expect(await refused(stage.cnm.createNetwork({ name: 'lan', ipam: { driver: 'dhcp' } }))).toMatch(/^DHCP_NO_PARENT: /)
  expect(await refused(stage.cnm.createNetwork({ name: 'lan', ipam: { driver: 'dhcp', options: { parent: 'no' } } }))).toMatch(
    /^DHCP_DEAF: /,
  )
  const taking = { 'com.docker.network.bridge.name': 'br-lan' }
  expect(await refused(stage.cnm.createNetwork({ name: 'lan', options: taking, ipam: { driver: 'dhcp' } }))).toMatch(/^DHCP_ROUTER: /)
  await create({ config: [{ subnet: '10.93.0.0/24', gateway: '10.93.0.1' }] })
  expect(await refused(add('web'))).toBe('DHCP_SILENT: no DHCP server answers on br-lan')
  expect(stage.cnm.sandboxes()).toEqual([])
})

it('what the server denies is taken away at once, and the sandbox goes without', async () => {
  await using first = await server()
  await create()
  await add('web')
  const had = addressOf('web')
  await first[Symbol.asyncDispose]()
  await using second = await server({ range: '10.93.0.10,10.93.0.20', more: ['--dhcp-authoritative'] })
  await stage.reopen({ guard: true })
  await expect.poll(() => second.log()).toContain(`DHCPNAK(eth1) ${had}`)
  await expect.poll(() => inside('web', 'ip', '-4', 'addr', 'show', 'dev', 'eth0')).toBe('')
  const events: unknown[] = []
  for await (const { action, attributes } of eventsOf(stage.lab.run, { since: 0, until: Date.now() })) {
    if (action === 'damage') events.push(attributes)
  }
  expect(events).toMatchObject([{ what: `lease of ${had}/24`, by: expect.stringContaining('10.93.0.1'), name: 'lan' }])
  await stage.cnm.disconnect('web', 'lan')
  await stage.cnm.connect('web', { network: 'lan' })
  expect(addressOf('web')).toMatch(/^10\.93\.0\.(1\d|20)$/)
  expect(lent(['web'])).toEqual(second.leases())
})

it("an address of IPv6 is the one of the router's prefix and the MAC, unless somebody has it; the router is the way out", async () => {
  const { lan } = stage.lab
  must(['ip', 'addr', 'add', 'fd00:9::1/64', 'dev', 'eth1', 'nodad'], { netns: lan })
  must(['ip', 'addr', 'add', 'fd00:9::ff:fe00:77/64', 'dev', 'eth1', 'nodad'], { netns: lan })
  await using _ = await server({ more: ['--enable-ra', '--ra-param=eth1,4,1800', '--dhcp-range=fd00:9::,ra-only'] })
  const { pools } = await stage.cnm.createNetwork({ name: 'lan', enableIPv6: true, options: BRIDGE, ipam: { driver: 'dhcp' } })
  expect(pools).toMatchObject([{ subnet: '10.93.0.0/24' }, { subnet: 'fd00:9::/64' }])
  await add('web', { mac: '02:00:00:00:00:99' })
  expect(endpoint('web')).toMatchObject({ address: expect.stringMatching(/^10\.93\.0\./), address6: 'fd00:9::ff:fe00:99/64' })
  expect(await refused(add('late', { mac: '02:00:00:00:00:77' }))).toMatch(
    /^DHCP_TAKEN: fd00:9::ff:fe00:77 is what 02:00:00:00:00:77 makes/,
  )
  await expect.poll(() => inside('web', 'ip', '-6', 'route')).toMatch(/default via fe80::\S+ dev eth0 proto ra/)
  expect(await reaches(stage.cnm.sandbox('web').path, 'fd00:9::1')).toBe(true)
})

it('what a process that is killed was lent and does not use goes back', async () => {
  must(['ip', 'addr', 'add', 'fd00:9::1/64', 'dev', 'eth1', 'nodad'], { netns: stage.lab.lan })
  await using lan = await server({ more: ['--enable-ra', '--dhcp-range=fd00:9::100,fd00:9::1ff,64,2m'] })
  await stage.cnm.createNetwork({ name: 'lan', enableIPv6: true, options: BRIDGE, ipam: { driver: 'dhcp' } })
  await stage.cnm.close()
  const { root, run, host } = stage.lab
  const program = `
    import { open } from '${new URL('../../dist/esm/lib/index.js', import.meta.url).pathname}'
    const cnm = await open(${JSON.stringify({ root, run, netns: host })})
    console.log('open')
    for (let n = 0; ; n++) await cnm.createSandbox({ name: 's' + n, networks: [{ network: 'lan' }] })`
  const killed = await start([process.execPath, '--input-type=module', '-e', program])
  await expect.poll(() => lan.leases6().length, { interval: 1 }).toBe(3)
  await killed[Symbol.asyncDispose]()
  await stage.reopen()
  const names = stage.cnm.sandboxes().map(({ name }) => name)
  expect(names.length).toBeLessThan(3)
  const lent6 = (all: readonly string[]) => all.map((name) => endpoint(name)?.address6?.replace('/64', '')).toSorted()
  const given = () => [lan.leases(), lan.leases6().map(({ address }) => address)]
  await expect.poll(given).toEqual([lent(names), lent6(names)])
  await add('next')
  expect(given()).toEqual([lent([...names, 'next']), lent6([...names, 'next'])])
})
