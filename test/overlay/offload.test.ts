import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventsOf } from '../../lib/index.ts'
import { Hosts } from '../support/hosts.ts'
import { must } from '../support/run.ts'

let hosts: Hosts
beforeAll(async () => {
  hosts = await Hosts.open(2)
  await hosts.network('app', 4097, ['10.0.1.0/24'], { internal: true })
  for (const n of [1, 2]) await hosts.sandbox(n, `s${n}`, 'app', { ip: `10.0.1.1${n}` })
  await hosts.tell('app')
})
afterAll(() => hosts[Symbol.asyncDispose]())

/** Checksums of UDP inside of the tunnel come out wrong, as of a link that computes them wrong. */
const broken = `table netdev broken {
  chain c {
    type filter hook ingress device "eth0" priority 0; policy accept;
    udp dport 4789 @th,312,8 17 @th,448,16 set 0x1234
  }
}
`

it('a host that is new is tried: datagrams that get lost are told once, and by doctor as long as they are', async () => {
  const [one, two] = [hosts.at(1), hosts.at(2)]
  must(['ethtool', '-K', 'eth0', 'tx', 'off'], { netns: one.netns })
  must(['nft', '-f', '-'], { netns: two.netns, input: broken })
  const told = (async () => {
    for await (const { action, attributes } of eventsOf(one.run, {}))
      if (action === 'damage' && attributes['what'] === 'checksums') return attributes['by']
    return ''
  })()
  await hosts.reopen(1, { guard: true, auditEvery: 50 })
  await one.cnm.setPeers('app', hosts.peersAt(2, 'app'))
  expect(await told).toBe('10.99.0.2')
  const lost = ['CHECKSUMS_LOST', 'network app', 'datagrams to 10.99.0.2 get lost, echo requests do not']
  const found = async () => (await one.cnm.findings()).map(({ code, subject, what }) => [code, subject, what])
  expect(await found()).toEqual([lost])
  must(['nft', 'delete', 'table', 'netdev', 'broken'], { netns: two.netns })
  expect(await found()).toEqual([])
})
