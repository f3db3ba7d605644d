import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Op, type Plan, undoOf } from '../../lib/model/op.ts'
import { apply, applyLeniently, dump, PlanStopped } from '../../lib/netlink/kernel.ts'
import { Netns } from '../../lib/netlink/namespace.ts'
import { NetlinkError } from '../../lib/netlink/refusal.ts'
import { run } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

const bridge = (name: string): Op => ({ op: 'link.add', name, kind: 'bridge' })
const stopOf = (plan: Plan, options = {}): Promise<PlanStopped> =>
  apply(spaces.netns, plan, options).then(
    () => expect.fail('done'),
    (stop) => stop,
  )

describe('apply', () => {
  it('answers with what was learned', async () => {
    const { ifindex } = await apply(spaces.netns, [bridge('br0')])
    expect(ifindex).toEqual(Int32Array.of(spaces.link(0, 'br0').ifindex))
  })

  it('stops with the words of the kernel and the command that would be refused too', async () => {
    const stop = await stopOf([bridge('br0'), bridge('sixteen-letters-')])
    expect(stop).toBeInstanceOf(PlanStopped)
    expect(await stop.done).toBe(1)
    expect(stop.cause).toBeInstanceOf(NetlinkError)
    expect(stop.cause).toMatchObject({ code: 'KERNEL_REFUSED', errno: -34, refusal: { request: 'RTM_NEWLINK' } })
    const { message } = stop.cause as NetlinkError
    const command = `nsenter --net=${spaces.paths[0]} ip link add sixteen-letters- type bridge`
    expect(message).toBe(`ERANGE: Attribute failed policy validation (IFLA_IFNAME), while: ${command}`)
  })

  it('names the row of many that was refused first, and prints all of them when asked', async () => {
    const macs = Uint8Array.from({ length: 3000 * 6 }, (_, i) => [2, 0, 0, 0, (i / 6) >> 8, (i / 6) & 255][i % 6] ?? 0)
    const dsts = new Uint8Array(3000 * 4).fill(10)
    const add: Op = { op: 'fdb.addMany', link: 'vx0', family: 4, macs, dsts }
    await apply(spaces.netns, [
      { op: 'link.add', name: 'vx0', kind: 'vxlan', vxlan: { id: 5 } },
      { op: 'fdb.add', link: 'vx0', mac: macs.slice(42, 48), dst: dsts.slice(0, 4) },
    ])
    const { cause } = await stopOf([add])
    expect(cause).toMatchObject({
      message: expect.stringMatching(/while: .*\nfdb add 02:00:00:00:00:07 dev vx0 dst 10\.10\.10\.10 .*\nEOF$/),
    })
    expect((cause as NetlinkError).command.match(/^fdb add/gm)).toHaveLength(3000)
  })

  it('says it in its own words where the kernel has none', async () => {
    const { cause } = await stopOf([{ op: 'link.set', link: 'no', at: 1, up: true }])
    expect(cause).toMatchObject({
      message: expect.stringMatching(/^ENODEV: no such device, while: nsenter --net=.*\/b ip link set dev no up$/),
    })
  })

  it('hands on what this kernel cannot do with a hint', async () => {
    const { cause } = await stopOf([bridge('br0'), { op: 'link.set', link: 'br0', port: { isolated: true } }])
    expect(cause).toMatchObject({ errno: -95, remedy: expect.stringContaining('kernel') })
  })

  it('does not begin when the signal was raised before', async () => {
    const reason = new Error('changed my mind')
    const stop = await stopOf([bridge('br0')], { signal: AbortSignal.abort(reason) })
    expect(stop.cause).toBe(reason)
    expect(await stop.done).toBe(0)
    expect(spaces.link(0, 'br0')).toBeUndefined()
  })

  it('stops half-way when the signal is raised, so that the rest can be undone', async () => {
    const plan = Array.from({ length: 2000 }, (_, n) => bridge(`br${n}`))
    const controller = new AbortController()
    const stopping = stopOf(plan, { signal: controller.signal })
    while (!spaces.link(0, 'br3')) await new Promise(setImmediate)
    controller.abort()
    const stop = await stopping
    expect(stop).toMatchObject({ cause: { name: 'AbortError' }, message: 'stopped: This operation was aborted' })
    const done = await stop.done
    expect(done).toBeLessThan(plan.length)
    const rows = await dump(spaces.netns[0] ?? expect.fail(), 'link')
    expect(rows).toHaveLength(done + 1)
    await applyLeniently(spaces.netns, undoOf(plan.slice(0, 3)))
    expect(await dump(spaces.netns[0] ?? expect.fail(), 'link')).toHaveLength(done + 1 - 3)
  })

  it('leaves the signal alone afterwards', async () => {
    const controller = new AbortController()
    await apply(spaces.netns, [bridge('br0')], { signal: controller.signal })
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('rejects misuse for what it is', async () => {
    await expect(apply(spaces.netns, [bridge('')])).rejects.toMatchObject({ code: 'ERR_CNM_INVALID_ARG' })
  })
})

describe('applyLeniently', () => {
  const address = { link: 'br0', address: Uint8Array.of(10, 0, 0, 1), prefix: 24 }
  const removals: Plan = [
    { op: 'link.set', link: 'br0', master: 0 },
    { op: 'addr.del', ...address },
    { op: 'route.del', to: Uint8Array.of(10, 9, 0, 0), prefix: 16 },
    { op: 'sysctl', path: 'net/ipv4/conf/br0/forwarding', value: '0' },
    { op: 'nft', commands: [{ delete: { table: { family: 'inet', name: 'no' } } }] },
    { op: 'link.del', link: 'br0' },
  ]

  it('takes for done what is gone already', async () => {
    expect(await applyLeniently(spaces.netns, removals)).toEqual([])
    await apply(spaces.netns, [bridge('br0')])
    expect(await applyLeniently(spaces.netns, removals)).toEqual([])
    expect(spaces.link(0, 'br0')).toBeUndefined()
  })

  it('takes for done what went with its namespace', async () => {
    await apply(spaces.netns, [{ op: 'netns.del' }])
    expect(await applyLeniently(spaces.netns, [...removals, { op: 'netns.del' }])).toEqual([])
  })

  it('goes on after a refusal, and tells of it', async () => {
    const wrong: Op = { op: 'sysctl', path: 'net/ipv4/ip_forward', value: 'much' }
    const refusals = await applyLeniently(spaces.netns, [bridge('br0'), wrong, bridge('br0'), bridge('br1')])
    expect(refusals.map(({ errno }) => errno)).toEqual([-22, -17])
    expect(spaces.link(0, 'br1')).toBeDefined()
  })
})

describe('dump', () => {
  const peer = { name: 'eth0', at: 1, mac: Uint8Array.of(2, 0, 0, 0, 0, 9) }
  const v6 = (...tail: number[]) => Uint8Array.from([0xfd, ...Array(15 - tail.length).fill(0), ...tail])

  it('gives rows in the words of the model', async () => {
    const [a = expect.fail(), b = expect.fail()] = spaces.netns
    await apply(spaces.netns, [
      { op: 'link.add', name: 'v0', kind: 'veth', group: 7, peer },
      { op: 'link.add', name: 'br0', kind: 'bridge', up: true },
      { op: 'link.set', link: 'v0', master: 'br0', up: true },
      { op: 'link.set', at: 1, link: 'eth0', up: true },
      { op: 'addr.add', at: 1, link: 'eth0', address: Uint8Array.of(10, 0, 0, 2), prefix: 24 },
      { op: 'addr.add', at: 1, link: 'eth0', address: v6(2), prefix: 64 },
      { op: 'route.add', at: 1, to: new Uint8Array(4), prefix: 0, via: Uint8Array.of(10, 0, 0, 1), metric: 10 },
      { op: 'route.add', at: 1, to: new Uint8Array(16), prefix: 0, via: v6(1) },
    ])
    // The kernel notices a moment later that the other end is up.
    await expect.poll(async () => (await dump(b, 'link')).find(({ name }) => name === 'eth0')?.operState).toBe(6)
    const links = await dump(a, 'link')
    const eth0 = (await dump(b, 'link')).find(({ name }) => name === 'eth0') ?? expect.fail()
    const [v0, br0] = ['v0', 'br0'].map((wanted) => links.find(({ name }) => name === wanted) ?? expect.fail(wanted))
    expect(v0).toMatchObject({ kind: 'veth', group: 7, master: br0?.index, parent: eth0.index, mtu: 1500 })
    expect(eth0).toMatchObject({ kind: 'veth', mac: '02:00:00:00:00:09', parent: v0?.index })

    const addresses = (await dump(b, 'address')).filter(({ link, scope }) => link === eth0.index && scope === 0)
    expect(addresses.map(({ address }) => address)).toEqual([
      { family: 4, value: 0x0a000002n, prefix: 24 },
      { family: 6, value: (0xfdn << 120n) | 2n, prefix: 64 },
    ])

    const routes = (await dump(b, 'route')).filter(({ to, type }) => to.prefix === 0 && type === 'unicast')
    expect(routes).toMatchObject([
      { to: { family: 4, value: 0n }, via: { family: 4, value: 0x0a000001n }, link: eth0.index, metric: 10, table: 254 },
      { to: { family: 6, value: 0n }, via: { family: 6, value: (0xfdn << 120n) | 1n }, link: eth0.index, metric: 1024 },
    ])
  })

  it('is refused with the command that reads the same', async () => {
    const nowhere = Netns.at('/proc/no/ns/net')
    const gone = 'ENOENT: no such file or directory, while: nsenter --net=/proc/no/ns/net '
    await expect(dump(nowhere, 'address')).rejects.toMatchObject({ message: `${gone}ip addr` })
    await expect(dump(nowhere, 'route', { link: 'eth 0' })).rejects.toMatchObject({
      message: `${gone}ip route show table all dev 'eth 0'`,
    })
    nowhere.close()
    const here = Netns.current()
    for (const table of ['link', 'address', 'route', 'neigh', 'fdb', 'nexthop'] as const) {
      const { command } = await dump(here, table, { link: 'nobody0' }).catch((error) => error)
      expect(command).toMatch(/ dev nobody0$/)
      expect(run(['sh', '-c', command]), command).not.toMatchObject({ status: 0 })
    }
    here.close()
  })
})

describe('without privileges', () => {
  const NOBODY = 65_534
  beforeEach(() => process.seteuid?.(NOBODY))
  afterEach(() => process.seteuid?.(0))

  it('the tables of this namespace can be read, but nothing can be changed', async () => {
    const current = Netns.current()
    expect((await dump(current, 'link')).length).toBeGreaterThan(0)
    const stop = await apply([current], [{ op: 'link.set', link: 'lo', up: true }]).catch((error) => error)
    current.close()
    expect(stop.cause).toMatchObject({ errno: -1, remedy: expect.stringContaining('CAP_NET_ADMIN') })
    expect(stop.cause.message).toMatch(/^EPERM: operation not permitted, while: ip link set dev lo up$/)
  })
})
