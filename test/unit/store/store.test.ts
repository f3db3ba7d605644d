import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { open } from 'lmdb'
import { describe, expect, it } from 'vitest'
import * as descriptor from '../../../lib/netlink/descriptor.ts'
import { openStore } from '../../../lib/store/store.ts'
import { directories, endpoint, network, opened, rejection, sandbox } from './fixture.ts'

describe('records', () => {
  it('are what they were, in the next process too', async () => {
    const where = directories()
    const first = await opened(where)
    first.networks.put(network('a'))
    first.sandboxes.put(sandbox('s'))
    first.endpoints.put(endpoint('e'))
    first.networks.put({ ...network('a'), name: 'renamed' })
    first.networks.put(network('b'))
    first.networks.delete('b')
    first.networks.delete('never there')
    const { owner: _, ...lasting } = sandbox('t')
    first.sandboxes.put(lasting)
    const all = (store: typeof first) => [store.networks.list(), store.sandboxes.list(), store.endpoints.list()]
    const before = all(first)
    await first.close()

    const second = await opened(where)
    expect(before).toEqual([[{ ...network('a'), name: 'renamed' }], [sandbox('s'), lasting], [endpoint('e')]])
    expect(all(second)).toEqual(before)
    expect(second.networks.get('a')?.name).toBe('renamed')
    expect(second.networks.get('b')).toBeUndefined()
  })

  it('keep a label whatever it is called', async () => {
    const where = directories()
    const labels = JSON.parse('{ "__proto__": "x", "constructor": "y", "": "z" }')
    const first = await opened(where)
    first.networks.put({ ...network('a'), labels })
    first.cluster.put('nested', [{ __proto__: null, labels, bytes: Uint8Array.of(1) }])
    await first.close()
    const second = await opened(where)
    expect(JSON.stringify(second.networks.get('a')?.labels)).toBe(JSON.stringify(labels))
    expect(JSON.stringify(second.cluster.get('nested'))).toContain('"__proto__":"x"')
  })

  it('of the run directory end with it, definitions do not', async () => {
    const { root, run } = directories()
    const first = await opened({ root, run })
    first.networks.put(network('a'))
    first.sandboxes.put(sandbox('s'))
    await first.close()

    const second = await opened({ root, run: `${run}-after-boot` })
    expect(second.networks.list()).toEqual([network('a')])
    expect(second.sandboxes.list()).toEqual([])
  })

  it('of the run directory end with the boot, where it is on a disk too', async () => {
    const { root, run } = directories()
    const first = await opened({ root, run })
    first.networks.put(network('a'))
    first.sandboxes.put(sandbox('s'))
    await first.close()
    mkdirSync(join(run, 'netns'))
    writeFileSync(join(run, 'netns', 's'), '')
    writeFileSync(join(run, 'boot'), '00000000-0000-4000-8000-000000000000\n')
    // It was never synced.
    truncateSync(join(run, 'live.mdb'), 5_000)

    const second = await opened({ root, run })
    expect([second.networks.list(), second.sandboxes.list()]).toEqual([[network('a')], []])
    expect(readdirSync(run).sort()).toEqual(['boot', 'live.mdb', 'live.mdb-lock', 'live.mdb-reserve', 'lock'])
    second.sandboxes.put(sandbox('t'))
    await second.close()
    const third = await opened({ root, run })
    expect(third.sandboxes.list()).toEqual([sandbox('t')])
  })

  it('end with the boot, and definitions do not, where both directories are one', async () => {
    const { root } = directories()
    const first = await opened({ root, run: root })
    first.networks.put(network('a'))
    first.sandboxes.put(sandbox('s'))
    await first.close()
    writeFileSync(join(root, 'boot'), 'another')

    const second = await opened({ root, run: root })
    expect([second.networks.list(), second.sandboxes.list()]).toEqual([[network('a')], []])
  })

  it('are in directories and files that are nobody else’s to read', async () => {
    const where = directories()
    await opened(where)
    expect([where.root, where.run].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700])
    expect(statSync(join(where.root, 'networks.mdb')).mode & 0o777).toBe(0o600)
  })
})

describe('marks', () => {
  it('hold any JSON, and are listed by the beginning of their key', async () => {
    const where = directories()
    const first = await opened(where)
    first.marks.put('raised/a', { walled: true })
    first.marks.put('raised/b', null)
    first.marks.put('forwarding', { 'net/ipv4/conf/eth0/forwarding': '0' })
    await first.close()

    const { marks } = await opened(where)
    expect(marks.list('raised/')).toEqual([
      { key: 'raised/a', value: { walled: true } },
      { key: 'raised/b', value: null },
    ])
    expect(marks.list().map(({ key }) => key)).toEqual(['forwarding', 'raised/a', 'raised/b'])
    marks.delete('raised/a')
    expect([marks.get('raised/a'), marks.get('raised/b'), marks.get('raised')]).toEqual([undefined, null, undefined])
  })
})

describe('journal', () => {
  it('keeps plans in order, with their bytes as plain Uint8Arrays', async () => {
    const where = directories()
    const first = await opened(where)
    const plan = [
      { op: 'addr.add', link: 'eth0', address: Uint8Array.of(10, 0, 0, 255), prefix: 24 },
      { op: 'link.add', name: 'v', kind: 'veth', peer: { name: 'w', at: 1, mac: Buffer.from([2, 0, 0, 0, 0, 1]) } },
      { op: 'nft', commands: [{ add: { table: { family: 'inet', name: 'cnm' } } }] },
      { op: 'route.add', to: new Uint8Array(0), prefix: 0 },
    ] as const
    const keys = Array.from({ length: 12 }, () => first.journal.add({ plan, sandbox: '/run/x' }))
    first.journal.delete(keys[3] ?? '')
    await first.close()

    const { journal } = await opened(where)
    expect(journal.list().map(({ key }) => key)).toEqual(keys.filter((_, i) => i !== 3))
    const { value } = journal.list()[0] ?? { value: undefined }
    expect(value?.sandbox).toBe('/run/x')
    const [addr, link] = value?.plan ?? []
    expect(addr).toEqual(plan[0])
    expect(addr?.op === 'addr.add' && addr.address.constructor).toBe(Uint8Array)
    expect(addr?.op === 'addr.add' && addr.address.buffer.byteLength).toBe(4)
    expect(link?.op === 'link.add' && link.kind === 'veth' && [...(link.peer?.mac ?? [])]).toEqual([2, 0, 0, 0, 0, 1])
    expect(value?.plan.slice(2)).toEqual(plan.slice(2))
    expect(keys).not.toContain(journal.add({ plan: [] }))
  })
})

describe('transact', () => {
  it('keeps all or nothing, over both directories, and forgets what it remembered', async () => {
    const where = directories()
    const store = await opened(where)
    store.networks.put(network('a'))
    store.endpoints.put(endpoint('e'))
    const no = () =>
      store.transact(() => {
        store.networks.put(network('b'))
        store.networks.delete('a')
        store.endpoints.delete('e')
        store.journal.add({ plan: [] })
        throw new Error('no')
      })
    expect(no).toThrow('no')
    const state = (of: typeof store) => [of.networks.list().map(({ id }) => id), of.endpoints.list().length, of.journal.list().length]
    expect(state(store)).toEqual([['a'], 1, 0])

    const answer = store.transact(() => {
      store.networks.put(network('b'))
      store.transact(() => store.endpoints.delete('e'))
      store.networks.delete('a')
      expect(state(store)).toEqual([['a', 'b'], 0, 0])
      return store.journal.add({ plan: [] })
    })
    expect(store.journal.list()[0]?.key).toBe(answer)
    expect(state(store)).toEqual([['b'], 0, 1])
    await store.close()
    expect(state(await opened(where))).toEqual([['b'], 0, 1])
  })
})

/** Where LMDB's first two pages, which take turns, have the number of the last one. */
const LAST_PAGE = [144, 4_096 + 144]

const tamper = async (path: string, change: (file: ReturnType<typeof open<string, string>>) => void) => {
  const file = open<string, string>({ path, noSubdir: true, encoding: 'string' })
  change(file)
  await file.close()
}

it('what could not be read again is not written', async () => {
  const where = directories()
  const store = await opened(where)
  store.endpoints.put(endpoint('e'))
  const error = await rejection((async () => store.endpoints.put({ ...endpoint('e'), gwPriority: 0.5 }))())
  expect(error).toMatchObject({
    code: 'RECORD_INVALID',
    message: expect.stringMatching(/ endpoints: gwPriority should be a whole number$/),
  })
  await store.close()
  expect((await opened(where)).endpoints.list()).toEqual([endpoint('e')])
})

describe('a broken state', () => {
  it.each([
    ['networks/a', '{"id"', /in JSON/],
    ['networks/a', '{}', /^id should be text$/],
    ['networks/a', '[]', /^it should be an object$/],
    [
      'networks/a',
      JSON.stringify({ ...network('a'), pools: [{ ...network('a').pools[0], family: 5 }] }),
      /^pools\[0\]\.family should be one of 4, 6$/,
    ],
    ['networks/a', JSON.stringify({ ...network('a'), labels: { x: 1 } }), /^labels\.x should be text$/],
    ['networks/a', JSON.stringify({ ...network('a'), internal: 'no' }), /^internal should be true or false$/],
  ])('names the record %s = %s and what is wrong', async (key, value, reason) => {
    const where = directories()
    await (await opened(where)).close()
    const path = join(where.root, 'networks.mdb')
    await tamper(path, (file) => file.putSync(key, value))
    const store = await opened(where)
    const error = await rejection((async () => store.networks.list())())
    expect(error.code).toBe('STATE_BROKEN')
    expect(error.message.replace(`the record ${key} in ${path} is not valid: `, '')).toMatch(reason)
  })

  it('was written by a newer cnm', async () => {
    const where = directories()
    await (await opened(where)).close()
    await tamper(join(where.root, 'networks.mdb'), (file) => file.putSync('format', '2'))
    const error = await rejection(opened(where))
    expect(error).toMatchObject({ code: 'STATE_VERSION', remedy: 'use the newer cnm' })
    expect(error.message).toContain('networks.mdb was written by a newer version of cnm (format 2, this one knows 1)')
  })

  it.each([
    ['what nobody wrote', (file: ReturnType<typeof open<string, string>>) => file.removeSync('format'), 'it is missing'],
    ['nonsense', (file: ReturnType<typeof open<string, string>>) => file.putSync('format', 'x'), 'it should be a whole number, it is x'],
  ])('has as its format %s', async (_, change, reason) => {
    const where = directories()
    const store = await opened(where)
    store.networks.put(network('a'))
    await store.close()
    await tamper(join(where.root, 'networks.mdb'), change)
    const error = await rejection(opened(where))
    expect(error.code).toBe('STATE_BROKEN')
    expect(error.message).toContain(`the record format in`)
    expect(error.message).toContain(reason)
    await tamper(join(where.root, 'networks.mdb'), (file) => file.putSync('format', '1'))
    expect((await opened(where)).networks.list()).toEqual([network('a')])
  })

  // LMDB itself ends the process with a segmentation fault here.
  it.each(['hello', 'hello world '.repeat(2_000)])('is no LMDB file at all', async (content) => {
    const where = directories()
    mkdirSync(where.root, { recursive: true })
    writeFileSync(join(where.root, 'networks.mdb'), content)
    expect(await rejection(opened(where))).toMatchObject({ code: 'STATE_BROKEN' })
    expect(readFileSync(join(where.root, 'networks.mdb'), 'utf8')).toBe(content)
  })
})

describe('a file that was cut off', () => {
  it('is refused as a whole', async () => {
    const where = directories()
    await (await opened(where)).close()
    truncateSync(join(where.root, 'networks.mdb'), 4_096)
    expect(await rejection(opened(where))).toMatchObject({ code: 'STATE_BROKEN' })
  })

  // LMDB itself ends the process with a bus error here.
  it('anywhere is refused, and read where nothing is missing', async () => {
    const where = directories()
    const path = join(where.root, 'networks.mdb')
    const store = await opened(where)
    const long = { ...network('long'), labels: { story: 'x'.repeat(20_000) } }
    for (let n = 0; n < 60; n++) store.networks.put({ ...network(`n${n}`), labels: { story: 'y'.repeat(n * 40) } })
    store.networks.put(long)
    for (let n = 0; n < 60; n += 3) store.networks.delete(`n${n}`)
    const said = ({ id, labels }: ReturnType<typeof network>) => `${id} ${labels['story']?.length}`
    const all = new Set(store.networks.list().map(said))
    await store.close()
    const whole = readFileSync(path)
    const read: boolean[] = []
    for (let size = 8_192; size <= whole.length; size += 4_096) {
      writeFileSync(path, whole.subarray(0, size))
      const outcome = await openStore({ descriptor, wait: 0, ...where }).catch((error) => error)
      read.push('close' in outcome)
      if (!('close' in outcome)) {
        expect(outcome).toMatchObject({ code: 'STATE_BROKEN', message: expect.stringContaining(`it was cut off at ${size} bytes`) })
        continue
      }
      expect(new Set(outcome.networks.list().map(said))).toEqual(all)
      await outcome.close()
    }
    expect(read.at(-1)).toBe(true)
    expect(read.filter((whole) => !whole).length).toBeGreaterThan(20)
  })

  it('by nobody, but shorter than it says, is read', async () => {
    const where = directories()
    const path = join(where.root, 'networks.mdb')
    const store = await opened(where)
    store.networks.put(network('stays'))
    await store.close()
    // LMDB never writes what one transaction has made and taken away again.
    await tamper(path, (file) => {
      const keys = Array.from({ length: 500 }, (_, n) => `other/${n}`)
      // Free pages, so that it need not write behind those.
      for (const size of [50_000, 90_000, 1]) file.putSync('other/0', 'x'.repeat(size))
      file.transactionSync(() => {
        for (const key of keys) file.putSync(key, 'x'.repeat(500))
        for (const key of keys) file.removeSync(key)
      })
    })
    const whole = readFileSync(path)
    expect((Math.max(...LAST_PAGE.map((at) => Number(whole.readBigUInt64LE(at)))) + 1) * 4_096).toBeGreaterThan(whole.length)
    expect((await opened(where)).networks.list()).toEqual([network('stays')])
  })
})

describe('a file that somebody', () => {
  it('wrote something else into is named', async () => {
    const where = directories()
    const path = join(where.root, 'networks.mdb')
    const store = await opened(where)
    for (let n = 0; n < 20; n++) store.networks.put(network(`n${n}`))
    await store.close()
    const whole = readFileSync(path)
    writeFileSync(path, whole.fill(0, 8_192))
    expect(await rejection(opened(where))).toMatchObject({
      code: 'STATE_BROKEN',
      message: `the record tree in ${path} is not valid: MDB_CORRUPTED: Located page was wrong type`,
    })
  })

  it.each(['root', 'run'] as const)(
    'took away, of the %s directory, with the directory or without, is not written any more',
    async (which) => {
      for (const take of [(path: string) => rmSync(path), (path: string) => rmSync(dirname(path), { recursive: true })]) {
        const where = directories()
        const path = join(where[which], which === 'root' ? 'networks.mdb' : 'live.mdb')
        const store = await opened(where)
        store.networks.put(network('a'))
        take(path)
        const put = () => (which === 'root' ? store.networks.put(network('b')) : store.sandboxes.put(sandbox('b')))
        for (const write of [put, () => store.transact(put), () => store.checkThere()])
          expect(write).toThrow(`${path} was removed, or another file is in its place: nothing can be recorded any more`)
        expect([store.networks.list().length, store.sandboxes.list().length]).toEqual([1, 0])
      }
    },
  )
})

describe('a directory that cannot be written', () => {
  it('is named, with the reason and the way out', async () => {
    const where = directories()
    mkdirSync(dirname(where.root), { recursive: true })
    writeFileSync(where.root, 'in the way')
    expect(await rejection(opened(where))).toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: `cannot write the state in ${where.root}: EEXIST: file already exists`,
      remedy: 'run as root and where there is room, or give another --root and --run',
    })
    expect(await rejection(opened({ root: '/proc/cnm', run: where.run }))).toMatchObject({ code: 'STATE_UNWRITABLE' })
  })

  /** A tmpfs of its own, in a mount namespace of its own, with `size` bytes; 0 is no limit. */
  const onTmpfs = (size: string, script: string) => {
    const { root, run } = directories()
    mkdirSync(root, { recursive: true })
    const mounted = `mount -t tmpfs -o size=${size} none "$0" && exec "$@"`
    const argv = ['-m', 'sh', '-c', mounted, root, process.execPath, join(import.meta.dirname, script), root, run]
    return spawnSync('unshare', argv, { encoding: 'utf8' })
  }

  // LMDB itself would end the process here, and below.
  it('has no room for a new file', () => {
    expect(onTmpfs('8k', 'holder.mjs').stdout).toMatch(
      /^STATE_UNWRITABLE: cannot write the state in .*: ENOSPC: no space left on device\n$/,
    )
  })

  it('is not one whose file system has no limit', () => {
    expect(onTmpfs('0', 'closer.mjs').stdout).toBe('closed\n')
  })

  it('fills up, and what is there stays readable', () => {
    expect(onTmpfs('1m', 'filler.mjs').stdout).toMatch(
      /^STATE_UNWRITABLE: cannot write the state in .*networks\.mdb: ENOSPC: no space left on device\nintact\n$/,
    )
  })
})
