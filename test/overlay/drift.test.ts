import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventsOf } from '../../lib/index.ts'
import { Hosts } from '../support/hosts.ts'
import { must, runAsync } from '../support/run.ts'
import { pings } from '../support/traffic.ts'

let hosts: Hosts
let one: string
const home = (n: number, ...argv: string[]) => must(argv, { netns: hosts.home(n, 'app') })
const macOf = (n: number, name: string) =>
  hosts
    .at(n)
    .cnm.guests('app')
    .find(({ sandbox }) => sandbox.name === name)?.endpoint.mac ?? ''

beforeAll(async () => {
  hosts = await Hosts.open(3)
  await hosts.network('app', 4097, ['10.0.1.0/24', 'fd00:1::/64'])
  one = await hosts.sandbox(1, 's1', 'app', { ip: '10.0.1.11', ip6: 'fd00:1::11' })
  await hosts.sandbox(2, 's2', 'app', { ip: '10.0.1.12', ip6: 'fd00:1::12' })
  await hosts.sandbox(3, 's3', 'app', { ip: '10.0.1.13', ip6: 'fd00:1::13' })
  await hosts.tell('app')
})
afterAll(() => hosts[Symbol.asyncDispose]())

const reached = () => Promise.all(['10.0.1.12', '10.0.1.13', 'fd00:1::12', 'fd00:1::13'].map((address) => pings(one, address)))

it('rows that were deleted, altered or learned are told, and put right; what is right stays', async () => {
  const { cnm } = hosts.at(1)
  expect(await cnm.verify('app')).toMatchObject({ peers: 2, rows: 6, differences: [] })
  const [mac2, mac3] = [macOf(2, 's2'), macOf(3, 's3')]
  home(1, 'bridge', 'fdb', 'del', mac2, 'dev', 'vxlan0')
  home(1, 'bridge', 'fdb', 'replace', mac3, 'dev', 'vxlan0', 'dst', '10.99.0.77')
  home(1, 'bridge', 'fdb', 'add', '02:00:00:00:00:99', 'dev', 'vxlan0', 'dst', '10.99.0.3', 'dynamic')
  home(1, 'ip', 'neigh', 'del', '10.0.1.12', 'dev', 'vxlan0')
  home(1, 'ip', 'neigh', 'replace', 'fd00:1::13', 'lladdr', mac2, 'dev', 'vxlan0', 'nud', 'permanent')
  home(1, 'ip', 'neigh', 'add', '10.0.1.99', 'lladdr', mac2, 'dev', 'vxlan0', 'nud', 'reachable')
  const { differences, repaired } = await cnm.verify('app')
  expect(repaired).toBe(false)
  expect(new Set(differences)).toEqual(
    new Set([
      { table: 'fdb', key: mac2, wanted: '10.99.0.2', found: '' },
      { table: 'fdb', key: mac3, wanted: '10.99.0.3', found: '10.99.0.77' },
      { table: 'fdb', key: '02:00:00:00:00:99', wanted: '', found: '10.99.0.3' },
      { table: 'neighbour', key: '10.0.1.12', wanted: mac2, found: '' },
      { table: 'neighbour', key: 'fd00:1::13', wanted: mac3, found: mac2 },
      { table: 'neighbour', key: '10.0.1.99', wanted: '', found: mac2 },
    ]),
  )
  expect((await cnm.findings()).map(({ code, subject }) => [code, subject])).toEqual([['PEERS_DRIFT', 'network app']])
  expect(await cnm.verify('app', { repair: true })).toMatchObject({ repaired: true })
  expect(await cnm.verify('app')).toMatchObject({ rows: 6, differences: [] })
  expect(await reached()).toEqual([true, true, true, true])
})

it('a dynamic row in the place of ours is no match, though it leads where ours does', async () => {
  const mac = macOf(2, 's2')
  home(1, 'bridge', 'fdb', 'del', mac, 'dev', 'vxlan0')
  home(1, 'bridge', 'fdb', 'add', mac, 'dev', 'vxlan0', 'dst', '10.99.0.2', 'dynamic')
  expect((await hosts.at(1).cnm.verify('app', { repair: true })).differences).toMatchObject([{ key: mac }])
  expect(home(1, 'bridge', 'fdb', 'show', 'dev', 'vxlan0')).toMatch(new RegExp(`${mac} dst 10.99.0.2 .*permanent`))
})

it('the tunnel itself, the row of an endpoint of this host, a stray link: doctor tells, repair mends', async () => {
  const { cnm } = hosts.at(1)
  home(1, 'ip', 'link', 'del', 'vxlan0')
  home(1, 'ip', 'link', 'add', 'stray0', 'group', '6516333', 'type', 'bridge')
  const veth = JSON.parse(home(1, 'ip', '-j', 'link', 'show', 'type', 'veth'))[0].ifname
  home(1, 'bridge', 'fdb', 'del', macOf(1, 's1'), 'dev', veth, 'master')
  expect((await cnm.findings()).map(({ code }) => code).sort()).toEqual(['LINK_STRAY', 'NETWORK_DRIFT', 'PEERS_DRIFT', 'SANDBOX_DRIFT'])
  expect(await cnm.repair()).toMatchObject({ left: [], errors: [] })
  expect(await reached()).toEqual([true, true, true, true])
  expect(home(1, 'ip', '-br', 'link')).not.toContain('stray0')
})

it('the namespace of a network, with all that is in it: repair makes it anew', async () => {
  const path = hosts.home(1, 'app')
  must(['umount', '--lazy', path])
  must(['rm', path])
  const { cnm } = hosts.at(1)
  expect((await cnm.findings()).map(({ code }) => code)).toContain('NETWORK_DRIFT')
  expect(await cnm.repair()).toMatchObject({ left: [], errors: [] })
  expect(await reached()).toEqual([true, true, true, true])
})

it('a controller that comes back goes on where the last one ended, without a packet lost, and learns what changed meanwhile', async () => {
  const flow = runAsync(['ping', '-c', '40', '-i', '0.02', '-n', '10.0.1.12'], { netns: one })
  await hosts.reopen(1)
  const { cnm } = hosts.at(1)
  expect((await flow).stdout).toContain('40 received')
  // It was told of nobody yet: it does not judge.
  await expect(cnm.verify('app')).rejects.toMatchObject({ code: 'PEERS_UNKNOWN' })
  expect(await reached()).toEqual([true, true, true, true])
  await cnm.setPeers('app', hosts.peersAt(2, 'app'))
  expect(await reached()).toEqual([true, false, true, false])
  await cnm.changePeers('app', [], hosts.peersAt(3, 'app'))
  expect(await reached()).toEqual([true, true, true, true])
  expect(await cnm.verify('app')).toMatchObject({ rows: 6, differences: [] })
})

const pairs = (bytes: Buffer): string => bytes.toString('hex').replace(/..(?=.)/g, '$&:')

/** A datagram of four bytes from 10.0.1.12 to 10.0.1.11, whose checksum is wrong: pairs of hex digits. */
function wrongDatagram(from: string, to: string): string {
  const header = Buffer.from('4500002000010000401100000a00010c0a00010b', 'hex')
  let sum = 0
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at)
  header.writeUInt16BE(~((sum & 0xffff) + (sum >> 16)) & 0xffff, 10)
  const datagram = Buffer.from('00090009000c4711deadbeef', 'hex')
  return [to, from, '08:00', pairs(header), pairs(datagram)].join(':')
}

it('packets with wrong checksums from another host are told', async () => {
  const far = hosts.at(2).cnm.sandbox('s2').path
  must(['mausezahn', 'eth0', '-q', '-c', '3', wrongDatagram(macOf(2, 's2'), macOf(1, 's1'))], { netns: far })
  const found = async () => (await hosts.at(1).cnm.findings()).map(({ code, subject, what }) => ({ code, subject, what }))
  await expect.poll(found).toEqual([{ code: 'CHECKSUMS_WRONG', subject: 'sandbox s1', what: '3 packets came to it with wrong checksums' }])
})

it('on guard: nobody has to ask', async () => {
  await hosts.reopen(1, { guard: true, auditEvery: 50 })
  const { cnm, run } = hosts.at(1)
  await cnm.setPeers('app', [...hosts.peersAt(2, 'app'), ...hosts.peersAt(3, 'app')])
  const healed = async () => {
    for await (const { action, attributes } of eventsOf(run, {}))
      if (action === 'heal' && /peers|tunnel/.test(attributes['what'] ?? '')) return true
    return false
  }
  const broken = [
    ['bridge', 'fdb', 'del', macOf(2, 's2'), 'dev', 'vxlan0'],
    ['ip', 'neigh', 'flush', 'dev', 'vxlan0', 'nud', 'permanent'],
    ['ip', 'link', 'del', 'vxlan0'],
    ['ip', 'link', 'del', 'br0'],
  ] as const
  for (const command of broken) {
    const waited = healed()
    home(1, ...command)
    expect(await waited).toBe(true)
    expect((await cnm.findings()).filter(({ code }) => code !== 'CHECKSUMS_WRONG')).toEqual([])
    expect(await reached()).toEqual([true, true, true, true])
  }
})
