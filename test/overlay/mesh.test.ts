import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Hosts } from '../support/hosts.ts'
import { must } from '../support/run.ts'
import { settled, snapshot } from '../support/snapshot.ts'
import { ask, passes, pings, serve } from '../support/traffic.ts'

const NUMBERS = [1, 2, 3]

describe.each([
  { underlay: 4 as const, mtu: 1450, derivation: '1500 of eth0 - 20 IPv4 - 8 UDP - 8 VXLAN - 14 Ethernet' },
  { underlay: 6 as const, mtu: 1430, derivation: '1500 of eth0 - 40 IPv6 - 8 UDP - 8 VXLAN - 14 Ethernet' },
])('three hosts on an IPv$underlay underlay', ({ underlay, mtu, derivation }) => {
  it('everybody reaches everybody, by both families, up to the last byte; and nothing stays', async () => {
    await using hosts = await Hosts.open(3, { family: underlay })
    for (const { netns } of hosts.hosts) await settled(netns)
    const before = hosts.hosts.map(({ netns }) => snapshot(netns))
    await hosts.network('app', 4097, ['10.0.1.0/24', 'fd00:1::/64'], { internal: true })
    // A second subnet of the same network, and a network that shares nothing with the first but the underlay.
    await hosts.network('wide', 4098, ['10.0.2.0/24', '10.0.3.0/24'], { internal: true })
    await hosts.network('six', 4099, ['fd00:6::/64'], { internal: true })
    const boxes = new Map<string, string>()
    for (const n of NUMBERS) {
      boxes.set(`app${n}`, await hosts.sandbox(n, `app${n}`, 'app', { ip: `10.0.1.1${n}`, ip6: `fd00:1::1${n}` }))
      boxes.set(`wide${n}`, await hosts.sandbox(n, `wide${n}`, 'wide', { ip: `10.0.${n === 2 ? 3 : 2}.1${n}` }))
      boxes.set(`six${n}`, await hosts.sandbox(n, `six${n}`, 'six', { ip6: `fd00:6::1${n}` }))
    }
    // A neighbour on the same host.
    await hosts.sandbox(1, 'mate', 'app', { ip: '10.0.1.21', ip6: 'fd00:1::21' })
    for (const name of ['app', 'wide', 'six']) await hosts.tell(name)

    const at = (name: string) => boxes.get(name) ?? ''
    const pairs = NUMBERS.flatMap((from) => NUMBERS.filter((to) => to !== from).map((to) => [from, to] as const))
    const reached = await Promise.all(
      pairs.flatMap(([from, to]) => [
        pings(at(`app${from}`), `10.0.1.1${to}`),
        pings(at(`app${from}`), `fd00:1::1${to}`),
        pings(at(`wide${from}`), `10.0.${to === 2 ? 3 : 2}.1${to}`),
        pings(at(`six${from}`), `fd00:6::1${to}`),
      ]),
    )
    expect(reached.filter(Boolean)).toHaveLength(pairs.length * 4)
    expect(await Promise.all(['10.0.1.21', 'fd00:1::21'].map((mate) => pings(at('app3'), mate)))).toEqual([true, true])

    // Not to other networks, nor to the host, nor from it.
    expect(
      await Promise.all([pings(at('app1'), '10.0.2.11'), pings(at('app1'), '10.99.0.1'), pings(hosts.at(1).netns, '10.0.1.11')]),
    ).toEqual([false, false, false])

    expect(await hosts.at(1).cnm.mtu('app')).toEqual({ bytes: mtu, derivation })
    for (const address of ['10.0.1.12', 'fd00:1::12'])
      expect(await Promise.all([passes(at('app1'), address, mtu), passes(at('app1'), address, mtu + 1)])).toEqual([true, false])

    await using _tcp = await serve(at('app2'), 'tcp', '::', 80)
    await using _udp = await serve(at('app2'), 'udp', '::', 80)
    for (const transport of ['tcp', 'udp'] as const)
      expect(await Promise.all([ask(at('app3'), transport, '10.0.1.12', 80), ask(at('app3'), transport, 'fd00:1::12', 80)])).toEqual([
        '10.0.1.13',
        'fd00:1::13',
      ])
    for (const { cnm } of hosts.hosts) {
      expect(await cnm.findings()).toEqual([])
      for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
      for (const name of ['app', 'wide', 'six']) await cnm.removeNetwork(name)
    }
    expect(hosts.hosts.map(({ run }) => readdirSync(join(run, 'netns')))).toEqual([[], [], []])
    expect(hosts.hosts.map(({ netns }) => snapshot(netns))).toEqual(before)
    expect(must(['ip', '-br', 'link'], { netns: hosts.at(1).netns })).not.toContain('vx')
  })
})
