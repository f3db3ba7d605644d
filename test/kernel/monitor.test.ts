import { getEventListeners } from 'node:events'
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op } from '../../binding.d.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { dump } from '../../lib/netlink/kernel.ts'
import { monitor } from '../../lib/netlink/monitor.ts'
import { inode, Netns, readSysctl } from '../../lib/netlink/namespace.ts'
import { must, runAsync } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'
import { Tape } from '../support/tape.ts'

let spaces: Spaces
let netns: Netns
beforeEach(async () => {
  spaces = await Spaces.open()
  netns = spaces.netns[0] as Netns
})
afterEach(() => spaces[Symbol.asyncDispose]())

const ALL = ['link', 'address', 'route', 'neigh', 'fdb'] as const

/** Somebody else changes things: a batch of iproute2. */
const change = (tool: 'ip' | 'bridge', ...lines: readonly string[]) =>
  must([tool, '-batch', '-'], { netns: spaces.paths[0], input: `${lines.join('\n')}\n` })

/** A monitor that has told its snapshots. */
async function begun<T extends (typeof ALL)[number]>(...tables: readonly T[]): Promise<Tape<T>> {
  const tape = new Tape(netns, tables)
  await tape.find(({ table }) => table === tables.at(-1))
  return tape
}

const entries = (count: number, first = 0): Op => ({
  op: 'fdb.replaceMany',
  link: 'vx0',
  family: 4,
  macs: Uint8Array.from({ length: count * 6 }, (_, n) => [2, 0, 0, (first + n / 6) >> 16, (first + n / 6) >> 8, first + n / 6][n % 6] ?? 0),
  dsts: Uint8Array.from({ length: count * 4 }, (_, n) => [10, (first + n / 4) >> 16, (first + n / 4) >> 8, first + n / 4][n % 4] ?? 0),
})
const vxlan: Op = { op: 'link.add', name: 'vx0', kind: 'vxlan', vxlan: { id: 7, learning: false } }

const sockets = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      return false
    }
  }).length

describe('a monitor tells', () => {
  it('first what is there', async () => {
    change(
      'ip',
      'link add br0 type bridge',
      'link set br0 up',
      'addr add 10.0.0.1/24 dev br0',
      'neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev br0',
    )
    await using tape = await begun(...ALL)
    expect(tape.events.map(({ type, table }) => `${type} ${table}`)).toEqual(ALL.map((table) => `snapshot ${table}`))
    const links = tape.events[0]?.type === 'snapshot' ? tape.events[0].rows : []
    expect(links.map((row) => 'name' in row && row.name)).toEqual(spaces.look(0, 'ip', '-j', 'link').map(({ ifname }: any) => ifname))
    expect(await tape.isTrue()).toBe(true)
  })

  it('of a link that is made, renamed, raised, taken into a bridge, let go and deleted, in this order', async () => {
    await using tape = await begun('link')
    const steps = [
      'add name v0 type veth peer name v1',
      'set v0 name v2',
      'set v2 up',
      'set v2 master br0',
      'set v2 nomaster',
      'set v2 down',
      'del v2',
    ]
    change('ip', 'link add br0 type bridge', ...steps.map((step) => `link ${step}`))
    await tape.find(({ type, row }) => type === 'removed' && row.name === 'v2')
    const bridge = (await dump(netns, 'link')).find(({ name }) => name === 'br0')?.index
    const told = tape.events.slice(1).flatMap((event) => (event.type === 'snapshot' || !/^v[02]$/.test(event.row.name) ? [] : [event]))
    const words = told.map(({ type, row }) => `${type} ${row.name} ${row.flags & 1 ? 'up' : 'down'} ${row.master === bridge ? 'br0' : '-'}`)
    expect(words.filter((word, n) => word !== words[n - 1])).toEqual([
      'added v0 down -',
      'changed v2 down -',
      'changed v2 up -',
      'changed v2 up br0',
      'changed v2 up -',
      'changed v2 down -',
      'removed v2 down -',
    ])
    expect(told.every(({ resync }) => !resync)).toBe(true)
  })

  it('of addresses, routes and neighbours', async () => {
    await using tape = await begun(...ALL)
    change('ip', 'link add br0 type bridge', 'link set br0 up', 'addr add 10.0.0.1/24 dev br0', 'addr add fd00::1/64 dev br0 nodad')
    change(
      'ip',
      'route add 10.9.0.0/16 via 10.0.0.2',
      'route add fd09::/32 via fd00::2',
      'neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev br0',
    )
    await tape.find(({ table, type, row }) => table === 'neigh' && type === 'added' && row.mac === '02:00:00:00:00:09')
    expect(await tape.isTrue()).toBe(true)
    change('ip', 'neigh del 10.0.0.9 dev br0', 'route del fd09::/32', 'addr del fd00::1/64 dev br0')
    await tape.find(({ table, type, row }) => table === 'address' && type === 'removed' && row.address.prefix === 64)
    expect(await tape.isTrue()).toBe(true)
  })

  it('of routes that take the place of others, or go silently with their link or address', async () => {
    await using tape = await begun('route')
    change('ip', 'link add br0 type bridge', 'link set br0 up', 'addr add 10.0.0.1/24 dev br0', 'route add 10.9.0.0/16 via 10.0.0.2')
    change('ip', 'route replace 10.9.0.0/16 via 10.0.0.3', 'route add 10.8.0.0/16 via 10.0.0.3')
    expect(await tape.isTrue()).toBe(true)
    expect(tape.events.some((event) => event.type === 'removed' && event.resync)).toBe(true)
    change('ip', 'link set br0 down')
    expect(await tape.isTrue()).toBe(true)
    expect(spaces.look(0, 'ip', '-j', '-4', 'route')).toEqual([])
    expect(tape.events.filter(({ type }) => type === 'removed').length).toBeGreaterThan(2)
  })

  it('of forwarding entries of bridges and vxlans, that move, that are lists, that go with their link', async () => {
    await using tape = await begun('fdb')
    const made = ['br0 type bridge', 'vx0 type vxlan id 7 dstport 4789', 'v0 type veth peer name v1', 'v2 type veth peer name v3']
    change('ip', ...made.map((link) => `link add ${link}`), 'link set v0 master br0', 'link set v2 master br0')
    const all = 'fdb append 00:00:00:00:00:00 dev vx0 dst'
    change('bridge', 'fdb add 02:00:00:00:00:01 dev v0 master static', 'fdb add 02:00:00:00:01:01 dev vx0 dst 10.1.1.1', `${all} 10.1.1.3`)
    change('bridge', `${all} 10.1.1.4`, 'fdb del 00:00:00:00:00:00 dev vx0 dst 10.1.1.3')
    change('bridge', 'fdb replace 02:00:00:00:00:01 dev v2 master static', 'fdb replace 02:00:00:00:01:01 dev vx0 dst 10.1.1.2')
    const moved: any = await tape.find(({ type, row }) => type === 'changed' && row.mac === '02:00:00:00:01:01')
    expect([moved.before.dst.value & 255n, moved.row.dst.value & 255n]).toEqual([1n, 2n])
    expect(tape.events.some((event) => event.type === 'changed' && event.row.mac === '02:00:00:00:00:01')).toBe(true)
    expect(await tape.isTrue()).toBe(true)
    // br0 takes over the entry that it has its address from, and tells nobody.
    change('ip', 'link set v0 nomaster', 'link set v2 nomaster')
    expect(await tape.isTrue()).toBe(true)
    change('ip', 'link del v0', 'link del v2', 'link del vx0')
    await tape.find(({ type, row }) => type === 'removed' && row.mac === '02:00:00:00:01:01')
    expect(await tape.isTrue()).toBe(true)
    expect(spaces.look(0, 'bridge', '-j', 'fdb').filter(({ mac }: any) => mac.startsWith('02:'))).toEqual([])
  })

  it('twenty readers the same', async () => {
    const tapes = await Promise.all(Array.from({ length: 20 }, () => begun('link', 'fdb')))
    await spaces.do(vxlan, entries(500), { op: 'link.add', name: 'last', kind: 'bridge' })
    await Promise.all(tapes.map((tape) => tape.find(({ row }) => row?.name === 'last')))
    const texts = tapes.map(({ events }) => JSON.stringify(events, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
    expect(new Set(texts).size).toBe(1)
    for (const tape of tapes) await tape[Symbol.asyncDispose]()
  })
})

describe('nothing is lost', () => {
  it('while monitors open and somebody makes two thousand changes', async () => {
    await spaces.do(vxlan)
    change('ip', 'link add br0 type bridge', 'link add v0 type veth peer name v1', 'link set v0 up', 'link set v1 up', 'link set br0 up')
    const turn = (n: number) => [
      `link set v0 ${n % 2 ? 'no' : ''}master ${n % 2 ? '' : 'br0'}`,
      `link set v1 mtu ${1400 + (n % 7)}`,
      `addr replace 10.${n % 9}.0.1/24 dev v1`,
      `route replace 10.99.${n % 9}.0/24 via 10.${n % 9}.0.2`,
      `neigh replace 10.${n % 9}.0.2 lladdr 02:00:00:00:00:0${n % 5} dev v1`,
      `addr del 10.${n % 9}.0.1/24 dev v1`,
    ]
    const batch = join(spaces.folder, 'batch')
    writeFileSync(batch, Array.from({ length: 170 }, (_, n) => turn(n).join('\n')).join('\n'))
    let isRunning = true
    const writer = runAsync(['sh', '-c', `for n in 1 2; do ip -batch ${batch} || exit 1; done`], { netns: spaces.paths[0] }).finally(() => {
      isRunning = false
    })
    const tapes: Tape<(typeof ALL)[number]>[] = []
    while (isRunning) {
      if (tapes.length < 6) tapes.push(new Tape(netns, ALL))
      await Promise.race([writer, tapes.at(-1)?.find(({ table }) => table === 'fdb')])
      await spaces.do(entries(100, tapes.length * 50))
    }
    expect(await writer).toMatchObject({ status: 0, stderr: '' })
    for (const tape of tapes) {
      expect(await tape.isTrue()).toBe(true)
      await tape[Symbol.asyncDispose]()
    }
    expect(tapes.length).toBeGreaterThan(1)
  })

  it('when the buffer of the kernel overruns while the reader sleeps: the difference is computed', async () => {
    await spaces.do(vxlan, entries(1000), entries(1000, 100_000))
    let wake = () => {}
    const pause = new Promise<void>((resolve) => {
      wake = resolve
    })
    await using tape = new Tape(netns, ['fdb'], { buffer: 65_536, pause })
    await tape.find(({ type }) => type === 'snapshot')
    const before = tape.count('fdb')
    await spaces.do(entries(50_000), { ...(entries(500, 100_000) as object), op: 'fdb.delMany' } as Op)
    wake()
    expect(await tape.isTrue()).toBe(true)
    expect(before).toBe(2000)
    expect(tape.count('fdb')).toBe(49_500 + 1000)
    expect(must(['sh', '-c', 'bridge fdb show dev vx0 | wc -l'], { netns: spaces.paths[0] })).toBe(`${49_500 + 1000}\n`)
    const types = new Set(tape.events.map((event) => `${event.type}${event.type !== 'snapshot' && event.resync ? ' by comparing' : ''}`))
    expect(types).toContain('added by comparing')
    expect(types).toContain('removed by comparing')
  })
})

describe('a monitor ends', () => {
  it('by leaving the loop: its socket is closed', async () => {
    await dump(netns, 'link')
    const before = sockets()
    let during = 0
    for await (const { type } of monitor(netns, ['link'])) {
      expect(type).toBe('snapshot')
      during = sockets()
      break
    }
    expect([during, sockets()]).toEqual([before + 1, before])
  })

  it('by return() while an event is waited for', async () => {
    await dump(netns, 'link')
    const before = sockets()
    const events = monitor(netns, ['link'])
    expect((await events.next()).value).toMatchObject({ type: 'snapshot' })
    const waiting = events.next()
    await dump(netns, 'link')
    await events.return()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await events.next()).toEqual({ done: true, value: undefined })
    expect(sockets()).toBe(before)
  })

  it('by the signal, with its reason', async () => {
    const controller = new AbortController()
    const events = monitor(netns, ['link'], { signal: controller.signal })
    await events.next()
    const waiting = events.next()
    await dump(netns, 'link')
    const before = sockets()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(sockets()).toBe(before - 1)
    await expect(monitor(netns, ['link'], { signal: controller.signal }).next()).rejects.toBe(reason)
  })

  it('when its Netns is closed, or deleted', async () => {
    const other = Netns.at(spaces.paths[0])
    const closed = new Tape(other, ['link'])
    const deleted = new Tape(netns, ['link', 'fdb'])
    for (const tape of [closed, deleted]) await tape.find(({ type }) => type === 'snapshot')
    other.close()
    await closed.ended
    await spaces.do({ op: 'netns.del' })
    await deleted.ended
    await spaces.do({ op: 'netns.add' })
  })

  it('and a signal that stays knows nothing of it any more', async () => {
    const { signal } = new AbortController()
    for await (const _ of monitor(netns, ['link'], { signal })) break
    await monitor(netns, ['link'], { signal }).return()
    const nowhere = Netns.at('/run/netns/cnm-nowhere')
    await expect(monitor(nowhere, ['link'], { signal }).next()).rejects.toMatchObject({ errno: -2 })
    nowhere.close()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('at once when its namespace is not there', async () => {
    const nowhere = Netns.at('/run/netns/cnm-nowhere')
    await expect(monitor(nowhere, ['link']).next()).rejects.toMatchObject({ errno: -2 })
    nowhere.close()
  })

  it.each([
    ['/run/netns/cnm-nowhere', -2, 'no namespace is there'],
    ['/proc/self/ns/mnt', -22, 'is no network namespace'],
  ])('and says where, as all that is asked of one does: %s', async (path, errno, why) => {
    using nowhere = Netns.at(path)
    const refused = { name: 'CnmError', code: 'KERNEL_REFUSED', errno, message: expect.stringContaining(`nsenter --net=${path} `) }
    const known = { ...refused, remedy: expect.stringContaining(why) }
    await expect(monitor(nowhere, ['link']).next()).rejects.toMatchObject(known)
    await expect(inode(nowhere)).rejects.toMatchObject(known)
    await expect(dump(nowhere, 'link')).rejects.toMatchObject(known)
    await expect(readSysctl(nowhere, 'net/ipv4/ip_forward')).rejects.toMatchObject(refused)
  })
})

describe('misuse is thrown', () => {
  it.each([
    ['tables', [{}, 1]],
    ['tables', [[], 1]],
    ['tables', [['rule'], 1]],
    ['buffer', [['link'], 0]],
    ['buffer', [['link'], '1']],
  ])('%s: %j', (field, [tables, buffer]) => {
    const open = () => addon().Monitor.open(netns, tables as any, buffer as any)
    expect(open).toThrow(expect.objectContaining({ code: 'ERR_CNM_INVALID_ARG', message: expect.stringMatching(`^${field}: `) }))
  })

  it('of a handle that was closed, or made by hand', async () => {
    const handle = await addon().Monitor.open(netns, ['link'], 4096)
    expect(handle.closed).toBe(false)
    expect(() => handle.next(Number.NaN)).toThrow(/^job: /)
    handle.close()
    handle.close()
    expect(handle.closed).toBe(true)
    expect(() => handle.next(1)).toThrow(expect.objectContaining({ code: 'ERR_CNM_CLOSED' }))
    expect(() => handle.drain()).toThrow(expect.objectContaining({ code: 'ERR_CNM_CLOSED' }))
    expect(() => new (addon().Monitor as any)()).toThrow(/Monitor\.open/)
  })
})
