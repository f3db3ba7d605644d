import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Hall } from '../../../../lib/controller/hall.ts'
import { printPlan } from '../../../../lib/model/print.ts'

/** Stands in for kernels that this machine does not run: before 6.17, IPv6 has no switch of its own for one link. */
const kernel = vi.hoisted(() => ({ sysctls: {} as Record<string, string>, lent: {} as Record<string, string> }))

vi.mock('../../../../lib/netlink/namespace.ts', () => ({ readSysctl: async (_: unknown, path: string) => kernel.sysctls[path] ?? null }))
// Another file of this process may have loaded it with the real one.
vi.resetModules()
const { closeWay, openWay } = await import('../../../../lib/controller/networks/forwarding.ts')

/** What the host has besides ours. */
const addressed = [
  { name: 'lo', master: 0 },
  { name: 'eth0', master: 0 },
  { name: 'eth1', master: 0 },
  { name: 'port', master: 9 },
  { name: 'theirs', master: 0 },
]

/** `walled`: links that networks have. */
const hallWith = (...walled: readonly string[]): Hall => {
  const rows = walled.map((link) => ({ key: `raised/${link}`, value: { link } }))
  const marks = { list: () => rows, get: (key: string) => (key === 'forwarding' ? kernel.lent : undefined) }
  return { lookout: { look: async () => ({ addressed: { 4: addressed, 6: addressed } }) }, store: { marks } } as never
}
const hall = hallWith('theirs', 'br-ours')

const old = {
  'net/ipv4/ip_forward': '0',
  'net/ipv4/conf/eth0/forwarding': '0',
  'net/ipv4/conf/eth1/forwarding': '1',
  'net/ipv6/conf/all/forwarding': '0',
  'net/ipv6/conf/default/accept_ra': '1',
  'net/ipv6/conf/eth0/accept_ra': '1',
  'net/ipv6/conf/eth1/accept_ra': '0',
}
const recent = {
  ...old,
  'net/ipv6/conf/all/force_forwarding': '0',
  'net/ipv6/conf/eth0/force_forwarding': '0',
  'net/ipv6/conf/eth1/force_forwarding': '0',
}

beforeEach(() => {
  kernel.sysctls = { ...old }
  kernel.lent = {}
})

describe('forwarding for a network', () => {
  it('is not lent by the link that it is for, nor by that of another network, whoever made them', async () => {
    const names = ['eth0', 'eth1']
    expect((await openWay(hallWith(), ['theirs'], [4])).uplinks).toEqual([{ family: 4, names }])
    expect((await openWay(hall, ['br-new'], [4])).uplinks).toEqual([{ family: 4, names }])
  })

  it('is lent by the links of the host that have an address and do not forward yet', async () => {
    const way = await openWay(hall, ['br-new'], [4])
    expect(printPlan(way.plan).split('\n')).toEqual([
      'sysctl -w net.ipv4.conf.br-new.forwarding=1',
      'sysctl -w net.ipv4.conf.eth0.forwarding=1',
    ])
    expect(way.lent).toEqual({ 'net/ipv4/conf/eth0/forwarding': '0' })
    expect(way.uplinks).toEqual([{ family: 4, names: ['eth0', 'eth1'] }])
  })

  it('in IPv6 is link by link too, where the kernel can', async () => {
    kernel.sysctls = { ...recent }
    const way = await openWay(hall, ['br-new'], [6])
    expect(printPlan(way.plan)).toBe(
      ['br-new', 'eth0', 'eth1'].map((link) => `sysctl -w net.ipv6.conf.${link}.force_forwarding=1`).join('\n'),
    )
  })

  it('in IPv6 is for all links on older kernels, and routers are still heard where they were', async () => {
    const way = await openWay(hall, ['br-new'], [6])
    const set = (accept: number, forwarding: number) => [
      `sysctl -w net.ipv6.conf.default.accept_ra=${accept}`,
      `sysctl -w net.ipv6.conf.eth0.accept_ra=${accept}`,
      `sysctl -w net.ipv6.conf.all.forwarding=${forwarding}`,
    ]
    expect(printPlan(way.plan).split('\n')).toEqual(set(2, 1))
    kernel.sysctls['net/ipv6/conf/all/forwarding'] = '1'
    expect(printPlan(await closeWay(hall, way.lent)).split('\n')).toEqual(set(1, 0))
  })

  it('in IPv6 is lent by a link that comes later too, on older kernels: it forwards already', async () => {
    kernel.sysctls = { ...old, 'net/ipv6/conf/all/forwarding': '1', 'net/ipv6/conf/default/accept_ra': '2' }
    expect((await openWay(hall, ['br-new'], [6])).uplinks).toEqual([])
    kernel.lent = { 'net/ipv6/conf/all/forwarding': '0' }
    const way = await openWay(hall, ['br-new'], [6])
    expect(way.uplinks).toEqual([{ family: 6, names: ['eth0', 'eth1'] }])
    expect(way.lent).toEqual({ 'net/ipv6/conf/eth0/accept_ra': '1' })
  })

  it('is not touched where the host forwards, nor given back to one that was made to forward meanwhile', async () => {
    const way = await openWay(hall, ['br-new'], [4])
    kernel.sysctls['net/ipv4/ip_forward'] = '1'
    expect(await closeWay(hall, way.lent)).toEqual([])
    expect((await openWay(hall, ['br-new'], [4])).plan).toEqual([])
  })
})
