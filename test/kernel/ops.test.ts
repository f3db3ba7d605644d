import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op } from '../../binding.d.ts'
import { parseAddress, toBytes } from '../../lib/model/address.ts'
import { parseMac } from '../../lib/model/ids.ts'
import { undoOf } from '../../lib/model/op.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
const mac = (text: string): Uint8Array => parseMac(text) ?? expect.fail(text)
const refused = async (op: Op) => (await spaces.apply(op)).refusal

const bridge: Op = { op: 'link.add', name: 'br0', kind: 'bridge' }
const veth: Op = { op: 'link.add', name: 'v0', kind: 'veth', peer: { name: 'eth0', at: 1 } }
const EEXIST = -17
const ENODEV = -19

describe('link.add', () => {
  it('makes a bridge with all that is asked for', async () => {
    const options = { stp: true, forwardDelay: 400, mcastSnooping: false }
    const { ifindex } = await spaces.do({ ...bridge, mtu: 1400, mac: mac('02:00:00:00:00:01'), group: 77, up: true, bridge: options })
    const made = spaces.link(0, 'br0')
    expect(made).toMatchObject({
      ifindex: ifindex[0],
      mtu: 1400,
      address: '02:00:00:00:00:01',
      group: '77',
      linkinfo: { info_kind: 'bridge' },
    })
    expect(made.flags).toContain('UP')
    expect(made.linkinfo.info_data).toMatchObject({ stp_state: 1, forward_delay: 400, mcast_snooping: 0 })
  })

  it('bears the peer in the other namespace under its final name', async () => {
    const peer = { name: 'eth0', at: 1, mtu: 1280, mac: mac('02:00:00:00:00:02'), group: 78 }
    const { ifindex } = await spaces.do({ ...veth, mtu: 1300, mac: mac('02:00:00:00:00:03'), group: 77, peer })
    expect(spaces.link(0, 'v0')).toMatchObject({ ifindex: ifindex[0], mtu: 1300, address: '02:00:00:00:00:03', group: '77' })
    expect(spaces.link(1, 'eth0')).toMatchObject({ link_index: ifindex[0], mtu: 1280, address: '02:00:00:00:00:02', group: '78' })
    expect(spaces.link(0, 'eth0')).toBeUndefined()
  })

  it('is refused in the words of the kernel, with the attribute that it dislikes', async () => {
    const refusal = { op: 0, errno: -34, message: 'Attribute failed policy validation', request: 'RTM_NEWLINK' }
    expect(await refused({ ...bridge, name: 'sixteen-letters-' })).toEqual({ ...refusal, attribute: 'IFLA_IFNAME' })
  })

  it('names an attribute that lies deep inside the request', async () => {
    expect(await refused({ ...veth, peer: { name: 'sixteen-letters-', at: 1 } })).toMatchObject({
      errno: -34,
      attribute: 'IFLA_LINKINFO.IFLA_INFO_DATA.VETH_INFO_PEER.IFLA_IFNAME',
    })
  })

  it('is refused when the name is taken, here or at the peer, and then leaves nothing', async () => {
    await spaces.do(bridge, { ...bridge, at: 1, name: 'eth0' })
    expect(await refused(bridge)).toMatchObject({ errno: EEXIST, request: 'RTM_NEWLINK' })
    expect(await refused(veth)).toMatchObject({ errno: EEXIST })
    expect(spaces.link(0, 'v0')).toBeUndefined()
  })

  it('is taken back by its inverse', async () => {
    const plan = [bridge, veth]
    await spaces.do(...plan, ...undoOf(plan))
    expect(spaces.look(0, 'ip', '-j', 'link')).toHaveLength(1)
    expect(spaces.look(1, 'ip', '-j', 'link')).toHaveLength(1)
  })
})

describe('link.set', () => {
  beforeEach(() => spaces.do(bridge, veth))

  it('sets everything at once', async () => {
    const wanted = { name: 'web0', up: true, master: 'br0', mac: mac('02:00:00:00:00:09'), mtu: 1400, group: 5, alias: 'a web server' }
    await spaces.do({ op: 'link.set', link: 'v0', ...wanted, port: { isolated: true, hairpin: true, learning: false, flood: false } })
    const set = spaces.link(0, 'web0')
    expect(set).toMatchObject({ master: 'br0', address: '02:00:00:00:00:09', mtu: 1400, group: '5', ifalias: 'a web server' })
    expect(set.flags).toContain('UP')
    expect(set.linkinfo.info_slave_data).toMatchObject({ isolated: true, hairpin: true, learning: false, flood: false })
  })

  it('does what it did again, and takes it back', async () => {
    const set: Op = { op: 'link.set', link: 'v0', master: 'br0', up: true }
    await spaces.do(set, set, { op: 'link.set', link: 'v0', port: { isolated: true } })
    expect(spaces.link(0, 'v0').linkinfo.info_slave_data.isolated).toBe(true)
    await spaces.do({ op: 'link.set', link: 'v0', master: 0, up: false })
    const back = spaces.link(0, 'v0')
    expect(back.master).toBeUndefined()
    expect(back.flags).not.toContain('UP')
  })

  it('takes ifindexes for names', async () => {
    const { ifindex: v0 } = spaces.link(0, 'v0')
    const { ifindex: br0 } = spaces.link(0, 'br0')
    await spaces.do({ op: 'link.set', link: v0, master: br0 })
    expect(spaces.link(0, 'v0').master).toBe('br0')
  })

  it('moves a link and renames it on the way', async () => {
    await spaces.do({ op: 'link.set', link: 'v0', moveTo: 1, name: 'eth1', up: true })
    expect(spaces.link(0, 'v0')).toBeUndefined()
    expect(spaces.link(1, 'eth1').flags).toContain('UP')
  })

  it('leaves a link where it is when its new name is taken there', async () => {
    expect(await refused({ op: 'link.set', link: 'v0', moveTo: 1, name: 'eth0' })).toMatchObject({
      errno: EEXIST,
      attribute: 'IFLA_IFNAME',
    })
    expect(spaces.link(0, 'v0')).toBeDefined()
  })

  it('says which link is missing', async () => {
    expect(await refused({ op: 'link.set', link: 'no', up: true })).toMatchObject({ errno: ENODEV, request: 'RTM_NEWLINK' })
    expect(await refused({ op: 'link.set', link: 'v0', master: 'no' })).toMatchObject({ errno: ENODEV, attribute: 'IFLA_MASTER' })
    expect(await refused({ op: 'link.set', link: 'br0', port: { isolated: true } })).toMatchObject({ errno: -95 })
  })
})

describe('link.del', () => {
  it('takes a link by name or by ifindex, once', async () => {
    const { ifindex } = await spaces.do(bridge, veth)
    await spaces.do({ op: 'link.del', link: ifindex[0] ?? 0 }, { op: 'link.del', link: 'v0' })
    expect(spaces.link(1, 'eth0')).toBeUndefined()
    expect(await refused({ op: 'link.del', link: 'v0' })).toMatchObject({ errno: ENODEV, request: 'RTM_DELLINK' })
  })
})

const families = [
  { family: 'IPv4', own: '10.0.0.1', other: '10.0.0.2', prefix: 24, net: '10.9.0.0', netPrefix: 16, any: '0.0.0.0', flag: '-4' },
  { family: 'IPv6', own: 'fd00::1', other: 'fd00::2', prefix: 64, net: 'fd09::', netPrefix: 48, any: '::', flag: '-6' },
] as const

describe.each(families)('$family', ({ own, other, prefix, net, netPrefix, any, flag }) => {
  const add: Op = { op: 'addr.add', link: 'br0', address: bytes(own), prefix }
  const route = { op: 'route.add', to: bytes(net), prefix: netPrefix, via: bytes(other) } as const
  const routes = (dst: string): any[] => spaces.look(0, 'ip', flag, '-j', 'route', 'show', dst)
  beforeEach(() => spaces.do({ ...bridge, up: true }))

  it('addr.add gives an address that is usable at once', async () => {
    await spaces.do(add)
    const [{ addr_info }] = spaces.look(0, 'ip', '-j', 'addr', 'show', 'br0')
    const made = addr_info.find((info: { local: string }) => info.local === own)
    expect(made).toMatchObject({ prefixlen: prefix, scope: 'global' })
    expect(made.tentative).toBeUndefined()
  })

  it('addr.add and addr.del are refused the second time', async () => {
    await spaces.do(add)
    expect(await refused(add)).toMatchObject({ errno: EEXIST, request: 'RTM_NEWADDR' })
    await spaces.do(...undoOf([add]))
    expect(await refused({ ...add, op: 'addr.del' })).toMatchObject({ errno: -99, request: 'RTM_DELADDR' })
    expect(await refused({ ...add, link: 'no' })).toMatchObject({ errno: ENODEV, request: 'RTM_GETLINK' })
  })

  it('route.add makes routes by gateway, by link, and the default one', async () => {
    await spaces.do(add, route, { op: 'route.add', to: bytes(any), prefix: 0, via: bytes(other), link: 'br0', metric: 50 })
    expect(routes(`${net}/${netPrefix}`)).toMatchObject([{ gateway: other, dev: 'br0' }])
    expect(routes('default')).toMatchObject([{ gateway: other, dev: 'br0', metric: 50 }])
    await spaces.do({ op: 'route.add', to: bytes(net), prefix: netPrefix, link: 'br0', table: 1000 })
    expect(spaces.look(0, 'ip', flag, '-j', 'route', 'show', 'table', '1000')).toMatchObject([{ dst: `${net}/${netPrefix}`, dev: 'br0' }])
  })

  it('route.add is refused the second time, route.replace is not, route.del takes it back', async () => {
    await spaces.do(add, route)
    expect(await refused(route)).toMatchObject({ errno: EEXIST, request: 'RTM_NEWROUTE' })
    await spaces.do({ op: 'route.replace', to: route.to, prefix: netPrefix, link: 'br0' })
    expect(routes(`${net}/${netPrefix}`)).toMatchObject([{ dev: 'br0' }])
    expect(routes(`${net}/${netPrefix}`)[0].gateway).toBeUndefined()
    await spaces.do({ op: 'route.del', to: route.to, prefix: netPrefix, link: 'br0' })
    expect(routes(`${net}/${netPrefix}`)).toEqual([])
    expect(await refused({ ...route, op: 'route.del' })).toMatchObject({ errno: -3, request: 'RTM_DELROUTE' })
  })

  it('a route through nowhere is refused', async () => {
    expect((await refused(route))?.errno).toBeLessThan(0)
    expect(await refused({ ...route, link: 'no' })).toMatchObject({ errno: ENODEV, attribute: 'RTA_OIF' })
  })
})

it('a route whose prefix is too short for it is refused in words', async () => {
  await spaces.do({ ...bridge, up: true })
  const route: Op = { op: 'route.add', to: bytes('10.9.0.1'), prefix: 16, link: 'br0' }
  expect(await refused(route)).toMatchObject({ errno: -22, message: 'Invalid prefix for given prefix length' })
})

it('a plan stops at the first refusal and says how far it got', async () => {
  const { done, ifindex, refusal } = await spaces.apply(bridge, bridge, { ...bridge, name: 'br1' })
  expect({ done, op: refusal?.op, last: ifindex[2] }).toEqual({ done: 1, op: 1, last: 0 })
  expect(spaces.link(0, 'br1')).toBeUndefined()
})
