import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clean, collect, end as endAt } from '../support/program.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

/** A program that has more work than it will wait for. */
const end = (stage: string, options: readonly string[] = []) => endAt(spaces.paths[0], stage, options)

/** Every kind of job, each again as soon as its result is there. */
const everything = `
    let jobs = 1
    const behind = addon.Netns.behind(netns.path)
    const again = (ask) => ask().then(() => again(ask))
    const kinds = [() => addon.dump(netns, 'link', jobs++), () => addon.dump(netns, 'route', jobs++), () => addon.inode(netns),
      () => addon.readSysctl(netns, 'net/ipv4/ip_forward'), () => addon.listNftTable(netns, 'inet', 'none'),
      ...[netns, behind].map((place) => () =>
        addon.apply([place], [{ op: 'link.set', link: 'lo', up: true }, { op: 'link.del', link: 'none' }], jobs++))]
    for (const kind of [...kinds, ...kinds]) again(kind)`

describe('a process ends', () => {
  it.each(['process.exit()', 'setImmediate(process.exit)', 'setTimeout(process.exit, 1)', 'setTimeout(process.exit, 10)'])(
    'by %s with jobs of every kind in flight',
    (exit) => {
      expect(end(`const netns = at(); ${everything}; ${exit}`)).toEqual(clean)
    },
  )

  it.each([
    ['when the addon was only loaded', ''],
    ['with a handle that was never used', 'globalThis.netns = at()'],
    ['with an open handle', 'globalThis.netns = at(); addon.inode(netns)'],
    ['with a handle to its own namespace', 'globalThis.netns = addon.Netns.current()'],
    ['after closing', 'const netns = at(); addon.apply([netns], [nft], 1).then(() => netns.close())'],
    ['by exit() with an open nftables context', 'const netns = at(); addon.apply([netns], [nft], 1).then(() => process.exit())'],
    ['by exit() while a job runs', 'addon.apply([at()], bridges, 1); setTimeout(() => process.exit(), 20)'],
    ['by exit() while jobs wait', 'for (let n = 0; n < 9; n++) addon.apply([at()], [nft, bridge(n)], n); process.exit()'],
    ['by exit() from a result', 'addon.apply([at()], [nft], 1).then(() => process.exit()); addon.apply([at()], bridges, 2)'],
    ['by exit() from an exit listener', "process.on('exit', () => { addon.apply([at()], bridges, 1) })"],
  ])('%s', (_, stage) => {
    expect(end(stage)).toEqual(clean)
  })

  it('of itself only when its jobs are done', () => {
    const stage = 'addon.apply([at()], [nft, ...bridges.slice(0, 20)], 1).then(({ done }) => console.log(done))'
    expect(end(stage)).toEqual({ ...clean, stdout: '21\n' })
  })

  it('by an error while a job runs', () => {
    const { status, signal, stderr } = end("addon.apply([at()], bridges, 1); setTimeout(() => { throw new Error('mine') }, 10)")
    expect({ status, signal }).toEqual({ status: 1, signal: null })
    expect(stderr).toContain('Error: mine')
  })
})

describe('a worker ends', () => {
  it('when it is terminated in the middle of a job, between two steps', () => {
    const busy = `const ops = Array.from({ length: 2000 }, (_, n) => bridge(n))
      addon.apply([at()], ops, 1)
      setTimeout(() => parentPort.postMessage('busy'), 20)`
    const program = `terminated(${JSON.stringify(busy)}).then(async () => {
      const netns = at()
      const { length } = await addon.dump(netns, 'link', 1)
      console.log(length > 1 && length < 2001)
      netns.close()
    })`
    expect(end(program)).toEqual({ ...clean, stdout: 'true\n' })
  })

  it('sixty times at any moment, with jobs of every kind in flight', () => {
    const busy = `const netns = at(); ${everything}
      setTimeout(() => parentPort.postMessage('busy'), Math.random() * 5)`
    const program = `const once = () => terminated(${JSON.stringify(busy)})
      ;(async () => {
        for (let n = 0; n < 20; n++) await Promise.all([once(), once(), once()])
        console.log('alive')
      })()`
    expect(end(program)).toEqual({ ...clean, stdout: 'alive\n' })
  })

  it('while another one and the main thread go on', () => {
    const one = (name: string) => `const netns = at()
      const table = { op: 'nft', commands: [{ add: { table: { family: 'inet', name: '${name}' } } }] }
      addon.apply([netns], [bridge('${name}'), table], 1).then(({ done }) => { netns.close(); parentPort.postMessage(done) })`
    const program = `
      const ends = ${JSON.stringify([one('w1'), one('w2')])}.map((code) => new Promise((resolve) => start(code).on('message', resolve)))
      ends.push(addon.apply([at()], [bridge(0), nft], 1).then(({ done }) => done))
      Promise.all(ends).then((done) => console.log(done.join()))`
    expect(end(program)).toEqual({ ...clean, stdout: '2,2,2\n' })
    const tables = spaces.look(0, 'nft', '-j', 'list', 'tables').nftables.flatMap(({ table }: any) => table?.name ?? [])
    expect(tables.sort()).toEqual(['lab', 'w1', 'w2'])
  })
})

describe('a handle is collected', () => {
  const warned = "process.on('warning', ({ code, message }) => console.log(code, message));"

  it('with a warning when it was open', () => {
    const { stdout } = end(`${collect}${warned}(async () => { await addon.inode(at()); await wait() })()`, ['--expose-gc', '--no-warnings'])
    expect(stdout).toBe(`CNM_WARN_COLLECTED A Netns was collected while open; close it: ${spaces.paths[0]}\n`)
  })

  it('only after the jobs that it was used for', () => {
    const stage = `${collect}(async () => {
      const running = bridges.map((op, n) => addon.apply([at()], [op], n))
      await wait()
      console.log((await Promise.all(running)).every(({ done }) => done === 1))
    })()`
    expect(end(stage, ['--expose-gc', '--no-warnings'])).toEqual({ ...clean, stdout: 'true\n' })
  })

  it('in silence when it was closed, or had nothing to close', () => {
    const stage = `${collect}${warned}(async () => { const netns = at(); await addon.inode(netns); netns.close(); at(); await wait() })()`
    expect(end(stage, ['--expose-gc'])).toEqual(clean)
  })
})
