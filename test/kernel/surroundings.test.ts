import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addon } from '../../lib/netlink/addon.ts'
import { LAN4 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { Stage } from '../support/stage.ts'

// What others do on the host is seen by the next verb, though nobody reads all routes and addresses for it.

const stage = new Stage()
const ip = (line: string) => must(['ip', ...line.split(' ')], { netns: stage.lab.host })

/** The subnet that a network gets by itself. */
async function subnet(name = 'probe'): Promise<string> {
  const { pools } = await stage.cnm.createNetwork({ name })
  await stage.cnm.removeNetwork(name)
  return pools[0]?.subnet ?? ''
}

const FIRST = '172.18.0.0/16'
const SECOND = '172.19.0.0/16'

describe('a subnet that others come to use', () => {
  beforeEach(async () => {
    // From now on what is there is known.
    expect(await subnet()).toBe(FIRST)
  })

  it.each([
    ['a route', `route add ${FIRST} via ${LAN4}`, `route del ${FIRST}`],
    ['a route in a table of its own', `route add ${FIRST} via ${LAN4} table 7`, `route del ${FIRST} table 7`],
    ['a route that leads nowhere', `route add blackhole ${FIRST}`, `route del blackhole ${FIRST}`],
    ['part of it', `route add 172.18.7.0/24 via ${LAN4}`, 'route del 172.18.7.0/24'],
    ['an address', 'addr add 172.18.9.9/16 dev lan0', 'addr del 172.18.9.9/16 dev lan0'],
  ])('is avoided as long as they do: %s', async (_, come, go) => {
    ip(come)
    expect(await subnet()).toBe(SECOND)
    expect(await subnet()).toBe(SECOND)
    ip(go)
    expect(await subnet()).toBe(FIRST)
  })

  it('is free when its route has gone with a link, or with a nexthop, of which the kernel does not tell', async () => {
    ip('link add d0 type bridge')
    ip('link set d0 up')
    ip(`route add ${FIRST} dev d0`)
    expect(await subnet()).toBe(SECOND)
    ip('link set d0 down')
    expect(await subnet()).toBe(FIRST)
    ip('link del d0')
    ip(`nexthop add id 9 via ${LAN4} dev lan0`)
    ip(`route add ${FIRST} nhid 9`)
    expect(await subnet()).toBe(SECOND)
    ip('nexthop del id 9')
    expect(await subnet()).toBe(FIRST)
  })

  it('is avoided on a link of ours as well, be it a route through a sandbox or another address', async () => {
    const config = [{ subnet: '10.1.0.0/24' }]
    const { id } = await stage.cnm.createNetwork({ name: 'ours', ipam: { config } })
    const link = `br-${id.slice(0, 12)}`
    ip(`route add ${FIRST} via 10.1.0.9 dev ${link}`)
    expect(await subnet()).toBe(SECOND)
    ip(`addr add 172.19.0.9/16 dev ${link}`)
    expect(await subnet()).toBe('172.20.0.0/16')
    await stage.cnm.removeNetwork('ours')
    expect(await subnet()).toBe(FIRST)
  })

  it('is theirs again when a network on their bridge is gone', async () => {
    ip('link add theirs type bridge')
    ip('link set theirs up')
    ip('addr add 172.18.0.1/16 dev theirs')
    stage.accept()
    const options = { 'com.docker.network.bridge.name': 'theirs' }
    const config = [{ subnet: FIRST, gateway: '172.18.0.1' }]
    await stage.cnm.createNetwork({ name: 'net', options, ipam: { config } })
    expect(await subnet()).toBe(SECOND)
    await stage.cnm.removeNetwork('net')
    expect(await subnet()).toBe(SECOND)
  })

  it('is avoided where the kernel had no room to tell of it', async () => {
    ip(`route add ${FIRST} via ${LAN4}`)
    const commands = Array.from({ length: 600 }, (_, n) => `link set lan0 mtu ${1400 + (n % 2)}`)
    must(['ip', '-batch', '-'], { netns: stage.lab.host, input: [...commands, 'link set lan0 mtu 1500'].join('\n') })
    expect(await subnet()).toBe(SECOND)
    ip(`route del ${FIRST}`)
    expect(await subnet()).toBe(FIRST)
  })
})

describe('what a verb reads', () => {
  afterEach(() => vi.restoreAllMocks())

  it('is no table, whatever our own verbs have done before', async () => {
    await subnet()
    const dumps = vi.spyOn(addon(), 'dump')
    const tables = () => dumps.mock.calls.map(([, table]) => table).filter((table) => table !== 'link')
    for (const name of ['a', 'b']) await stage.cnm.createNetwork({ name, enableIPv6: true })
    await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'a' }] })
    await stage.cnm.connect('s', { network: 'b' })
    await subnet()
    await stage.cnm.removeSandbox('s')
    await subnet()
    await stage.cnm.removeNetwork('b')
    await subnet()
    expect(tables()).toEqual([])
    ip('link add d0 type bridge')
    ip('addr add 10.9.9.9/24 dev d0')
    await subnet()
    expect(tables()).toContain('route')
    ip('link del d0')
  })

  it('forwarding is lent by a link that came since', async () => {
    await stage.cnm.createNetwork({ name: 'first' })
    stage.lab.neighbour('late', '203.0.113.1/24', '203.0.113.2/24')
    await stage.cnm.createNetwork({ name: 'second' })
    const forwards = (link: string) => must(['cat', `/proc/sys/net/ipv4/conf/${link}/forwarding`], { netns: stage.lab.host }).trim()
    expect(['lan0', 'late'].map(forwards)).toEqual(['1', '1'])
    for (const name of ['first', 'second']) await stage.cnm.removeNetwork(name)
    ip('link del late')
  })
})
