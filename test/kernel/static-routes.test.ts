import { beforeEach, expect, it } from 'vitest'
import { must } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { pings } from '../support/traffic.ts'

const stage = new Stage()
const subnets = { front: ['10.11.0.0/24', 'fd00:11::/64'], back: ['10.12.0.0/24', 'fd00:12::/64'] } as const
const at = { front: ['10.11.0.9', 'fd00:11::9'], back: ['10.12.0.9', 'fd00:12::9'] } as const

const network = (name: 'front' | 'back', options: Record<string, string> = {}) =>
  stage.cnm.createNetwork({ name, enableIPv6: true, options, ipam: { config: subnets[name].map((subnet) => ({ subnet })) } })
const routes = (to: 'front' | 'back', by: 'front' | 'back') => ({
  'cnm.routes': subnets[to].map((subnet, family) => `${subnet} via ${at[by][family]}`).join(', '),
})
const sandbox = (name: string, on: string, options: Record<string, string> = {}) =>
  stage.cnm.createSandbox({ name, networks: [{ network: on, options }] })
const addressOf = (name: string) => {
  const { address = '', address6 = '' } = stage.cnm.seats(name)[0]?.endpoint ?? {}
  return [address, address6].map((text) => text.replace(/\/.*/, ''))
}

/** On both networks, passing packets on between them. */
async function router() {
  const ends = (['front', 'back'] as const).map((name) => ({ network: name, ip: at[name][0], ip6: at[name][1] }))
  const { path } = await stage.cnm.createSandbox({ name: 'router', networks: ends })
  must(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'], { netns: path })
}

const reached = (from: string, to: string) => Promise.all(addressOf(to).map((address) => pings(stage.cnm.sandbox(from).path, address)))

beforeEach(async () => {
  await network('front', routes('back', 'front'))
  await network('back')
  await router()
})

it('lead the sandboxes of a network, or one of them, to another by a router on it', async () => {
  await sandbox('web', 'front')
  await sandbox('db', 'back', routes('front', 'back'))
  await sandbox('lost', 'front', { 'cnm.routes': '192.0.2.128/25' })
  expect(await reached('web', 'db')).toEqual([true, true])
  expect(await reached('lost', 'db')).toEqual([false, false])
  expect((await stage.cnm.explain({ from: 'web', to: addressOf('db')[0] ?? '' }))[0]?.what).toContain(`via ${at.front[0]}`)
})

it('of an endpoint take the place of those of its network', async () => {
  const { path } = await sandbox('web', 'front', { 'cnm.routes': '192.0.2.128/25' })
  const shown = must(['ip', 'route'], { netns: path })
  expect(shown).toContain('192.0.2.128/25 dev eth0')
  expect(shown).not.toContain('10.12.0.0/24')
})

it('of a family that the endpoint lacks are left out', async () => {
  const options = { 'cnm.routes': `10.99.0.0/24 via 10.13.0.9, fd00:99::/64` }
  await stage.cnm.createNetwork({ name: 'four', options, ipam: { config: [{ subnet: '10.13.0.0/24' }] } })
  const { path } = await sandbox('web', 'four')
  expect(must(['ip', 'route'], { netns: path })).toContain('10.99.0.0/24 via 10.13.0.9 dev eth0')
})

it.each([
  ['somewhere', 'expected routes such as'],
  ['10.1.0.0/16 by 10.11.0.9', 'expected routes such as'],
  ['10.1.0.0/16,', 'expected routes such as'],
  ['10.1.2.3/16 via 10.11.0.9', '10.1.2.3/16 is not a subnet: 10.1.0.0/16 is'],
  ['0.0.0.0/0 via 10.11.0.9', 'the default route is that of the endpoint with the largest gw-priority'],
  ['10.1.0.0/16 via fd00:11::9', 'fd00:11::9 is not an IPv4 address'],
  ['10.1.0.0/16 via 10.12.0.9', '10.12.0.9 is not on network front'],
])('%s is refused, and nothing is changed', async (value, reason) => {
  const before = must(['ip', '-o', 'link'], { netns: stage.lab.host })
  await expect(sandbox('web', 'front', { 'cnm.routes': value })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining(reason),
  })
  expect(must(['ip', '-o', 'link'], { netns: stage.lab.host })).toBe(before)
})

it('of a network that nobody could follow are refused with it', async () => {
  const options = { 'cnm.routes': '10.1.0.0/16 via 10.11.0.9' }
  await expect(stage.cnm.createNetwork({ name: 'more', options })).rejects.toThrow('10.11.0.9 is not on network more')
})
