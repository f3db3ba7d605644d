import { beforeEach, expect, it } from 'vitest'
import { eventsOf, type NetworkEvent } from '../../lib/index.ts'
import { BEYOND4, BEYOND6, HOST4, HOST6, LAN4, LAN6 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { ask, pings, reaches, serve } from '../support/traffic.ts'

const stage = new Stage()
const host = (...argv: string[]) => must(argv, { netns: stage.lab.host })
const rules = () => host('nft', 'list', 'ruleset')
/** Its process. */
const nft = (text: string): number => Number(host('sh', '-c', 'echo $$; exec nft "$0"', text))
const bridge = (name: string) => `br-${stage.cnm.network(name).id.slice(0, 12)}`
let web: string

beforeEach(async () => {
  await stage.reopen({ guard: true })
  await stage.cnm.createNetwork({ name: 'front', enableIPv6: true })
  const ports = [{ protocol: 'tcp' as const, hostIP: '', hostPort: 8080, port: 80 }]
  web = (await stage.cnm.createSandbox({ name: 'web', networks: [{ network: 'front' }], ports })).path
})

const reached = async () => {
  await using _server = await serve(web, 'tcp', '::', 80)
  return await Promise.all([HOST4, HOST6].map((address) => ask(stage.lab.lan, 'tcp', address, 8080)))
}

const told = ({ action, attributes }: NetworkEvent) => ({ action, ...attributes })

/** What is told of damage, from the beginning, until it has healed as often as `times`. */
async function healed(times = 1): Promise<readonly object[]> {
  const events: object[] = []
  for await (const event of eventsOf(stage.lab.run, { since: 0 })) {
    if (event.action === 'damage' || event.action === 'heal') events.push(told(event))
    if (event.action === 'heal' && --times === 0) break
  }
  return events
}

it('rules that somebody flushes come back, and it is told who', async () => {
  const had = rules()
  const pid = nft('flush ruleset')
  expect(await healed()).toEqual([
    { action: 'damage', what: 'firewall', healing: 'now', by: `nft (${pid})` },
    { action: 'heal', what: 'firewall' },
  ])
  expect(rules()).toBe(had)
  expect(await reached()).toEqual([LAN4, LAN6])
})

it.each([
  'flush chain inet cnm forward',
  'flush map inet cnm address4_any',
  'add element inet cnm bridges { "other" }',
  'add rule inet cnm forward accept',
])('nft %s: too', async (text) => {
  const had = rules()
  nft(text)
  await healed()
  expect(rules()).toBe(had)
})

it('a bridge that somebody deletes comes back, with its sandboxes', async () => {
  const link = bridge('front')
  host('ip', 'link', 'del', link)
  expect(await healed()).toEqual([
    { action: 'damage', what: link, healing: 'now', name: 'front', type: 'bridge' },
    { action: 'heal', what: link, name: 'front', type: 'bridge' },
  ])
  expect(await reaches(web, BEYOND4)).toBe(true)
  expect(await reached()).toEqual([LAN4, LAN6])
})

it('a bridge that gets another name has its own again: no rule knows it by the other one', async () => {
  const link = bridge('front')
  await stage.cnm.createNetwork({ name: 'inner', internal: true })
  const { path } = await stage.cnm.createSandbox({ name: 'inside', networks: [{ network: 'inner' }] })
  const own = stage.cnm.seats('inside')[0]?.endpoint.address?.replace(/\/\d+$/, '') ?? ''
  host('ip', 'link', 'set', bridge('inner'), 'name', 'elsewhere')
  host('ip', 'link', 'set', link, 'name', 'theirs')
  expect((await healed(2)).filter((event) => 'healing' in event)).toEqual([
    { action: 'damage', what: bridge('inner'), healing: 'now', name: 'inner', type: 'bridge' },
    { action: 'damage', what: link, healing: 'now', name: 'front', type: 'bridge' },
  ])
  expect(await reaches(web, BEYOND4)).toBe(true)
  expect(await reached()).toEqual([LAN4, LAN6])
  expect(await pings(web, own)).toBe(false)
  expect(await pings(path, BEYOND4)).toBe(false)
})

it('who undoes it at once again is met with patience', async () => {
  nft('flush ruleset')
  await healed()
  nft('flush ruleset')
  await healed(2)
  nft('flush ruleset')
  nft('add table ip more; delete table ip more')
  await stage.cnm.createNetwork({ name: 'more' })
  const healing = []
  for await (const { action, attributes } of eventsOf(stage.lab.run, { since: 0 })) {
    if (action === 'damage') healing.push(attributes['healing'])
    if (healing.length === 3) break
  }
  expect(healing).toEqual(['now', 'in 1 s', 'in 2 s'])
})

it('a link that forwards for us under another name still does so for nobody else, and is given back as it was', async () => {
  const dmz = stage.lab.neighbour('dmz', '203.0.113.1/24', '203.0.113.9/24')
  must(['ip', 'route', 'add', '203.0.113.0/24', 'via', HOST4], { netns: stage.lab.lan })
  await stage.cnm.createNetwork({ name: 'other' })
  host('ip', 'link', 'set', 'lan0', 'down')
  host('ip', 'link', 'set', 'lan0', 'name', 'wan0')
  host('ip', 'link', 'set', 'wan0', 'up')
  host('ip', 'route', 'add', 'default', 'via', LAN4)
  await expect.poll(() => host('nft', 'list', 'set', 'inet', 'cnm', 'uplinks4')).toContain('"wan0"')
  expect(await reaches(web, BEYOND4)).toBe(true)
  expect(await reaches(web, '203.0.113.9')).toBe(true)
  expect(await pings(stage.lab.lan, '203.0.113.9')).toBe(false)
  expect(await pings(dmz, BEYOND4)).toBe(false)
  await stage.cnm.removeSandbox('web')
  for (const name of ['front', 'other']) await stage.cnm.removeNetwork(name)
  expect(host('sysctl', '-n', 'net.ipv4.conf.wan0.forwarding')).toBe('0\n')
  stage.accept()
})

it('a link of the host that comes later forwards for us, and for nobody else', async () => {
  const dmz = stage.lab.neighbour('dmz', '203.0.113.1/24', '203.0.113.9/24')
  must(['ip', 'route', 'add', '203.0.113.0/24', 'via', HOST4], { netns: stage.lab.lan })
  expect(await healed()).toEqual([
    { action: 'damage', what: 'forwarding', healing: 'now' },
    { action: 'heal', what: 'forwarding' },
  ])
  expect(await reaches(web, '203.0.113.9')).toBe(true)
  expect(await pings(stage.lab.lan, '203.0.113.9')).toBe(false)
  expect(await pings(dmz, BEYOND4)).toBe(false)
  await stage.cnm.removeSandbox('web')
  await stage.cnm.removeNetwork('front')
  expect(host('sysctl', '-n', 'net.ipv4.conf.dmz.forwarding')).toBe('0\n')
  stage.accept()
})

it('forwarding that somebody switches off for all links is on again', async () => {
  await stage.cnm.createNetwork({ name: 'back' })
  for (const value of ['1', '0']) host('sysctl', '-qw', `net.ipv4.ip_forward=${value}`)
  for (const value of ['1', '0']) host('sysctl', '-qw', `net.ipv6.conf.all.force_forwarding=${value}`)
  await healed()
  expect(await reaches(web, BEYOND4)).toBe(true)
  expect(await reaches(web, BEYOND6)).toBe(true)
  expect(host('sysctl', '-n', `net.ipv4.conf.${bridge('back')}.forwarding`)).toBe('1\n')
})

it('our own verbs, rules of the operator and other tables are no damage', async () => {
  // Each time its bridge is put out of service, and made again.
  for (let round = 0; round < 5; round++) {
    await stage.cnm.createSandbox({ name: 'late' })
    await stage.cnm.removeSandbox('late')
  }
  await stage.cnm.createSandbox({ name: 'late' })
  await stage.cnm.createNetwork({ name: 'back' })
  await stage.cnm.connect('web', { network: 'back' })
  await stage.cnm.removeSandbox('web')
  await stage.cnm.removeNetwork('front')
  nft('add rule inet cnm user ip saddr { 192.0.2.77, 192.0.2.78 } drop')
  nft('flush chain inet cnm user')
  nft('add table ip theirs; flush table ip theirs; delete table ip theirs')
  const link = bridge('back')
  host('ip', 'link', 'del', link)
  expect(await healed()).toMatchObject([{ what: link }, { what: link }])
})

it('what was damaged before it came is put right when it comes', async () => {
  const [had, link] = [rules(), bridge('front')]
  await stage.reopen()
  nft('flush ruleset')
  host('ip', 'link', 'del', link)
  await stage.reopen({ guard: true })
  expect(await healed()).toMatchObject([{ what: link }, { what: link }])
  expect(rules()).toBe(had)
  expect(await reaches(web, BEYOND4)).toBe(true)
})

it("a bridge that was adopted is its maker's to delete", async () => {
  host('ip', 'link', 'add', 'theirs', 'type', 'bridge')
  await stage.cnm.createNetwork({ name: 'lent', options: { 'com.docker.network.bridge.name': 'theirs' } })
  host('ip', 'link', 'del', 'theirs')
  const link = bridge('front')
  host('ip', 'link', 'del', link)
  expect(await healed()).toMatchObject([{ what: link }, { what: link }])
  expect(host('ip', '-o', 'link')).not.toContain('theirs')
})
