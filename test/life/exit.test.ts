import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Spaces } from '../support/spaces.ts'

const LOADER = fileURLToPath(new URL('../../native/load.cjs', import.meta.url))
let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

/** A program with the addon, a namespace handle `netns` and more work than it will wait for; it ends as `stage` says. */
function end(stage: string, options: readonly string[] = []) {
  const program = `
    const addon = require(${JSON.stringify(LOADER)})
    const bridge = (n) => ({ op: 'link.add', name: 'br' + n, kind: 'bridge' })
    const bridges = Array.from({ length: 200 }, (_, n) => bridge(n))
    const nft = { op: 'nft', commands: [{ add: { table: { family: 'inet', name: 'lab' } } }] }
    const at = () => addon.Netns.at(${JSON.stringify(spaces.paths[0])})
    ${stage}`
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...options, '-e', program], { encoding: 'utf8', timeout: 20_000 })
  return { status, signal, stdout, stderr }
}
const clean = { status: 0, signal: null, stdout: '', stderr: '' }

/** Every kind of job, each again as soon as its result is there. */
const everything = `
    let jobs = 1
    const again = (ask) => ask().then(() => again(ask))
    const kinds = [() => addon.dump(netns, 'link', jobs++), () => addon.dump(netns, 'route', jobs++), () => addon.inode(netns),
      () => addon.readSysctl(netns, 'net/ipv4/ip_forward'), () => addon.listNftTable(netns, 'inet', 'none'),
      () => addon.apply([netns], [{ op: 'link.set', link: 'lo', up: true }, { op: 'link.del', link: 'none' }], jobs++)]
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
  const worker = (body: string) => `
    const { Worker } = require('node:worker_threads')
    const source = ${JSON.stringify(`const { parentPort } = require('node:worker_threads'); const addon = require(${JSON.stringify(LOADER)});`)}
    const start = (code) => new Worker(source + code, { eval: true })
    const path = ${JSON.stringify(spaces.paths[0])}
    ${body}`
  const busy = `const netns = addon.Netns.at(\${JSON.stringify(path)})
    const ops = Array.from({ length: 2000 }, (_, n) => ({ op: 'link.add', name: 'br' + n, kind: 'bridge' }))
    addon.apply([netns], ops, 1)
    setTimeout(() => parentPort.postMessage('busy'), 20)`

  it('when it is terminated in the middle of a job, between two steps', () => {
    const program = worker(`
      const busy = start(\`${busy}\`)
      busy.on('message', () => busy.terminate().then(async () => {
        const netns = at()
        const { length } = await addon.dump(netns, 'link', 1)
        console.log(length > 1 && length < 2001)
        netns.close()
      }))`)
    expect(end(program)).toEqual({ ...clean, stdout: 'true\n' })
  })

  it('sixty times at any moment, with jobs of every kind in flight', () => {
    const endless = `const netns = addon.Netns.at(\${JSON.stringify(path)}); ${everything}
      setTimeout(() => parentPort.postMessage('busy'), Math.random() * 5)`
    const program = worker(`
      const once = () => new Promise((resolve) => {
        const running = start(\`${endless}\`).on('message', () => running.terminate().then(resolve))
      })
      ;(async () => {
        for (let n = 0; n < 20; n++) await Promise.all([once(), once(), once()])
        console.log('alive')
      })()`)
    expect(end(program)).toEqual({ ...clean, stdout: 'alive\n' })
  })

  it('while another one and the main thread go on', () => {
    const one = (n: number) => `const netns = addon.Netns.at(\${JSON.stringify(path)})
      addon.apply([netns], [{ op: 'link.add', name: 'w${n}', kind: 'bridge' }, ${JSON.stringify({
        op: 'nft',
        commands: [{ add: { table: { family: 'inet', name: `w${n}` } } }],
      })}], 1).then(({ done }) => { netns.close(); parentPort.postMessage(done) })`
    const program = worker(`
      const ends = [\`${one(1)}\`, \`${one(2)}\`].map((code) => new Promise((resolve) => start(code).on('message', resolve)))
      ends.push(addon.apply([at()], [bridge(0), nft], 1).then(({ done }) => done))
      Promise.all(ends).then((done) => console.log(done.join()))`)
    expect(end(program)).toEqual({ ...clean, stdout: '2,2,2\n' })
    const tables = spaces.look(0, 'nft', '-j', 'list', 'tables').nftables.flatMap(({ table }: any) => table?.name ?? [])
    expect(tables.sort()).toEqual(['lab', 'w1', 'w2'])
  })
})

describe('a handle is collected', () => {
  const collect = 'const wait = async () => { for (let n = 0; n < 5; n++) { gc(); await new Promise((r) => setTimeout(r, 5)) } }\n'
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
