import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Peer } from '../../lib/index.ts'
import { eventually } from '../support/eventually.ts'
import { Hosts } from '../support/hosts.ts'
import { must, runAsync } from '../support/run.ts'
import { ask, pings, reaches, serve } from '../support/traffic.ts'

let hosts: Hosts
let watcher: string
beforeAll(async () => {
  hosts = await Hosts.open(3)
  await hosts.network('app', 4097, ['10.0.1.0/24', 'fd00:1::/64'])
  watcher = await hosts.sandbox(3, 'watcher', 'app', { ip: '10.0.1.13', ip6: 'fd00:1::13' })
  await hosts.tell('app')
})
afterAll(() => hosts[Symbol.asyncDispose]())

const SAME = { ip: '10.0.1.50', ip6: 'fd00:1::50' }
const MAC = '02:00:00:00:50:50'

/** From host to host; answers with whether the watcher reaches it there, each time. */
async function wander(macs: readonly string[]): Promise<readonly boolean[]> {
  const reached: boolean[] = []
  let before: readonly Peer[] = []
  for (const [index, mac] of macs.entries()) {
    const n = (index % 2) + 1
    await hosts.sandbox(n, 'nomad', 'app', { ...SAME, mac })
    const now = hosts.peersAt(n, 'app')
    for (const { cnm } of hosts.hosts) await cnm.changePeers('app', before, now)
    const { status } = await runAsync(['ping', '-c', '1', '-W', '1', '-n', SAME.ip], { netns: watcher })
    reached.push(status === 0, await pings(watcher, SAME.ip6))
    await hosts.at(n).cnm.removeSandbox('nomad')
    before = now
  }
  for (const { cnm } of hosts.hosts) await cnm.changePeers('app', before, [])
  return reached
}

it('an endpoint made anew on another host, with the same addresses and MAC, is reached there at once', async () => {
  expect(await wander([MAC, MAC, MAC])).not.toContain(false)
})

it('with another MAC too: who knew the address by the old one is told', async () => {
  expect(await wander([MAC, '02:00:00:00:50:51', '02:00:00:00:50:52'])).not.toContain(false)
})

it('with other MACs too, however many come at once: each is told that is still there', async () => {
  const { cnm } = hosts.at(3)
  const many = Array.from({ length: 170 }, (_, index) => 60 + index)
  const macOf = (n: number, time: string) => `02:00:00:00:${time}:${n.toString(16).padStart(2, '0')}`
  const known = () => {
    const shown: { dst: string; lladdr?: string }[] = JSON.parse(must(['ip', '-j', 'neigh', 'show', 'dev', 'eth0'], { netns: watcher }))
    return new Map(shown.map(({ dst, lladdr }) => [dst, lladdr]))
  }
  const before = many.flatMap((n) =>
    [`10.0.1.${n}`, `fd00:1::${n}`].map((ip) => `neigh replace ${ip} lladdr ${macOf(n, '01')} dev eth0 nud stale`),
  )
  must(['ip', '-batch', '-'], { netns: watcher, input: before.join('\n') })
  // What it has heard last, the kernel believes for a second.
  await pause(1200)
  const peers = many.map((n) => ({
    ...{ endpointId: `e${n}`, networkId: '', nodeId: 'h1', vtep: '10.99.0.1', mac: macOf(n, '02') },
    ...{ address: `10.0.1.${n}/24`, address6: `fd00:1::${n}/64` },
  }))
  await cnm.changePeers('app', [], peers)
  const gone = peers.at(-1)
  await cnm.changePeers('app', gone ? [gone] : [], [])
  const expected = many.slice(0, -1).flatMap((n) => [`10.0.1.${n}`, `fd00:1::${n}`].map((ip) => [ip, macOf(n, '02')]))
  await eventually(() => expect([...known()]).toEqual(expect.arrayContaining(expected)))
  expect(known().get('10.0.1.229')).toBe(macOf(229, '01'))
  await cnm.changePeers('app', peers, [])
  must(['ip', 'neigh', 'flush', 'dev', 'eth0'], { netns: watcher })
})

it('the new one may be told before the old one is gone; and what this host has itself, nobody else has', async () => {
  const { cnm } = hosts.at(3)
  const old = { endpointId: 'old', networkId: '', nodeId: 'h1', vtep: '10.99.0.1', mac: MAC, address: '10.0.1.50/24' }
  const fresh = { ...old, endpointId: 'new', nodeId: 'h2', vtep: '10.99.0.2' }
  const fdb = () => must(['bridge', 'fdb', 'show', 'dev', 'vxlan0'], { netns: hosts.home(3, 'app') })
  await cnm.changePeers('app', [], [old])
  await cnm.changePeers('app', [], [fresh])
  expect(fdb()).toContain(`${MAC} dst 10.99.0.2`)
  await cnm.changePeers('app', [old], [])
  expect(fdb()).toContain(`${MAC} dst 10.99.0.2`)
  await cnm.changePeers('app', [], [{ ...old, endpointId: 'older' }])
  await cnm.changePeers('app', [{ endpointId: 'older' }], [])
  expect(fdb()).toContain(`${MAC} dst 10.99.0.2`)
  // It comes here, and goes again; the word of the others is still what it was.
  await hosts.sandbox(3, 'nomad', 'app', { ...SAME, mac: MAC })
  expect(fdb()).not.toContain(MAC)
  expect(await reaches(watcher, SAME.ip)).toBe(true)
  expect(await cnm.verify('app')).toMatchObject({ differences: [] })
  await cnm.removeSandbox('nomad')
  expect(fdb()).toContain(`${MAC} dst 10.99.0.2`)
  await cnm.changePeers('app', [fresh], [])
  expect(fdb()).not.toContain(MAC)
  await expect(cnm.changePeers('app', [], [{ ...old, mac: 'x' }])).rejects.toMatchObject({ code: 'PEER_INVALID' })
})

describe('a host that is not of the cluster: plain iproute2', () => {
  it('is a peer that a person tells of, and stays one', async () => {
    const mac = '02:00:00:00:00:77'
    const foreign = hosts.join('foreign', 7)
    const { cnm, vtep } = hosts.at(3)
    const inside = (...argv: string[]) => must(argv, { netns: foreign })
    inside(
      'ip',
      'link',
      'add',
      'vx0',
      'address',
      mac,
      'mtu',
      '1450',
      'type',
      'vxlan',
      'id',
      '4097',
      'local',
      '10.99.0.7',
      'dstport',
      '4789',
    )
    inside('bridge', 'fdb', 'append', '00:00:00:00:00:00', 'dev', 'vx0', 'dst', vtep[4])
    inside('ip', 'addr', 'add', '10.0.1.77/24', 'dev', 'vx0')
    inside('ip', 'addr', 'add', 'fd00:1::77/64', 'dev', 'vx0', 'nodad')
    inside('ip', 'link', 'set', 'vx0', 'up')
    // A VXLAN with `proxy` lets no ARP out, not even answers; neighbour discovery it does.
    const own = cnm.guests('app')[0]?.endpoint.mac ?? ''
    inside('ip', 'neigh', 'replace', '10.0.1.13', 'lladdr', own, 'dev', 'vx0', 'nud', 'permanent')
    const asked = { vtep: '10.99.0.7', mac, ip: '10.0.1.77', ip6: 'fd00:1::77' }
    const { text } = await cnm.plan((dry) => dry.addPeer('app', asked))
    expect(text).toContain(`fdb replace ${mac} dev vxlan0 dst 10.99.0.7`)
    const told = { endpointId: 'e', networkId: cnm.network('app').id, nodeId: '', vtep: '10.99.0.7', mac }
    expect((await cnm.plan((dry) => dry.setPeers('app', [told]))).text).toBe('')
    expect(cnm.peers('app')).toEqual([])
    const peer = await cnm.addPeer('app', asked)
    expect(await Promise.all([pings(watcher, '10.0.1.77'), pings(watcher, 'fd00:1::77')])).toEqual([true, true])
    expect(await Promise.all([pings(foreign, '10.0.1.13'), pings(foreign, 'fd00:1::13')])).toEqual([true, true])
    await using _server = await serve(watcher, 'tcp', '::', 80)
    expect(await ask(foreign, 'tcp', '10.0.1.13', 80)).toBe('10.0.1.77')

    // The address is nobody else's, what others say does not touch it, and a controller that comes back knows it.
    await expect(cnm.createSandbox({ networks: [{ network: 'app', ip: '10.0.1.77' }] })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      remedy: expect.stringContaining('a peer at 10.99.0.7'),
    })
    await expect(cnm.addPeer('app', { vtep: '10.99.0.8', mac })).rejects.toMatchObject({ code: 'PEER_EXISTS' })
    await hosts.reopen(3)
    const again = hosts.at(3).cnm
    await again.setPeers('app', [])
    expect(again.peers('app')).toEqual([peer])
    expect(await again.verify('app')).toMatchObject({ rows: 3, differences: [] })
    expect(await reaches(watcher, '10.0.1.77')).toBe(true)
    await expect(again.createSandbox({ networks: [{ network: 'app', ip: '10.0.1.77' }] })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })

    await again.removePeer('app', '10.0.1.77')
    expect(await again.verify('app')).toMatchObject({ rows: 0, differences: [] })
    expect(await pings(watcher, '10.0.1.77')).toBe(false)
    await expect(again.removePeer('app', mac)).rejects.toMatchObject({ code: 'PEER_NOT_FOUND' })
    await expect(again.addPeer('bridge', asked)).rejects.toMatchObject({ code: 'NETWORK_LOCAL' })
  })
})
