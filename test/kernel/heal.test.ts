import { beforeEach, describe, expect, it } from 'vitest'
import { BEYOND4, HOST4, HOST6, LAN4, LAN6 } from '../support/lab.ts'
import { must, run } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { ask, pings, reaches, serve } from '../support/traffic.ts'

const stage = new Stage()
const host = (...argv: string[]) => must(argv, { netns: stage.lab.host })
const rules = () => host('nft', 'list', 'ruleset')
const bridge = (name: string) => `br-${stage.cnm.network(name).id.slice(0, 12)}`
let web: string

beforeEach(async () => {
  await stage.cnm.createNetwork({ name: 'front', enableIPv6: true })
  const ports = [{ protocol: 'tcp' as const, hostIP: '', hostPort: 8080, port: 80 }]
  web = (await stage.cnm.createSandbox({ name: 'web', networks: [{ network: 'front' }], ports })).path
})

const reached = async () => {
  await using _server = await serve(web, 'tcp', '::', 80)
  return await Promise.all([HOST4, HOST6].map((address) => ask(stage.lab.lan, 'tcp', address, 8080)))
}

describe('after `nft flush ruleset`', () => {
  it.each([
    ['a sandbox is created', () => stage.cnm.createSandbox({ networks: [{ network: 'front' }] })],
    ['a network is created', () => stage.cnm.createNetwork({ name: 'more' })],
    ['`cnm firewall reload`', () => stage.cnm.reloadFirewall()],
  ])('all rules are back when %s', async (_, verb) => {
    host('nft', 'flush', 'ruleset')
    expect(await reached()).toEqual([null, null])
    await verb()
    expect(await reached()).toEqual([LAN4, LAN6])
  })

  it.each([
    ['a sandbox is removed', () => stage.cnm.removeSandbox('guest')],
    ['a sandbox is disconnected', () => stage.cnm.disconnect('guest', 'side')],
    ['a network is removed', () => stage.cnm.removeNetwork('spare')],
  ])('all rules are back when %s', async (_, verb) => {
    await stage.cnm.createNetwork({ name: 'side' })
    await stage.cnm.createNetwork({ name: 'spare' })
    await stage.cnm.createSandbox({ name: 'guest', networks: [{ network: 'side' }] })
    host('nft', 'flush', 'ruleset')
    await verb()
    expect(await reached()).toEqual([LAN4, LAN6])
    expect(await stage.cnm.findings()).toEqual([])
  })

  it('also when only what all networks share has lost a part', async () => {
    host('nft', 'flush', 'chain', 'inet', 'cnm', 'leaving')
    host('nft', 'delete', 'set', 'inet', 'cnm', 'masquerades')
    await stage.cnm.createNetwork({ name: 'more' })
    expect(await stage.cnm.findings()).toEqual([])
    expect(await reaches(web, BEYOND4)).toBe(true)
  })

  it('the rules are those that were there', async () => {
    const had = rules()
    host('nft', 'flush', 'ruleset')
    await stage.cnm.reloadFirewall()
    expect(rules()).toBe(had)
  })

  it('what is removed meanwhile is no obstacle', async () => {
    host('nft', 'flush', 'ruleset')
    await stage.cnm.removeSandbox('web')
    await stage.cnm.removeNetwork('front')
    stage.expectUntouched()
  })
})

it('a sandbox whose port leads elsewhere by now is removed, and the rest of its ports with it', async () => {
  const ports = [8081, 8082].map((hostPort) => ({ protocol: 'tcp' as const, hostIP: '', hostPort, port: 80 }))
  await stage.cnm.createSandbox({ name: 'peer', networks: [{ network: 'front' }], ports })
  host('nft', 'delete element inet cnm port4_any { tcp . 8081 }; add element inet cnm port4_any { tcp . 8081 : 81 }')
  await stage.cnm.removeSandbox('peer')
  expect(rules()).not.toMatch(/808[12]/)
  expect(await stage.cnm.findings()).toEqual([])
})

describe('`cnm firewall reload`', () => {
  it('puts right what was changed in part', async () => {
    const had = rules()
    host('nft', 'flush chain inet cnm forward')
    host('nft', 'flush map inet cnm address4_any')
    host('nft', 'add element inet cnm bridges { "other" }')
    await stage.cnm.reloadFirewall()
    expect(rules()).toBe(had)
  })

  it('without a network does nothing', async () => {
    await stage.cnm.removeSandbox('web')
    await stage.cnm.removeNetwork('front')
    await stage.cnm.reloadFirewall()
    expect(rules()).toBe('')
  })
})

describe('rules of the operator in the chain `user`', () => {
  const refuse = () => host('nft', `insert rule inet cnm user ip saddr ${LAN4} tcp dport 80 drop`)

  it('are asked before ours accept', async () => {
    expect(await reached()).toEqual([LAN4, LAN6])
    refuse()
    expect(await reached()).toEqual([null, LAN6])
    host('nft', 'flush chain inet cnm user')
  })

  it('may let in what we would not', async () => {
    must(['ip', 'route', 'add', '172.16.0.0/12', 'via', HOST4], { netns: stage.lab.lan })
    const own = stage.cnm.seats('web')[0]?.endpoint.address?.split('/')[0] ?? ''
    expect(await pings(stage.lab.lan, own)).toBe(false)
    host('nft', `add rule inet cnm user ip saddr ${LAN4} icmp type echo-request accept`)
    expect(await reaches(stage.lab.lan, own)).toBe(true)
    host('nft', 'flush chain inet cnm user')
  })

  it('outlive a reload, other networks, and the last of them', async () => {
    refuse()
    await stage.cnm.reloadFirewall()
    await stage.cnm.createNetwork({ name: 'more' })
    await stage.cnm.removeNetwork('more')
    expect(rules()).toContain(`ip saddr ${LAN4} tcp dport 80 drop`)
    await stage.cnm.removeSandbox('web')
    await stage.cnm.removeNetwork('front')
    expect(rules().replace(/\s+/g, ' ').trim()).toBe(`table inet cnm { chain user { ip saddr ${LAN4} tcp dport 80 drop } }`)
    await stage.cnm.createNetwork({ name: 'front' })
    expect(rules()).toContain(`ip saddr ${LAN4} tcp dport 80 drop`)
    await stage.cnm.removeNetwork('front')
    host('nft', 'delete', 'table', 'inet', 'cnm')
  })
})

describe('a bridge that somebody has deleted', () => {
  it('is there again, with its sandboxes, when the next one comes', async () => {
    host('ip', 'link', 'del', bridge('front'))
    expect(await pings(web, BEYOND4)).toBe(false)
    await stage.cnm.createSandbox({ name: 'peer', networks: [{ network: 'front' }] })
    const peer = stage.cnm.seats('peer')[0]?.endpoint
    for (const address of [peer?.address, peer?.address6]) expect(await reaches(web, address?.split('/')[0] ?? '')).toBe(true)
    expect(await reaches(web, BEYOND4)).toBe(true)
    expect(await reached()).toEqual([LAN4, LAN6])
  })

  it('and a sandbox that is gone with it is no obstacle', async () => {
    host('ip', 'link', 'del', bridge('front'))
    run(['ip', 'link', 'del', 'eth0'], { netns: web })
    const { path } = await stage.cnm.createSandbox({ name: 'peer', networks: [{ network: 'front' }] })
    expect(await reaches(path, BEYOND4)).toBe(true)
  })
})
