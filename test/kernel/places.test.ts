import { existsSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Op } from '../../binding.d.ts'
import { addon } from '../../lib/netlink/addon.ts'
import { Netns } from '../../lib/netlink/namespace.ts'
import { must, start } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const LOADER = fileURLToPath(new URL('../../native/load.cjs', import.meta.url))
/** Gives and takes an address, as often as it can. */
const FLICKER = `
  const [, loader, path] = process.argv
  const addon = require(loader)
  const netns = addon.Netns.at(path)
  const address = { link: 'br0', address: Uint8Array.of(10, 2, 0, 1), prefix: 32 }
  const ops = Array.from({ length: 100 }, (_, n) => ({ ...address, op: n % 2 ? 'addr.del' : 'addr.add' }))
  const again = () => addon.apply([netns], ops, 1).then(again)
  again()
  console.log('ready')`

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

const here = (at = 0): Netns => spaces.netns[at] ?? expect.fail(`no namespace ${at}`)
const ENOENT = -2

describe('sysctl', () => {
  const path = 'net/ipv4/ip_forward'
  const write = (value: string): Op => ({ op: 'sysctl', path, value })

  it('is written in its own namespace only', async () => {
    const own = readFileSync(`/proc/sys/${path}`, 'utf8')
    await spaces.do(write('0'), { ...write('0'), at: 1 }, write('1'))
    expect(await addon().readSysctl(here(), path)).toBe('1')
    expect(await addon().readSysctl(here(1), path)).toBe('0')
    expect(readFileSync(`/proc/sys/${path}`, 'utf8')).toBe(own)
  })

  it('follows the links of the namespace', async () => {
    const knob = 'net/ipv4/conf/br0.1/forwarding'
    expect(await addon().readSysctl(here(), knob)).toBeNull()
    await spaces.do({ op: 'link.add', name: 'br0.1', kind: 'bridge' }, { op: 'sysctl', path: knob, value: '1' })
    expect(await addon().readSysctl(here(), knob)).toBe('1')
  })

  it('is refused in the errno of the file', async () => {
    expect((await spaces.apply(write('much'))).refusal).toMatchObject({ errno: -22, request: 'sysctl' })
    const missing: Op = { op: 'sysctl', path: 'net/ipv4/conf/no/forwarding', value: '1' }
    expect((await spaces.apply(missing)).refusal).toMatchObject({ errno: ENOENT, request: 'sysctl' })
    await expect(addon().readSysctl(here(), 'net/ipv4')).rejects.toMatchObject({ errno: -21 })
  })
})

describe('nft', () => {
  const table = { family: 'inet', name: 'lab' }
  const map = { ...table, table: 'lab', name: 'ports', type: 'inet_service', map: 'verdict' }
  const make: Op = {
    op: 'nft',
    commands: [{ add: { table } }, { add: { map } }, { add: { element: { ...map, elem: [[80, { accept: null }]] } } }],
  }

  it('is one transaction, and can be listed', async () => {
    await spaces.do(make)
    const text = (await addon().listNftTable(here(), 'inet', 'lab')) ?? ''
    const [listed] = JSON.parse(text).nftables.flatMap((entry: { map?: unknown }) => entry.map ?? [])
    expect(listed).toMatchObject({ name: 'ports', elem: [[80, { accept: null }]] })
    expect(spaces.look(0, 'nft', '-j', 'list', 'tables').nftables).toContainEqual({ table: expect.objectContaining(table) })
    expect(spaces.look(1, 'nft', '-j', 'list', 'tables').nftables).toHaveLength(1)
  })

  it('does all or nothing', async () => {
    const half: Op = { op: 'nft', commands: [{ add: { table } }, { delete: { table: { family: 'inet', name: 'no' } } }] }
    expect((await spaces.apply(half)).refusal).toEqual({
      op: 0,
      errno: ENOENT,
      message: '',
      attribute: 'NFTA_TABLE_NAME',
      request: 'nft',
      command: 1,
    })
    expect(await addon().listNftTable(here(), 'inet', 'lab')).toBeNull()
  })

  it('is refused in the words of libnftables', async () => {
    const { refusal } = await spaces.apply({ op: 'nft', commands: [{ add: { tabel: table } }] })
    expect(refusal).toMatchObject({ errno: -22, message: expect.stringMatching(/^Unknown object passed to add command/) })
    await spaces.do(make)
    expect((await spaces.apply({ op: 'nft', commands: [{ create: { table } }] })).refusal).toMatchObject({ errno: -17 })
  })

  it('knows links that came after its first use', async () => {
    await spaces.do(make, { op: 'link.add', name: 'late0', kind: 'bridge' })
    const chain = { family: 'inet', table: 'lab', name: 'in', type: 'filter', hook: 'input', prio: 0, policy: 'accept' }
    const match = { match: { op: '==', left: { meta: { key: 'iif' } }, right: 'late0' } }
    await spaces.do({ op: 'nft', commands: [{ add: { chain } }, { add: { rule: { ...chain, chain: 'in', expr: [match] } } }] })
    expect(await addon().listNftTable(here(), 'inet', 'lab')).toContain('late0')
  })
})

describe('netns', () => {
  const inodeOf = (path: string): bigint => statSync(path, { bigint: true }).ino

  it('is made, found by its path, and like no other', async () => {
    const [a = 0n, b = 0n] = await Promise.all(spaces.netns.map((netns) => addon().inode(netns)))
    expect([inodeOf(spaces.paths[0]), inodeOf(spaces.paths[1])]).toEqual([a, b])
    expect(a).not.toBe(b)
    const current = Netns.current()
    expect(readlinkSync('/proc/self/ns/net')).toBe(`net:[${await addon().inode(current)}]`)
    current.close()
  })

  it('is refused where something is, and leaves it there', async () => {
    const file = join(spaces.folder, 'file')
    writeFileSync(file, 'mine')
    const [taken, missing] = [Netns.at(file), Netns.at(join(spaces.folder, 'no', 'such'))]
    const refusal = async (netns: Netns, op: 'netns.add' | 'netns.del') => (await addon().apply([netns], [{ op }], 1)).refusal
    expect(await refusal(taken, 'netns.add')).toMatchObject({ errno: -17, request: 'netns' })
    expect(await refusal(missing, 'netns.add')).toMatchObject({ errno: ENOENT, request: 'netns' })
    expect(await refusal(taken, 'netns.del')).toMatchObject({ errno: -22, request: 'netns' })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    taken.close()
    missing.close()
  })

  it('is not entered where none is', async () => {
    const file = join(spaces.folder, 'file')
    writeFileSync(file, '')
    const nowhere = Netns.at(file)
    const { refusal } = await addon().apply([nowhere], [{ op: 'link.del', link: 'x' }], 1)
    expect(refusal).toMatchObject({ errno: -22, request: 'open' })
    await expect(addon().inode(nowhere)).rejects.toMatchObject({ errno: -22, message: 'Invalid argument' })
    // An empty file is what a netns.add that was killed half-way leaves: netns.del clears it away.
    expect((await addon().apply([nowhere], [{ op: 'netns.del' }], 1)).refusal).toBeNull()
    expect(existsSync(file)).toBe(false)
    nowhere.close()
  })

  it('is deleted once, and can then be made anew', async () => {
    const before = await addon().inode(here())
    await spaces.do({ op: 'link.add', name: 'br0', kind: 'bridge' }, { op: 'netns.del' })
    expect(existsSync(spaces.paths[0])).toBe(false)
    expect((await spaces.apply({ op: 'netns.del' })).refusal).toMatchObject({ errno: ENOENT, request: 'netns' })
    expect((await spaces.apply({ op: 'link.del', link: 'br0' })).refusal).toMatchObject({ errno: ENOENT, request: 'open' })
    await spaces.do({ op: 'netns.add' })
    expect(spaces.link(0, 'br0')).toBeUndefined()
    expect(await addon().inode(here())).toBe(inodeOf(spaces.paths[0]))
    expect(before).toBeGreaterThan(0n)
  })

  it('lives on with a process that is in it, and is not unmounted through /proc', async () => {
    await using inside = await start([process.execPath, '-e', 'console.log(1); setInterval(() => {}, 1000)'], { netns: spaces.paths[1] })
    const through = Netns.at(`/proc/${inside.child.pid}/ns/net`)
    expect((await addon().apply([through], [{ op: 'netns.del' }], 1)).refusal).toMatchObject({ errno: -22 })
    const inode = await addon().inode(here(1))
    await spaces.do({ op: 'netns.del', at: 1 })
    expect(await addon().inode(through)).toBe(inode)
    through.close()
  })
})

describe('tables', () => {
  it('have a row for each, however many datagrams they fill', async () => {
    const count = 100
    const names = Array.from({ length: count }, (_, n) => `br${n}`)
    const { ifindex } = await spaces.do(...names.map((name): Op => ({ op: 'link.add', name, kind: 'bridge', group: 9 })))
    const links = await addon().dump(here(), 'link', 1)
    expect(links.length).toBe(count + 1)
    expect(links.names.split('\n').sort()).toEqual(['lo', ...names].sort())
    expect(links.kinds.split('\n').filter((kind) => kind === 'bridge')).toHaveLength(count)
    expect([...links.index].sort((a, b) => a - b)).toEqual([1, ...ifindex])
    expect(links.group.every((group, row) => group === (links.index[row] === 1 ? 0 : 9))).toBe(true)
  })

  it('are whole, or refused, while another process changes them', async () => {
    const address = (n: number): Op => ({ op: 'addr.add', link: 'br0', address: Uint8Array.of(10, 1, n >> 8, n & 255), prefix: 32 })
    const count = 1000
    await spaces.do({ op: 'link.add', name: 'br0', kind: 'bridge' }, ...Array.from({ length: count }, (_, n) => address(n)))
    await using _ = await start([process.execPath, '-e', FLICKER, LOADER, spaces.paths[0]])
    for (let n = 0; n < 30; n++) {
      const table = await addon().dump(here(), 'address', 1)
      if (table.refusal) expect(table).toMatchObject({ length: 0, refusal: { errno: -4, message: 'the table changed while it was read' } })
      else expect([count, count + 1]).toContain(table.length)
    }
  })

  it('tell of the first next hop where a route has several', async () => {
    const ops: Op[] = [1, 2].flatMap((n): Op[] => [
      { op: 'link.add', name: `br${n}`, kind: 'bridge', up: true },
      { op: 'addr.add', link: `br${n}`, address: Uint8Array.of(10, n, 0, 1), prefix: 24 },
    ])
    const { ifindex } = await spaces.do(...ops)
    const hops = ['nexthop', 'via', '10.1.0.9', 'dev', 'br1', 'nexthop', 'via', '10.2.0.9', 'dev', 'br2']
    must(['ip', 'route', 'add', '10.9.0.0/16', ...hops], { netns: spaces.paths[0] })
    const routes = await addon().dump(here(), 'route', 1)
    const row = routes.prefix.indexOf(16)
    expect(routes.link[row]).toBe(ifindex[0])
    expect([...routes.via.subarray(16 * row, 16 * row + 4)]).toEqual([10, 1, 0, 9])
  })

  it('are refused where there is no namespace', async () => {
    const nowhere = Netns.at(join(spaces.folder, 'no'))
    const table = await addon().dump(nowhere, 'route', 1)
    expect(table).toMatchObject({ length: 0, refusal: { errno: ENOENT, request: 'open' } })
    nowhere.close()
  })
})
