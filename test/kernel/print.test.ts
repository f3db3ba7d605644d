import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { parseMac } from '../../lib/model/ids.ts'
import { type Plan, undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { paste } from '../support/paste.ts'
import { must, run } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { Topology } from '../support/topology.ts'

const bytes = (text: string): Uint8Array => {
  const address = parseAddress(text)
  if (!address) throw new Error(text)
  return toBytes(address)
}
const mac = parseMac('02:00:5e:00:53:01') ?? new Uint8Array()

let host: Topology
let folder: string
/** Where nothing is to be done: each command has to go to its own place. */
let shell: { readonly netns: string }
beforeEach(() => {
  host = new Topology({ bare: true })
  shell = { netns: host.at('far') }
  folder = mkdtempSync(join(tmpdir(), 'cnm-print-'))
})
afterEach(() => {
  host[Symbol.dispose]()
  run(['umount', '-q', join(folder, 'web')])
  rmSync(folder, { recursive: true })
})

interface Link {
  readonly ifname: string
  readonly mtu: number
  readonly address: string
  readonly group: string
  readonly master?: string
  readonly flags: readonly string[]
}
const linkOf = (netns: string, name: string): Link => JSON.parse(must(['ip', '-j', 'link', 'show', 'dev', name], { netns }))[0]

const make: Plan = [
  { op: 'netns.add', at: 1 },
  { op: 'link.set', at: 1, link: 'lo', up: true },
  {
    op: 'link.add',
    kind: 'bridge',
    name: 'br-web.1',
    mtu: 1400,
    group: 77,
    bridge: { stp: false, forwardDelay: 300, mcastSnooping: false },
  },
  { op: 'sysctl', path: 'net/ipv6/conf/br-web.1/accept_ra', value: '0', undo: [] },
  { op: 'addr.add', link: 'br-web.1', address: bytes('10.9.0.1'), prefix: 24 },
  { op: 'addr.add', link: 'br-web.1', address: bytes('fd00:9::1'), prefix: 64 },
  { op: 'link.set', link: 'br-web.1', up: true },
  { op: 'link.add', kind: 'veth', name: 'vethab12345', mtu: 1400, group: 77, peer: { name: 'eth0', at: 1, mtu: 1300, mac, group: 78 } },
  {
    op: 'link.set',
    link: 'vethab12345',
    master: 'br-web.1',
    up: true,
    alias: "web's",
    port: { isolated: true, hairpin: true, learning: false },
  },
  { op: 'addr.add', at: 1, link: 'eth0', address: bytes('10.9.0.2'), prefix: 24 },
  { op: 'addr.add', at: 1, link: 'eth0', address: bytes('fd00:9::2'), prefix: 64 },
  { op: 'link.set', at: 1, link: 'eth0', up: true },
  { op: 'route.replace', at: 1, to: bytes('0.0.0.0'), prefix: 0, via: bytes('10.9.0.1') },
  { op: 'route.replace', at: 1, to: bytes('::'), prefix: 0, via: bytes('fd00:9::1') },
  { op: 'route.add', at: 1, to: bytes('10.10.0.0'), prefix: 16, link: 'eth0', metric: 9, table: 100 },
]

describe('what is printed, pasted', () => {
  it('makes links, addresses, routes and a namespace; its undo takes all of it away', () => {
    const before = snapshot(host.at('host'))
    const places = [host.at('host'), join(folder, 'web')]
    const [netns, sandbox] = places as [string, string]
    paste(printPlan(make, places), shell)
    expect(linkOf(netns, 'br-web.1')).toMatchObject({ mtu: 1400, group: '77', flags: expect.arrayContaining(['UP']) })
    expect(linkOf(netns, 'vethab12345')).toMatchObject({ master: 'br-web.1', group: '77', ifalias: "web's" })
    expect(linkOf(sandbox, 'eth0')).toMatchObject({ mtu: 1300, address: '02:00:5e:00:53:01', group: '78' })
    expect(must(['bridge', '-d', 'link', 'show', 'dev', 'vethab12345'], { netns })).toMatch(/hairpin on .*learning off .*isolated on/s)
    expect(must(['ip', '-6', 'addr', 'show', 'dev', 'br-web.1'], { netns })).toContain('fd00:9::1/64 scope global nodad')
    expect(must(['ip', 'route', 'show', 'default'], { netns: sandbox })).toContain('via 10.9.0.1 dev eth0')
    expect(must(['ip', '-6', 'route', 'show', 'default'], { netns: sandbox })).toContain('via fd00:9::1 dev eth0')
    expect(must(['ip', 'route', 'show', 'table', '100'], { netns: sandbox })).toContain('10.10.0.0/16 dev eth0 scope link metric 9')
    paste(printPlan(undoOf(make), places), shell)
    expect(snapshot(netns)).toEqual(before)
  })

  it('finds a link by its index, moves it, and brings it back', () => {
    const netns = host.at('host')
    const places = ['', join(folder, 'web')]
    paste(printPlan([{ op: 'netns.add', at: 1 }], places), { netns })
    paste(printPlan([{ op: 'link.add', kind: 'veth', name: 'loose', peer: { name: 'end', at: 0 } }]), { netns })
    const [{ ifindex }] = JSON.parse(must(['ip', '-j', 'link', 'show', 'dev', 'loose'], { netns }))
    paste(printPlan([{ op: 'link.set', link: ifindex, name: 'moved', moveTo: 1, mtu: 1200 }], places), { netns })
    expect(linkOf(join(folder, 'web'), 'moved')).toMatchObject({ mtu: 1200 })
    const back: Plan = [{ op: 'link.set', at: 1, link: 'moved', name: 'loose', moveTo: 0 }]
    paste(printPlan(back, [netns, ...places.slice(1)]), shell)
    expect(linkOf(netns, 'loose')).toMatchObject({ mtu: 1200 })
    paste(printPlan([{ op: 'netns.del', at: 1 }], places), { netns })
  })
})
